"""Telling somebody, in a message of their own, that their lock ends. Talks to Slack (chat.postMessage to a person)."""

from slack_sdk.web.async_client import AsyncWebClient

from bot.ports import Silent
from bot.slack import answers, consent_words
from bot.slack.client import Failed, call
from bot.slack.markup import at, code, quote
from strategies.locks import Lock


async def remind(client: AsyncWebClient, lock: Lock) -> None:
    """Only people of Slack can be reminded here. Raises Silent where Slack does not take it now."""
    if lock.by.via != "slack":
        return
    where = lock.service if lock.environment == "default" else f"{lock.service} in {lock.environment}"
    again = code(f'/release lock {where} --for 1h --reason "…"')
    text = consent_words.lock_ends(
        quote(lock.where), at(lock.until), quote(lock.reason), again, code(f"/release unlock {where}")
    )
    try:
        await call(client.chat_postMessage(channel=lock.by.id, **answers.sentence(text).content()))
    except Failed as e:
        raise Silent(f"Slack: {e.code}", e.after) from e
