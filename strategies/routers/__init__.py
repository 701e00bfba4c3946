"""How a split is expressed in somebody's objects: one file each, none knows another."""
