"""The one command grammar that Slack and the command line share: words in, `Command` or `Mistake` out.

`parse` reads, `canonical` writes, `usage` explains; all three follow `table`. Nothing here does I/O or
raises on any input. Import from the modules: `usage` alone stays light, so that `--help` is fast.
"""
