"""The engine: one loop per release, run by the one leader; and the desk, where people's requests arrive."""
