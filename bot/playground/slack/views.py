"""Modals and Home tabs: opened with a trigger, stacked three deep, updated by hash, submitted by people.

Sources: Slack's reference of views.open, views.push, views.update, views.publish and of view submissions.
Invariants: a person has at most one stack of at most three modals and one Home tab; a trigger opens one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bot.playground.slack.arguments import Arguments
from bot.playground.slack.chat import refuse
from bot.playground.slack.limits import judge_view
from bot.playground.slack.message import Control, controls, named
from bot.playground.slack.schema import Json
from bot.playground.slack.workspace import APP, BOT_ID, TEAM, Refused, Workspace

STACK: Final = 3
REQUIRED: Final = "Please complete this required field."
_INITIAL: Final = {
    "initial_option": "selected_option",
    "initial_options": "selected_options",
    "initial_value": "value",
    "initial_conversation": "selected_conversation",
    "initial_channel": "selected_channel",
    "initial_user": "selected_user",
}


@dataclass(slots=True, kw_only=True, eq=False)
class View:
    """A modal or Home tab of one person; `errors` are shown at its inputs, by block_id."""

    id: str
    user: str
    content: Json
    revision: int = 1
    root: str = ""
    previous: str | None = None
    errors: dict[str, str] = field(default_factory=dict)
    typed: dict[tuple[str, str], Json] = field(default_factory=dict)

    def fill(self, filled: Mapping[str, Any]) -> None:
        """What the person has typed or picked, by action_id; it stays as long as block_id and action_id do."""
        for control in self.controls:
            if control.action_id in filled:
                self.typed[control.block_id, control.action_id] = dict(filled[control.action_id])

    def state(self) -> Json:
        """Every input as a payload has it: what was filled in, else what stood there, else nothing."""
        made: dict[str, Json] = {}
        for block in self.content["blocks"]:
            if block["type"] != "input":
                continue
            element = block["element"]
            at = (block["block_id"], element.get("action_id", ""))
            holds = self.typed.get(at, initial(element))
            made[at[0]] = {at[1]: {"type": element["type"], **holds}}
        return made

    def tells(self, control: Control) -> bool:
        """Whether using a control tells the app: in an input only where its block says so."""
        block = next(b for b in self.content["blocks"] if b["block_id"] == control.block_id)
        return block["type"] != "input" or bool(block.get("dispatch_action"))

    def lacking(self) -> dict[str, str]:
        """The inputs that Slack's client would not send empty."""
        state = self.state()
        return {
            block["block_id"]: REQUIRED
            for block in self.content["blocks"]
            if block["type"] == "input"
            and not block.get("optional")
            and not any(v for h in state[block["block_id"]].values() for k, v in h.items() if k != "type")
        }

    @property
    def hash(self) -> str:
        """Changes with each update; an update that names an older one is refused."""
        return f"{self.id}.{self.revision}"

    @property
    def controls(self) -> list[Control]:
        """Inputs and buttons, in reading order."""
        return list(controls(self.content["blocks"]))

    def shown(self, state: Json | None = None) -> Json:
        """As Slack's answers and payloads write it; `state` holds what the person has filled in."""
        return {
            **self.content,
            "id": self.id,
            "team_id": TEAM,
            "app_id": APP,
            "app_installed_team_id": TEAM,
            "bot_id": BOT_ID,
            "hash": self.hash,
            "root_view_id": self.root or self.id,
            "previous_view_id": self.previous,
            "state": {"values": state or {}},
            "private_metadata": self.content.get("private_metadata", ""),
            "callback_id": self.content.get("callback_id", ""),
            "external_id": self.content.get("external_id", ""),
        }


@dataclass(slots=True)
class Views:
    """All open modals (a stack per person, the last on top) and Home tabs."""

    workspace: Workspace
    modals: dict[str, list[View]] = field(default_factory=dict)
    homes: dict[str, View] = field(default_factory=dict)

    def top(self, user: str) -> View | None:
        """The modal that a person looks at."""
        stack = self.modals.get(user)
        return stack[-1] if stack else None

    def find(self, view_id: str) -> View:
        """An open view of any kind, by its id."""
        for view in [*self.homes.values(), *(view for stack in self.modals.values() for view in stack)]:
            if view.id == view_id:
                return view
        raise Refused("not_found")

    def place(self, user: str, content: Any, *, push: bool) -> View:
        """Shows a valid view on top of a person's stack, or in its stead."""
        refuse(judge_view(content, "modal"))
        stack = self.modals.get(user, []) if push else []
        if len(stack) >= STACK:
            raise Refused("push_limit_reached")
        external = content.get("external_id")
        if external and any(view.content.get("external_id") == external for view in stack):
            raise Refused("duplicate_external_id")
        below = stack[-1] if stack else None
        view = View(
            id=f"V{self.workspace.serial()}",
            user=user,
            content=_kept(content),
            root=stack[0].id if stack else "",
            previous=below.id if below else None,
        )
        self.modals[user] = [*stack, view]
        self.workspace.changed.tick()
        return view

    def change(self, view: View, content: Any) -> None:
        """Puts a valid content in place of a view's."""
        refuse(judge_view(content, view.content["type"]))
        view.content, view.revision, view.errors = _kept(content), view.revision + 1, {}
        self.workspace.changed.tick()

    def close(self, view: View, *, everything: bool = False) -> None:
        """Closes a modal; `everything` the whole stack under it."""
        self.modals[view.user] = (
            [] if everything else [one for one in self.modals[view.user] if one is not view]
        )
        self.workspace.changed.tick()

    def complain(self, view: View, errors: dict[str, str]) -> None:
        """Shows errors at inputs."""
        view.errors = errors
        self.workspace.changed.tick()

    def open(self, _workspace: Workspace, call: Arguments) -> Json:
        """views.open."""
        content = call.given.get("view")
        refuse(judge_view(content, "modal"))  # before the trigger is spent, as Slack does
        trigger = self.workspace.use_trigger(call.text("trigger_id"))
        return {"view": self.place(trigger.user, content, push=False).shown()}

    def push(self, _workspace: Workspace, call: Arguments) -> Json:
        """views.push: on the modal that the trigger came from."""
        content = call.given.get("view")
        refuse(judge_view(content, "modal"))
        trigger = self.workspace.use_trigger(call.text("trigger_id"))
        if not self.modals.get(trigger.user):
            raise Refused("not_found")
        return {"view": self.place(trigger.user, content, push=True).shown()}

    def update(self, _workspace: Workspace, call: Arguments) -> Json:
        """views.update, by view_id or external_id, and only if the hash (where given) is the present one."""
        external = call.maybe("external_id")
        if external:
            stacks = [view for stack in self.modals.values() for view in stack]
            found = [view for view in stacks if view.content.get("external_id") == external]
            if not found:
                raise Refused("not_found")
            view = found[0]
        else:
            view = self.find(call.text("view_id"))
        if call.given.get("hash") not in (None, "", view.hash):
            raise Refused("hash_conflict")
        self.change(view, call.given.get("view"))
        return {"view": view.shown()}

    def publish(self, _workspace: Workspace, call: Arguments) -> Json:
        """views.publish."""
        user = call.text("user_id")
        if user not in self.workspace.people:
            raise Refused("user_not_found")
        content = call.given.get("view") or {}
        refuse(judge_view(content, "home"))
        view = self.homes.get(user)
        if view is not None and call.given.get("hash") not in (None, "", view.hash):
            raise Refused("hash_conflict")
        if view is None:
            view = View(id=f"V{self.workspace.serial()}", user=user, content=_kept(content))
            self.homes[user] = view
            self.workspace.changed.tick()
        else:
            self.change(view, content)
        return {"view": view.shown()}


def initial(element: Json) -> Json:
    """What an input holds before anybody touches it."""
    return {name: element[key] for key, name in _INITIAL.items() if key in element}


def _kept(content: Json) -> Json:
    return {**content, "blocks": named(content["blocks"], "v")}
