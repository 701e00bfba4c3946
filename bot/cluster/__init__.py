"""The cluster adapter: the only place that imports kubernetes. Dicts in, dicts out."""
