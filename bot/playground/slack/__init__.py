"""A strict stand-in for Slack and the people in it, for tests and the playground."""

from bot.playground.slack.delivery import Delivery
from bot.playground.slack.faults import PUBLISHED, UNLIMITED, Fault, Faults, Rate
from bot.playground.slack.limits import Verdict, judge_blocks, judge_message, judge_view
from bot.playground.slack.message import Control, Message
from bot.playground.slack.standin import SlackStandIn
from bot.playground.slack.views import View
from bot.playground.slack.workspace import MANIFEST_SCOPES, Channel, Person, Refused

__all__ = [
    "MANIFEST_SCOPES",
    "PUBLISHED",
    "UNLIMITED",
    "Channel",
    "Control",
    "Delivery",
    "Fault",
    "Faults",
    "Message",
    "Person",
    "Rate",
    "Refused",
    "SlackStandIn",
    "Verdict",
    "View",
    "judge_blocks",
    "judge_message",
    "judge_view",
]
