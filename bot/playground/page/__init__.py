"""The playground's page: Slack's channel on the left, pods and the live split on the right."""

from bot.playground.page.routes import routes

__all__ = ["routes"]
