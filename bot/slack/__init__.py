"""Slack: the conversation about releases. Reads commands and clicks, shows previews, cards and threads.

Meets the rest of the bot only through `bot.ports`: it asks a `Desk` and is a `Surface`.
"""
