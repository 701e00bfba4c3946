"""Numbers that others keep: Prometheus."""
