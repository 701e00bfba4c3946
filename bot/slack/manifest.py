"""The manifest to commit at the end of a release that replaced a Deployment: YAML, without what must not be in a chat.

Pure. Values of environment variables that look like secrets are left out, because a channel has other readers than the
cluster; what no message holds is told with the command that prints it.
"""

import copy
import re
from collections.abc import Iterator
from typing import Any

import yaml

from bot.slack import blocks, words
from bot.slack.blocks import Block, Message
from bot.slack.markup import code
from strategies.release import Release, State
from strategies.tracks import update_manifest

LONGEST = 9000  # characters
CHUNK = 2800
_SECRET = re.compile(r"pass|secret|token|key|credential|private|dsn|auth", re.IGNORECASE)
_INLINE = re.compile(r"://[^/\s:@]+:[^/\s@]+@")


def to_commit(release: Release) -> Message | None:
    """The message, for a release that has just been promoted by putting a new Deployment in the old one's place."""
    plan = release.plan
    if release.state is not State.PROMOTED or plan.ending != "replace" or plan.manifest is None:
        return None
    text, hidden = written(release)
    intro = words.to_commit(code(plan.canary))
    if len(text) > LONGEST:
        command = code(f"kubectl get deployment {plan.canary} -n {plan.namespace} -o yaml")
        return Message(intro, (blocks.section(f"{intro} {words.too_long_to_post(command)}"),))
    note = [blocks.context(words.kept_back())] if hidden else []
    return Message(intro, (blocks.section(intro), *_code(text), *note))


def written(release: Release) -> tuple[str, bool]:
    """The YAML, and whether anything was left out of it."""
    made = update_manifest(release.plan.manifest or {})
    spec = made["spec"]
    spec["replicas"] = release.canary_pods.total or release.plan.stable_pods
    if release.plan.autoscalers:
        del spec["replicas"]  # its autoscaler decides; a manifest that says so would fight with it
    made = copy.deepcopy(made)
    hidden = [_hide(entry) for entry in _variables(made)]
    return yaml.safe_dump(made, sort_keys=False, allow_unicode=True, width=100), any(hidden)


def _variables(made: dict[str, Any]) -> Iterator[dict[str, Any]]:
    pod = made["spec"]["template"]["spec"]
    for kind in ("containers", "initContainers"):
        for container in pod.get(kind) or []:
            yield from container.get("env") or []


def _hide(entry: dict[str, Any]) -> bool:
    value = entry.get("value")
    if not isinstance(value, str) or not (
        _SECRET.search(str(entry.get("name", ""))) or _INLINE.search(value)
    ):
        return False
    entry["value"] = "…"
    return True


def _code(text: str) -> list[Block]:
    """Cut between lines, so that each piece can be read."""
    pieces = [""]
    for line in text.splitlines(keepends=True):
        if len(pieces[-1]) + len(line) > CHUNK and pieces[-1]:
            pieces.append("")
        pieces[-1] += line
    return [blocks.preformatted(piece) for piece in pieces]
