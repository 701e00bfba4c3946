"""Draws a release's life as a PNG, in a process of its own: the library would double the bot's memory."""
