"""A step's share, proven by the users' own way, or said to be unproven where there is none to sample."""

from datetime import datetime, timedelta

from strategies import measures, route_words, words
from strategies.evidence import Forget, SampleProxy, SampleUsers
from strategies.finish import lag
from strategies.interval import wilson
from strategies.measures import Cost
from strategies.objects import at, name_of
from strategies.outcome import Done, Later, Outcome, Trouble
from strategies.proof import LOST, Asked, Disproven, Open, Proof, Proven, Undecided
from strategies.release import Measured
from strategies.routers.ratio import share
from strategies.samples import NOTHING, Tally
from strategies.snapshot import replicas_of, rolled_out
from strategies.steps import Prove
from strategies.view import View

PROXIED = 20  # requests through the API server's proxy, for a look
_BEGINS = frozenset(
    {"promoted-on", "resumed", "approved", "rolling-back", "aside"}
)  # events before a stage's shift
_SPLITS = ("lane ", "selector ")  # how the marks of foreign writes begin that move traffic
BLIND = 40  # answers that name no version, after which asking on is pointless


def prove(step: Prove, view: View) -> Outcome:
    """Whether users get the share this step asks for."""
    outcome = _prove(step, view)
    return blind(outcome, view) if isinstance(outcome, Trouble) else outcome


def _prove(step: Prove, view: View) -> Outcome:
    asked = asked_of(step, view)
    if view.plan.probe is None:
        return _unseen(step, asked, view) if view.plan.lanes else _by_proxy(asked, view)
    proof = view.evidence.proof or Proof(asked)
    tally = view.evidence.tally
    if tally and proof.total == 0 and tally.unnamed >= BLIND:
        return Trouble(
            "unattributed",
            route_words.unattributed(tally),
            detail=_detail(tally, asked.share),
        )
    timers, back = view.plan.timers, view.release.going_back
    settled = _settled(view)
    if settled is not None and view.now < settled:
        return Later("routers may still go by what somebody else wrote", settled)
    moving = _moving(step, view)
    verdict = proof.verdict()
    if moving and not isinstance(verdict, Proven) and view.now < view.since(timers.progress):
        return Later(moving, view.since(timers.progress), Forget() if tally else None)
    quiet = proof.total == 0 and tally is not None and tally.nameless > 0
    # on the way back there is nothing better to do than to look again, as long as anybody answers
    patience = timers.progress if back and not quiet else timers.proof
    deadline = (view.evidence.begun or view.release.since) + timedelta(seconds=patience)
    if proof.failing and not back and tally is not None:  # not all the time of a proof is spent on it
        return _not_proven(step, asked, proof, tally, view)
    match verdict:
        case Proven():
            return _proven(step, asked, proof, tally, view)
        case Open() if view.now < deadline or (tally is None and not proof.total):
            sample = SampleUsers(asked, verdict.batch, step.audience, step.path)
            return Later(f"sampling: {verdict.reason}", deadline, sample)
        case Open() | Disproven() | Undecided():
            return _not_proven(step, asked, proof, tally, view)


def _settled(view: View) -> datetime | None:
    """From when on no router goes by a split that somebody else made, and a person resumed from; None where nobody did.

    The share that was true until then is in no step, so that answers cannot tell a late router from a wrong one.
    """
    release, moved = view.release, view.release.shifted_at
    begun = next((e.kind for e in reversed(release.events) if e.kind in _BEGINS), "")
    if moved is None or begun != "resumed" or not any(m.startswith(_SPLITS) for m in release.accepted):
        return None
    return moved + timedelta(seconds=lag(view.plan))


def _moving(step: Prove, view: View) -> str:
    """Why the pods would not make the asked share now: somebody else's rollout of the old version is under way.

    Its surge counts among the old pods until it is over, and a proof begun meanwhile would measure two shares.
    """
    stable = view.deployment("stable")
    if view.plan.strategy != "canary" or view.plan.lanes or step.share in (0, 100) or stable is None:
        return ""
    old, wanted = view.counted()[0], replicas_of(stable)
    if old.ready != wanted or old.total != wanted:
        return f"{old.ready} of {wanted} pods of {view.plan.stable} are ready" + (
            f", of {old.total}" if old.total > wanted else ""
        )
    return "" if rolled_out(stable) else f"{view.plan.stable} rolls out"


def blind(outcome: Trouble, view: View) -> Outcome:
    """On the way back traffic has been moved already: what cannot be sampled is said, and stops nothing."""
    if not view.release.going_back or outcome.code not in ("unattributed", "no-answer"):
        return outcome
    measured = Measured(asked=0, hits=0, n=0, verdict="unproven", at=view.now)
    return Done(words.unsampled(0, outcome.reason), "unproven", seen=measured, detail=outcome.detail)


def asked_of(step: Prove, view: View) -> Asked:
    """What is asked of users: the step's share, or what the pods make where somebody else counts them.

    That is a rollout, an autoscaler, or a person whose scaling was accepted: 1 + 3 pods cannot make 33 % any more.
    """
    plan, accepted = view.plan, view.release.accepted
    if step.audience is not None:
        return Asked(100, step.share)  # all who belong to it, whatever the others get
    if plan.lanes:
        return Asked(step.share, step.before)  # by weight, however many pods there are
    counted = plan.strategy == "rolling" or plan.autoscalers or any("replicas" in mark for mark in accepted)
    if counted and step.share not in (0, 100):
        old, new = view.counted()
        made = share(new.ready, old.ready)
        return Asked(made, step.before if step.before is not None and step.before < made else 0)
    return Asked(step.share, step.before)


def _proven(step: Prove, asked: Asked, proof: Proof, tally: Tally | None, view: View) -> Outcome:
    measured = Measured(asked=asked.share, hits=proof.hits, n=proof.n, verdict="proven", at=view.now)
    cost, detail = (
        Cost((view.now - shifted(view)).total_seconds(), view.evidence.sent),
        _detail(tally, asked.share),
    )
    if step.audience is not None:  # no share of all users: the release's last measurement stays what it was
        said = measures.proven_for(step.audience, measured, view.plan.to_version, cost)
        return Done(measures.at_host(step, said), "proven", detail=detail)
    said = measures.proven(measured, str(wilson(proof.hits, proof.n)), cost)
    return Done(measures.at_host(step, said), "proven", seen=measured, detail=detail)


def shifted(view: View) -> datetime:
    """When this stage shifted traffic, or where it did not (pods became ready) when its proof began."""
    release, moved = view.release, view.release.shifted_at
    begun = next((e.at for e in reversed(release.events) if e.kind in _BEGINS), release.started_at)
    return moved if moved is not None and moved >= begun else release.since


def _unseen(step: Prove, asked: Asked, view: View) -> Outcome:
    """A route's share cannot be seen through the API server, whose proxy goes to one Service."""
    if step.audience is not None:
        return Done()
    said = words.unsampled(
        asked.share, "no probe is declared, and the API server's proxy does not go by the route"
    )
    return Done(said, "unproven", seen=_unproven(asked, NOTHING, view))


def _not_proven(step: Prove, asked: Asked, proof: Proof, tally: Tally | None, view: View) -> Outcome:
    window = proof.n and (proof.moved or not isinstance(proof.verdict(), Open))
    hits, n = (proof.hits, proof.n) if window else (proof.answered, proof.total)
    measured = Measured(asked=asked.share, hits=hits, n=n, verdict="failed", at=view.now)
    if n == 0 and tally and tally.nameless:
        why = f"none of {tally.sent} requests was answered ({tally.error})"
        if tally.nameless > tally.lost:
            why = f"{tally.nameless} of {tally.sent} requests failed ({tally.failures})"
        return Trouble(
            "no-answer", f"Asked {asked.share} %, not proven: {why}.", detail=_detail(tally, asked.share)
        )
    if tally and (proof.failing or tally.nameless > LOST * tally.sent):
        lost = (proof.failures, proof.total + proof.failures)
        said = route_words.failing(who_of(step), asked.share, lost if proof.failures else None, tally)
        told, seen = measures.at_host(step, said), None if step.audience else measured
        return Trouble("failing", told, detail=_detail(tally, asked.share), seen=seen)
    verdict, how = proof.verdict(), ""
    if isinstance(verdict, Open):
        how = f", for {(view.now - (view.evidence.begun or view.release.since)).total_seconds():.0f} s"
    elif isinstance(verdict, Undecided):
        how = f", which decides nothing within {asked.max_requests} requests"
    but, interval = route_words.unfollowed(view.release), str(wilson(hits, n))
    if not isinstance(verdict, Disproven) and not asked.whole and asked.share / 100 in wilson(hits, n):
        but = route_words.too_few(view.plan.probe.rate if view.plan.probe else 0)
    text = route_words.not_proven(who_of(step), measured, view.plan.to_version, interval, how, but)
    told, seen = measures.at_host(step, text), None if step.audience else measured
    return Trouble("not-proven", told, detail=_detail(tally, asked.share), seen=seen)


def who_of(step: Prove) -> str:
    """The audience a proof is of, as a sentence names it; empty for users at large."""
    return measures.sent_by(step.audience) if step.audience else ""


def _by_proxy(asked: Asked, view: View) -> Outcome:
    tally = view.evidence.tally
    if tally is None:
        target = _proxied(view)
        if target is None:
            return Done(
                words.unsampled(asked.share, "the Service has no port to ask at"),
                "unproven",
                seen=_unproven(asked, NOTHING, view),
            )
        return Later("looking through the API server's proxy", gather=target)
    measured = _unproven(asked, tally, view)
    said = (
        words.unproven(measured, view.plan.to_version)
        if tally.attributed
        else words.unsampled(asked.share, tally.error or "the answers do not say which version gave them")
    )
    return Done(said, "unproven", seen=measured, detail=_detail(tally, asked.share))


def _proxied(view: View) -> SampleProxy | None:
    for way in view.plan.ways or ():
        service = view.service(way.service)
        ports = at(service, "spec", "ports", default=[]) if service else []
        if ports:
            return SampleProxy(way.service, str(ports[0]["port"]), PROXIED)
    deployment = view.deployment("stable")
    labels = at(deployment, "spec", "template", "metadata", "labels", default={}) if deployment else {}
    for service in view.snapshot.services_of(labels):
        ports = at(service, "spec", "ports", default=[])
        if ports:
            return SampleProxy(name_of(service), str(ports[0]["port"]), PROXIED)
    return None


def _unproven(asked: Asked, tally: Tally, view: View) -> Measured:
    hits, n = (tally.new.n, tally.attributed) if tally.sent else (0, 0)
    return Measured(asked=asked.share, hits=hits, n=n, verdict="unproven", at=view.now)


def _detail(tally: Tally | None, asked: int) -> dict[str, object]:
    return {"tally": tally.model_dump(mode="json"), "asked": asked} if tally else {}
