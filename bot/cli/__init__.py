"""The command line: the same grammar as in Slack, the same desk, and a release followed to its end.

`app` is the entry point and stays light, so that `--help` is fast: everything else is imported when a command runs.
"""
