"""What a Deployment's own annotations say about how it is released, read strictly.

Whoever may edit the Deployment wrote them, so every value is untrusted: a wrong one is a refusal that names the
annotation, the field in it and what is wrong, and nothing is guessed. Names and meanings: spec.md, "Annotations".
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import ValidationError

from bot.document import Fault, faults, read
from bot.grammar import values
from bot.grammar.values import Wrong
from strategies.hints import Hints
from strategies.probe import Probe
from strategies.refusal import Refusal
from strategies.spec import RouterName, Rung, Strategy

T = TypeVar("T")
PREFIX = "graylight/"
READ = (
    "service",
    "probe",
    "container",
    "steps",
    "router",
    "strategy",
)  # `service` names it; finding reads that
_OWN = (
    "base",
    "release",
    "track",
    "traffic",
    "environment",
    "state",
)  # what Graylight itself writes on objects
_NEAR = 0.75  # below that a name is somebody's own and none of our business


def annotation_hints(annotations: Mapping[str, str]) -> Hints | Refusal:
    """The hints in a Deployment's annotations; Refusal `bad-annotation` for the first that cannot be read.

    >>> annotation_hints({"graylight/steps": "25,50", "graylight/router": "ratio"}).steps
    (25, 50)
    """
    found: dict[str, Any] = {}
    for key, text in annotations.items():
        name = key.removeprefix(PREFIX)
        if name in {key, "service"}:
            continue
        if name not in READ:
            if refused := _misspelt(name):
                return refused
            continue
        value = _READERS[name](text)
        if isinstance(value, Fault):
            return _bad(name, value)
        found[name] = value
    return Hints.model_validate(found)


def _probe(text: str) -> Probe | Fault:
    document = read(text)
    if isinstance(document, Fault):
        return document
    if not isinstance(document.value, dict) or not document.value:
        return Fault("", "It must be a mapping of fields.", 'Write `{url: "http://host/path"}`.')
    try:
        return Probe.model_validate(document.value)
    except ValidationError as e:
        return faults(e, Probe, document)[0]


def _steps(text: str) -> tuple[Rung, ...] | Fault:
    bare = text.strip()
    if bare.startswith("[") and bare.endswith("]"):
        bare = bare[1:-1]
    return _fault(values.steps(bare.replace(" ", "").replace('"', "")))


def _container(text: str) -> str | Fault:
    return _fault(values.container(text.strip()))


def _router(text: str) -> str | Fault:
    return _fault(values.one_of(*RouterName)(text.strip()))


def _strategy(text: str) -> str | Fault:
    return _fault(values.one_of(*Strategy)(text.strip().replace("blue-green", "bluegreen")))


def _fault(value: T | Wrong) -> T | Fault:
    return Fault("", value.what, value.suggestion) if isinstance(value, Wrong) else value


_READERS = {
    "probe": _probe,
    "container": _container,
    "steps": _steps,
    "router": _router,
    "strategy": _strategy,
}


def _bad(name: str, fault: Fault) -> Refusal:
    where = f", field `{fault.field}`" if fault.field else ""
    line = f" (line {fault.place.line}, column {fault.place.column})" if fault.place else ""
    return Refusal(
        code="bad-annotation",
        what=f"Annotation `{PREFIX}{name}`{where}{line}: {fault.what}",
        remedy=f"{fault.remedy} Correct it on the Deployment; `help` and docs/reference.md show examples.".strip(),
    )


def _misspelt(name: str) -> Refusal | None:
    if name in _OWN:
        return None
    near = get_close_matches(name, READ, n=1, cutoff=_NEAR)
    if not near:
        return None
    return Refusal(
        code="bad-annotation",
        what=f"There is no annotation `{PREFIX}{name}`.",
        remedy=f"Did you mean `{PREFIX}{near[0]}`? Correct it on the Deployment.",
    )
