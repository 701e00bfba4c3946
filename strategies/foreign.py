"""Writes by others that matter to a release: what was changed, and by whom, read from managedFields.

A change that is neither ours nor where the plan has brought things is told once; when a person resumes, it is accepted
(its fingerprint stands in the record) and the plan goes on from what is there.
"""

from dataclasses import dataclass

from strategies import lanes, words
from strategies.lens import Split
from strategies.names import digest
from strategies.objects import (
    DEPLOYMENT,
    POD,
    Obj,
    annotations_of,
    at,
    copied,
    covers,
    labels_of,
    meta,
    name_of,
)
from strategies.pods import going, moment
from strategies.release import GONE
from strategies.snapshot import replicas_of
from strategies.steps import Position, Remove, Shift, Stand, Turn, Twin, Update
from strategies.undo import key
from strategies.view import View

MANAGER = "graylight"


@dataclass(frozen=True, slots=True)
class Foreign:
    """One such change; `mark` is its fingerprint."""

    mark: str
    said: str


def foreign(view: View) -> Foreign | None:
    """The first change by somebody else that was not accepted yet."""
    found = (*_stable(view), *_canary(view), *_services(view), *_lanes(view), *_strangers(view))
    return next((f for f in found if f.mark not in view.release.accepted), None)


def _stable(view: View) -> list[Foreign]:
    plan, before = view.plan, view.evidence.undo.get(key(DEPLOYMENT, view.plan.stable))
    if before is None or _begun(view, Remove):
        return []
    found = view.deployment("stable")
    if found is None:
        return [Foreign("stable gone", words.deleted(f"Deployment {plan.stable}", again=False))]
    said = []
    was, now = at(before, "spec", "template", default={}), at(found, "spec", "template", default={})
    strange = _strange(view, now, found)
    if strange or _but_for_us(was, view) != _but_for_us(now, view):
        # without what our own update sets: what a person went on with is no news after it
        mark = " ".join(("template", digest(str(_but_for_us(now, view))), *strange))
        said.append(_told(mark, _difference(was, now, plan.stable), found, ("f:spec", "f:template")))
    if replicas_of(found) != plan.stable_pods and not plan.autoscalers:
        what = f"The number of pods of {plan.stable} ({plan.stable_pods} → {replicas_of(found)})"
        said.append(_told(f"replicas {replicas_of(found)}", what, found, ("f:spec", "f:replicas")))
    if _rests(view) and not at(found, "spec", "paused"):
        what = f"The pause of {plan.stable}'s rollout (`kubectl rollout resume`)"
        said.append(_told("unpaused", what, found, ("f:spec", "f:paused")))
    return said


def _rests(view: View) -> bool:
    """Whether a rollout is paused at a share now."""
    updates = [s for s in view.plan.steps[: view.release.cursor + 1] if isinstance(s, Update)]
    return bool(updates) and updates[-1].pause_at is not None and updates[-1] is not view.release.step


def _strange(view: View, now: Obj, found: Obj) -> list[str]:
    """The image and the version's label of the stable template, where they are neither what they were nor ours."""
    plan, begun = view.plan, _begun(view, Update)
    containers = at(now, "spec", "containers", default=[])
    image = next((str(c.get("image")) for c in containers if c["name"] == plan.container), "")
    former = not begun or (isinstance(view.release.step, Update) and not _undone(view, found))
    planned = image == (plan.to_image if begun else plan.from_image) or (former and image == plan.from_image)
    label = str(at(now, "metadata", "labels", plan.version_key, default="")) if plan.version_key else ""
    known = label in ("", plan.old_version_value, plan.version_value)
    return [*([] if planned else [image]), *([] if known else [label])]


def _but_for_us(template: Obj, view: View) -> Obj:
    """A template without the fields an update of ours sets."""
    made = copied(template)
    for container in at(made, "spec", "containers", default=[]):
        if container["name"] == view.plan.container:
            container.pop("image", None)
    if view.plan.version_key:
        at(made, "metadata", "labels", default={}).pop(view.plan.version_key, None)
    return made


def _undone(view: View, found: Obj) -> bool:
    """Whether somebody put the old image back after we had set the new one (`kubectl rollout undo`)."""
    doing = view.release.doing
    if doing is None or doing.step != view.release.cursor:
        return False
    path = ("f:spec", "f:template")
    since = doing.at.replace(microsecond=0)  # managedFields know whole seconds
    return any(
        entry.get("manager") != MANAGER
        and at(entry, "fieldsV1", *path) is not None
        and moment(str(entry.get("time", "1970-01-01T00:00:00Z"))) > since
        for entry in meta(found).get("managedFields") or []
    )


def _canary(view: View) -> list[Foreign]:
    plan = view.plan
    stood = [s for s in plan.steps[: view.release.cursor] if isinstance(s, Stand) and s.track == "canary"]
    gone = any(isinstance(s, Remove) and s.track == "canary" for s in plan.steps[: view.release.cursor + 1])
    leaving = plan.ending == "in-place" and _begun(view, Update)  # it goes in any case
    if not stood or gone or leaving or plan.manifest is None:
        return []
    found = view.deployment("canary")
    standing = isinstance(view.release.step, Stand)  # which makes it, and scales it
    if found is None:
        return (
            []
            if standing
            else [
                _unserved(GONE, words.deleted(f"Deployment {plan.canary} of this release", again=True), view)
            ]
        )
    if _looks(found) != _looks(plan.manifest):
        what = _difference(at(plan.manifest, "spec", "template"), at(found, "spec", "template"), plan.canary)
        return [_told(f"canary {digest(str(_looks(found)))}", what, found, ("f:spec", "f:template"))]
    wanted = view.serving if stood[-1].replicas is None else stood[-1].replicas
    alone = view.deployment("stable") is None  # it went as planned, and with it the count to compare
    if replicas_of(found) != wanted and not alone and not standing and not plan.autoscalers:
        what = f"The number of pods of {plan.canary} ({wanted} → {replicas_of(found)})"
        told = _told(f"canary replicas {replicas_of(found)}", what, found, ("f:spec", "f:replicas"))
        return [told if replicas_of(found) else _unserved(told.mark, told.said, view)]
    return []


def _unserved(mark: str, text: str, view: View) -> Foreign:
    """What leaves nobody behind the new version; where a route sends users there, they get errors meanwhile."""
    return Foreign(mark, f"{text} {words.unserved()}" if _here(view) != lanes.NONE else text)


def _strangers(view: View) -> list[Foreign]:
    """Pods of neither track that one of the selectors catches, or will."""
    plan = view.plan
    tracks = [d for d in (view.deployment("stable"), view.deployment("canary")) if d]
    ours = {name_of(p) for d in tracks for p in view.snapshot.pods_of(d)}
    positions = [s for w in plan.ways for s in (w.both, w.canary, w.after)]
    found = [
        p
        for p in view.snapshot.all(POD)
        if name_of(p) not in ours and not going(p) and any(covers(s, labels_of(p)) for s in positions)
    ]
    if not found or len(tracks) < (2 if view.release.cursor else 1):
        return []  # a track that was deleted leaves pods behind for a moment; that is told by itself
    shown = ", ".join(map(name_of, found[:5])) + (" …" if len(found) > 5 else "")
    # by owner: once accepted, a Job's next pod is no news
    whose = sorted({str(at(p, "metadata", "ownerReferences", 0, "name", default=name_of(p))) for p in found})
    return [Foreign(f"strangers {digest(str(whose))}", words.strangers(shown, several=len(found) > 1))]


def _services(view: View) -> list[Foreign]:
    expected = _expected(view)
    for way in view.plan.ways:
        service = view.service(way.service)
        if service is None:
            return [
                Foreign(f"service gone {way.service}", words.deleted(f"Service {way.service}", again=False))
            ]
        have = at(service, "spec", "selector")
        if have not in [way.at(p) for p in expected]:
            shown = ", ".join(f"{k}={v}" for k, v in sorted((have or {}).items()))
            return [
                _told(
                    f"selector {way.service} {digest(shown)}",
                    f"The selector of Service {way.service} (now {shown})",
                    service,
                    ("f:spec", "f:selector"),
                )
            ]
    return []


def _expected(view: View) -> tuple[Position, ...]:
    """Where the Services may be at this cursor: where the last switch brought them, or where the present one will."""
    here: tuple[Position, ...] = ("before",)
    for step in view.plan.steps[: view.release.cursor]:
        if isinstance(step, Shift):
            here = (step.to,)
    now = view.release.step
    if isinstance(now, Shift):
        return (*here, now.to, "stable")
    if isinstance(now, Stand):  # pods that fell back bring the release here again, behind its stage's switch
        switched = tuple(s.to for s in view.plan.steps if isinstance(s, Shift) and s.stage == now.stage)
        return (*here, *switched, *(("stable",) if now.aside else ()))
    return here


def _lanes(view: View) -> list[Foreign]:
    """Routes that somebody else turned or deleted, and twin Services that are gone."""
    plan, expected = view.plan, _turned(view)
    said = []
    for lane in plan.lanes:
        obj = lanes.object_of(lane, view.snapshot)
        if obj is None:
            what = f"{lane.kind} {lane.name}"
            return [Foreign(f"route gone {what}", words.deleted(what, again=False))]
        now = lanes.split_of(lane, view.snapshot)
        if expected and now not in expected:
            own = view.snapshot.find(lanes.kind_of(lane), lane.own) if lane.own else obj
            writer = _last(own) if own else None
            mark = digest(f"{now} {at(writer or {}, 'time')}", 8)
            who = f"`{writer['manager']}`" if writer else "somebody"
            text = words.foreign(words.turned(lane, now.share if now else None), who)
            said.append(Foreign(f"lane {lane.kind} {lane.name} {mark}", text))
    twins = [name_of(m) for m in plan.twins if _twinned(view) and view.service(name_of(m)) is None]
    said += [
        _unserved(f"twin gone {t}", words.deleted(f"Service {t} of this release", again=True), view)
        for t in twins
    ]
    return said


def _turned(view: View) -> tuple[Split, ...]:
    """The splits that lanes may have at this cursor; none where the present step turns them anyway."""
    now = view.release.step
    if isinstance(now, Turn):
        return ()
    here = _here(view)
    if not isinstance(now, Stand):
        return (here,)
    # pods that fell back bring the release here again, behind its stage's turn
    staged = (s.split for s in view.plan.steps if isinstance(s, Turn) and s.stage == now.stage and s.split)
    return (here, *staged, lanes.NONE)  # nobody is sent to pods that are not there


def _here(view: View) -> Split:
    """The split that the last turn before this cursor made."""
    turns = [s for s in view.plan.steps[: view.release.cursor] if isinstance(s, Turn)]
    return (turns[-1].split if turns else None) or lanes.NONE


def _twinned(view: View) -> bool:
    """Whether the twin Services are to stand now."""
    done = [s for s in view.plan.steps[: view.release.cursor] if isinstance(s, Twin)]
    return bool(done) and done[-1].stands and not isinstance(view.release.step, Twin | Turn)


def _last(obj: Obj) -> Obj | None:
    """The last entry of managedFields that is neither ours nor about the status."""
    entries = [
        e
        for e in meta(obj).get("managedFields") or []
        if e.get("manager") != MANAGER and e.get("subresource") != "status"
    ]
    return max(entries, key=lambda e: str(e.get("time", "")), default=None)


def _begun(view: View, kind: type[Update] | type[Remove]) -> bool:
    steps = view.plan.steps[: view.release.cursor + 1]
    return any(isinstance(s, kind) and (not isinstance(s, Remove) or s.track == "stable") for s in steps)


def _looks(deployment: Obj) -> object:
    """What of a template a person would change: images, annotations (a restart is one), labels."""
    template = at(deployment, "spec", "template", default={})
    return (
        [(c["name"], c["image"]) for c in at(template, "spec", "containers", default=[])],
        at(template, "metadata", "annotations", default={}),
        at(template, "metadata", "labels", default={}),
    )


def _difference(old: Obj, new: Obj, name: str) -> str:
    for before, after in zip(
        at(old, "spec", "containers", default=[]), at(new, "spec", "containers", default=[]), strict=False
    ):
        if before.get("image") != after.get("image"):
            return f"The image of {name} ({before.get('image')} → {after.get('image')})"
    if annotations_of(old).get(_RESTARTED) != annotations_of(new).get(_RESTARTED):
        return f"{name} was restarted (`kubectl rollout restart`): its pod template"
    return f"The pod template of {name}"


_RESTARTED = "kubectl.kubernetes.io/restartedAt"


def _told(mark: str, what: str, obj: Obj, path: tuple[str, ...]) -> Foreign:
    return Foreign(mark, words.foreign(what, _writer(obj, path)))


def _writer(obj: Obj, path: tuple[str, ...]) -> str:
    """Who wrote a field last, by managedFields; our own entries are not foreign."""
    writers = [
        e
        for e in meta(obj).get("managedFields") or []
        if e.get("manager") != MANAGER and at(e, "fieldsV1", *path) is not None
    ]
    last = max(writers, key=lambda e: str(e.get("time", "")), default=None)
    return f"`{last['manager']}`" if last else f"somebody ({name_of(obj)} does not say who)"
