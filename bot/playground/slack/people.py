"""What people do in Slack: type commands, mention the app, click, pick, fill in forms, search.

Each act returns at once with its `Delivery`; `await delivery.done()` waits for the acknowledgement or the
error. An act that Slack's client would not offer (a button that is not there) is a `LookupError`.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.playground.slack import payloads
from bot.playground.slack.delivery import Delivery, Kind
from bot.playground.slack.limits import judge_message, judge_options
from bot.playground.slack.message import Control, Message
from bot.playground.slack.payloads import Act
from bot.playground.slack.responses import Responses
from bot.playground.slack.schema import Json
from bot.playground.slack.sockets import Sockets
from bot.playground.slack.views import View, Views
from bot.playground.slack.workspace import BOT_USER, TEAM, Refused, Workspace

UNANSWERED = "We had some trouble connecting. Try again?"


@dataclass(slots=True)
class People:
    """The hands of everybody in the workspace; channel and user default to the first of each."""

    workspace: Workspace
    sockets: Sockets
    views: Views
    responses: Responses

    async def slash(
        self, text: str, *, user: str = "U1", channel: str = "C1", command: str = "/release"
    ) -> Delivery:
        """Types a command; `text` with or without the command's own name in front."""
        words = text.removeprefix(command).strip()
        trigger = self.workspace.issue_trigger(user)
        address = self.responses.issue(user, channel, None)
        payload = payloads.slash(self.workspace, Act(user, channel, trigger, address), command, words)
        delivery = self._delivery("slash_commands", payload, trigger, address)
        delivery.settle = lambda answer: self._answered(answer, user, channel)
        delivery.shown = lambda error: self._complained(error, user, channel)
        words = f'{command} failed with the error "%s"'
        return await self.sockets.deliver(
            delivery, expired=words % "operation_timeout", nobody=words % "dispatch_failed"
        )

    async def click(
        self,
        message: Message,
        action_id: str,
        *,
        user: str = "U1",
        value: str | None = None,
        deny: bool = False,
    ) -> Delivery:
        """Clicks a button, going through its confirm dialog, or out of it with `deny`.

        `value` tells buttons of one action_id apart. A snapshot of a message may be clicked too: that is
        what somebody does whose client has not shown the update yet.
        """
        control = self._offered(message.controls, action_id, value, message.words)
        return await self._use(message, control, user, {}, deny=deny)

    async def pick(
        self, message: Message, action_id: str, option: str, *, user: str = "U1", deny: bool = False
    ) -> Delivery:
        """Picks an option, by its value or label, of a select or overflow menu on a message."""
        control = self._offered(message.controls, action_id, None, message.words)
        more = {"selected_option": _option(control, option)}
        return await self._use(message, control, user, more, deny=deny)

    async def _use(
        self, message: Message, control: Control, user: str, more: Json, *, deny: bool
    ) -> Delivery:
        if not message.seen_by(user):
            raise LookupError(f"{user} does not see this message, only {message.ephemeral_for} does")
        if deny and control.confirm is None:
            raise LookupError(f"{control.label!r} asks nobody, so nobody can say no")
        if deny:
            refused = self._delivery("interactive", {}, None, None)
            refused.confirm, refused.denied = control.confirm, True
            refused.end()
            return refused
        trigger = self.workspace.issue_trigger(user)
        origin = next((one for one in self.workspace.messages if one.ts == message.ts), message)
        address = self.responses.issue(user, message.channel, origin)
        payload = payloads.clicked(
            self.workspace, Act(user, message.channel, trigger, address), message, control, more
        )
        delivery = self._delivery("interactive", payload, trigger, address)
        delivery.confirm = control.confirm
        return await self.sockets.deliver(delivery, expired="⚠ operation_timeout", nobody="⚠ dispatch_failed")

    async def mention(
        self, text: str, *, thread_ts: str | None = None, user: str = "U1", channel: str = "C1"
    ) -> Delivery:
        """Writes a message that mentions the app, in the channel or in a thread."""
        mark = f"<@{BOT_USER}>"
        words = text if mark in text else f"{mark} {text}"
        message = self.workspace.post({"text": words, "thread_ts": thread_ts}, channel=channel, user=user)
        body = {"type": "app_mention", "user": user, "text": words, "ts": message.ts, "channel": channel}
        body |= {"team": TEAM, "event_ts": message.ts, **({"thread_ts": thread_ts} if thread_ts else {})}
        return await self._happened(body)

    async def tell(self, text: str, *, user: str = "U1") -> Delivery:
        """Writes to the app alone, in their direct conversation."""
        channel = self.workspace.direct(user).id
        message = self.workspace.post({"text": text}, channel=channel, user=user)
        body = {"type": "message", "channel_type": "im", "user": user, "text": text, "ts": message.ts}
        return await self._happened(body | {"channel": channel, "team": TEAM, "event_ts": message.ts})

    async def open_home(self, user: str = "U1") -> Delivery:
        """Opens the app's Home tab."""
        home = self.views.homes.get(user)
        body = {"type": "app_home_opened", "user": user, "tab": "home"}
        body |= {"channel": self.workspace.direct(user).id}
        return await self._happened(body | ({"view": home.shown()} if home else {}))

    async def change_group(self, group: str, users: list[str]) -> Delivery:
        """Changes who is in a user group, and tells the app."""
        before = self.workspace.groups.get(group, [])
        self.workspace.groups[group] = users
        added = [user for user in users if user not in before]
        removed = [user for user in before if user not in users]
        body: Json = {"type": "subteam_members_changed", "subteam_id": group, "team_id": TEAM}
        return await self._happened(body | {"added_users": added, "removed_users": removed})

    async def shortcut(self, callback: str, *, user: str = "U1", message: Message | None = None) -> Delivery:
        """Runs a shortcut: a global one, or one on a message."""
        trigger = self.workspace.issue_trigger(user)
        address = self.responses.issue(user, message.channel, message) if message else ""
        payload = payloads.shortcut(self.workspace, Act(user, "", trigger, address), callback, message)
        return await self._interact(payload, trigger)

    async def press(
        self,
        view: View,
        action_id: str,
        *,
        value: str | None = None,
        option: str | None = None,
        filled: Mapping[str, Any] | None = None,
    ) -> Delivery:
        """Uses a control in a modal or Home tab, with what else is `filled` in by then.

        An input tells the app only where its block asks for that.
        """
        control = self._offered(view.controls, action_id, value, str(view.content))
        more = {"selected_option": _option(control, option)} if option else {}
        view.fill({**(filled or {}), **({action_id: more} if more else {})})
        if not view.tells(control):
            kept = self._delivery("interactive", {}, None, None)
            kept.end()
            return kept
        trigger = self.workspace.issue_trigger(view.user)
        payload = payloads.pressed(self.workspace, Act(view.user, trigger=trigger), view, control, more)
        return await self._interact(payload, trigger)

    async def submit(self, view: View, filled: Mapping[str, Any]) -> Delivery:
        """Submits a modal; `filled` gives each input by its action_id, as `{"value": …}` or the like.

        With something missing the client complains by itself, and nothing is sent.
        """
        view.fill(filled)
        if lacking := view.lacking():
            self.views.complain(view, lacking)
            kept = self._delivery("interactive", {}, None, None)
            kept.denied = True
            kept.end()
            return kept
        trigger = self.workspace.issue_trigger(view.user)
        payload = payloads.submitted(self.workspace, view, trigger=trigger, state=view.state())
        return await self._interact(payload, trigger, lambda answer: self._submitted(view, answer))

    async def close(self, view: View) -> Delivery | None:
        """Closes a modal; the app hears of it only if the view asked to."""
        self.views.close(view)
        if not view.content.get("notify_on_close"):
            return None
        return await self._interact(payloads.closed(self.workspace, view), None)

    async def search(self, view: View, action_id: str, query: str) -> Delivery:
        """Types into an `external_select`; the answer's options stand in `delivery.answer`."""
        control = self._offered(view.controls, action_id, None, str(view.content))
        payload = payloads.searched(self.workspace, view, control, query)
        return await self._interact(payload, None, self._found)

    async def _happened(self, body: Json) -> Delivery:
        delivery = self._delivery("events_api", payloads.event(self.workspace, body), None, None)
        return await self.sockets.deliver(delivery, expired="not acknowledged", nobody="not delivered")

    async def _interact(
        self, payload: Json, trigger: str | None, settle: Callable[[Any], None] | None = None
    ) -> Delivery:
        delivery = self._delivery("interactive", payload, trigger, payload.get("response_url"))
        delivery.settle = settle
        return await self.sockets.deliver(delivery, expired=UNANSWERED, nobody=UNANSWERED)

    def _delivery(self, kind: Kind, payload: Json, trigger: str | None, address: str | None) -> Delivery:
        return Delivery(
            envelope_id=str(uuid.uuid4()),
            kind=kind,
            payload=payload,
            trigger_id=trigger,
            response_url=address,
        )

    def _offered(self, controls: list[Control], action_id: str, value: str | None, words: str) -> Control:
        for control in controls:
            if control.action_id == action_id and value in (None, control.value):
                return control
        offered = ", ".join(f"{one.action_id} [{one.label}]" for one in controls) or "no controls"
        raise LookupError(f"no {action_id} here, but {offered}, on:\n{words}")

    def _answered(self, answer: Any, user: str, channel: str) -> None:
        """A command's acknowledgement may carry a message."""
        if not answer:
            return
        content = {"text": answer} if isinstance(answer, str) else answer
        verdict = judge_message(content)
        if verdict is None:
            self.responses.say(user, channel, content)
        else:
            self.responses.refused.append(("acknowledgement", verdict.error, verdict.messages))

    def _complained(self, error: str, user: str, channel: str) -> None:
        self.workspace.post({"text": error}, channel=channel, user="USLACKBOT", ephemeral_for=user)

    def _found(self, answer: Any) -> None:
        if faults := judge_options(answer or {}):
            self.responses.refused.append(("suggestions", "invalid_options", faults))

    def _submitted(self, view: View, answer: Any) -> None:
        """Does what the acknowledgement of a submission says; nothing said closes the modal."""
        action = answer.get("response_action") if isinstance(answer, dict) else None
        try:
            match action:
                case "errors":
                    self.views.complain(view, answer.get("errors") or {})
                case "update":
                    self.views.change(view, answer.get("view"))
                case "push":
                    self.views.place(view.user, answer.get("view"), push=True)
                case _:
                    self.views.close(view, everything=action == "clear")
        except Refused as refused:
            messages = refused.more.get("response_metadata", {}).get("messages", [])
            self.responses.refused.append(("view_submission", refused.error, tuple(messages)))


def _option(control: Control, wanted: str) -> Json:
    groups = control.element.get("option_groups") or [control.element]
    options = [option for group in groups for option in group.get("options") or []]
    for option in options:
        if wanted in (option.get("value"), option["text"]["text"]):
            return dict(option)
    if control.element["type"] == "external_select":
        return {"text": {"type": "plain_text", "text": wanted}, "value": wanted}
    raise LookupError(f"no option {wanted!r} in {[option.get('value') for option in options]}")
