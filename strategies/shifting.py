"""Is traffic where a step wants it: selectors, readiness gates, endpoints, and the routers' own delay."""

import math
from datetime import timedelta
from typing import Any

from strategies import edits
from strategies.objects import at
from strategies.outcome import Do, Done, Later, Outcome, Trouble
from strategies.pods import Fit, containers_ready, gate_open, is_ready
from strategies.steps import (
    Lag,
    Shift,
    TrackName,
)
from strategies.view import View
from strategies.writes import Write


def selectors(view: View, position: Any) -> tuple[Write, ...]:
    """The writes that bring each Service to a position; none where it is there."""
    found = ((w, view.service(w.service)) for w in view.plan.ways)
    return tuple(
        edits.select(s, w.at(position))
        for w, s in found
        if s is not None and at(s, "spec", "selector") != w.at(position)
    )


def shift(step: Shift, view: View) -> Outcome:
    """Every Service at the position, its target's pods ready and listed; gates open or closed to match."""
    gone = [w.service for w in view.plan.ways if view.service(w.service) is None]
    if gone:
        return Trouble("service-gone", f"Service {gone[0]} is gone")
    new = step.to in ("both", "canary") or (step.to == "after" and view.plan.ending == "replace")
    target: TrackName = "canary" if new else "stable"
    if view.plan.gated and target == "canary":
        closed = [p for p in view.pods("canary") if not gate_open(p)]
        if closed:
            return Do(tuple(edits.gate(p, view.now, opened=True) for p in closed), moves=True)
    pods = view.pods(target)
    waiting = [p for p in pods if not is_ready(p)]
    writes = selectors(view, step.to)
    short = _short(view) if step.to == "after" and view.plan.ending == "in-place" else None
    if short:
        return short
    if writes and (waiting or not pods) and not (target == "stable" and enough(view)):
        return Later(
            f"{len(waiting)} pods of {view.name(target)} are not ready, so no traffic is moved to them"
            if pods
            else f"{view.name(target)} has no pods"
        )
    if writes:
        return Do(writes, moves=True)
    if view.plan.gated and any(gate_open(p) and containers_ready(p) for p in waiting):
        return Later(f"the gates of {view.name(target)} are open, but not all its pods are called ready yet")
    if not view.in_endpoints(p for p in pods if is_ready(p)):
        return Later(f"the Service's endpoints do not list the pods of {view.name(target)} yet")
    if view.plan.gated and step.to == "stable":
        return _close(view) or Done()
    return Done()


def _short(view: View) -> Later | None:
    """Traffic returns in place only to as many fit pods as the canary has ready ones."""
    fit = sum(is_ready(p) and isinstance(view.fitness(p), Fit) for p in view.pods("stable"))
    serving = sum(map(is_ready, view.pods("canary")))
    if fit >= serving:
        return None
    return Later(f"{fit} pods of {view.plan.stable} are fit, and {serving} serve: traffic stays where it is")


def enough(view: View) -> bool:
    """Going back must not wait for a last stable pod: it serves already, or has as many ready pods as the canary."""
    fit = sum(is_ready(p) and isinstance(view.fitness(p), Fit) for p in view.pods("stable"))
    return fit > 0 and (fit >= sum(map(is_ready, view.pods("canary"))) or not view.at_position("canary"))


def _close(view: View) -> Do | None:
    opened = [p for p in view.pods("canary") if gate_open(p)]
    return Do(tuple(edits.gate(p, view.now, opened=False) for p in opened), moves=True) if opened else None


def drain(view: View) -> Outcome:
    """The canary's gates closed, once the Services list the stable pods."""
    stable = view.pods("stable")
    if not stable or not view.in_endpoints(stable):
        return Later("the Service's endpoints do not list the stable pods yet")
    return _close(view) or Done()


def lag(step: Lag, view: View) -> Outcome:
    """The routers' own delay since traffic was moved last."""
    moved = view.release.shifted_at
    if moved is None:
        return Done()
    until = moved + timedelta(seconds=step.seconds)
    left = math.ceil((until - view.now).total_seconds())
    return (
        Later(f"routers may still send somebody the old way for {left} s", until)
        if view.now < until
        else Done()
    )
