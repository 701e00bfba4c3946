"""Every kind of message at several moments, with harmless and with difficult names: what the golden files hold."""

import re
from collections.abc import Iterator
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot import telling
from bot.board import FrozenTime, Home
from bot.grammar.mistake import Mistake
from bot.grammar.parse import parse
from bot.ports import Looked, Place, Preview, Season, Stock, Verdict, Waiting, Whoami
from bot.slack import affairs, answers, form, home, overview, queue_words, samples, thread
from bot.slack.blocks import Message
from bot.slack.card import card
from bot.slack.card_words import may_press
from bot.slack.crier import turn
from bot.slack.identity import Identity
from bot.slack.markup import at
from bot.slack.preview import Showing, preview
from bot.slack.queueing import Queueing
from bot.slack.signing import Forged, Signer, TurnValue
from strategies import checkup, people, words
from strategies.audit import audit
from strategies.consent import Action, Allowed, may
from strategies.freezes import Decreed
from strategies.locks import Lock, Request
from strategies.people import Rules
from strategies.plan import Plan
from strategies.queue import Ticket
from strategies.refusal import Advice, Refusal
from strategies.release import Actor, Intent, IntentKind, Release, State
from strategies.spec import Strategy
from strategies.stock import Item
from strategies.windows import Once
from tests.slack import stories
from tests.slack.desk import FakeDesk

SIGNER = Signer(stories.KEY)
SHOWING = Showing("U1", "0123456789abcdef", "/release")
ADVICE = (
    Advice(
        code="no-probe", what="No readiness probe: new pods get no traffic before they have stood for 3 s."
    ),
    Advice(code="ingress", what="`k8sdemo-ingress-prefix` leads here, and <b> & `c` are only text."),
)
ODD = 'שלום 👩‍🚀 <b>"x"</b> & *bold* `code` <!channel> <@U2> '


def fixed(plan: Plan, **more: Any) -> Plan:
    """A plan whose words do not depend on what planning advises this week."""
    return plan.model_copy(update={"advice": ADVICE, **more})


def odd(plan: Plan) -> Plan:
    """The same with names that try everything."""
    return fixed(
        plan,
        service=ODD * 3,
        to_version="v" * 128,
        from_version="שלום",
        stable="d" * 253,
        canary="c" * 253,
        namespace="n" * 63,
        environment="<prod>",
        routes=tuple(f"Ingress {ODD}{n}" for n in range(9)),
    )


def canary(**asked: Any) -> Release:
    """A canary just begun."""
    return stories.started(fixed(stories.planned(steps=(25, 50, 100), **asked)))


def strange() -> Release:
    """One whose names and reason try everything."""
    made = odd(stories.planned(steps=(25, 50, 100)))
    made = made.model_copy(update={"spec": made.spec.model_copy(update={"reason": (ODD * 9)[:300]})})
    return stories.proven(stories.started(made, Actor(id="ana@<example>", via="cli")))


def cards() -> Iterator[tuple[str, Message]]:
    """The card through a release's life."""
    begun = canary(reason="faster start")
    waits = stories.unapproved(fixed(stories.planned(steps=(25, 50, 100))))
    denied = waits.on(Intent(kind=IntentKind.CANCEL), stories.BEN, stories.later(60))
    assert isinstance(denied, Release)
    one_way = stories.keeping(stories.proven(canary(one_way="the schema <b> & <!channel> is migrated")))
    stood = stories.proven(begun)
    asking = stories.asking(stood)
    moments = {
        "begun": begun,
        "soaking": stories.soaking(stood),
        "falling": stories.falling(stood),
        "asking": asking,
        "held": stories.held(asking),
        "keeping": stories.keeping(stood),
        "rolling-back": stories.rolling_back(asking),
        "rolled-back": stories.rolled_back(asking),
        "promoted": stories.promoted(stories.keeping(stood)),
        "failed": stories.failed(stood),
        "stuck": stories.stuck(stood),
        "bluegreen-asking": stories.asking(
            stories.proven(stories.started(fixed(stories.planned(Strategy.BLUEGREEN, soak=0))))
        ),
        "rolling-asking": stories.asking(
            stories.proven(stories.started(fixed(stories.planned(Strategy.ROLLING, pause_at=50))))
        ),
        "in-place-keeping": stories.keeping(
            stories.proven(stories.started(fixed(stories.planned(pinned=False, steps=(25, 100)))))
        ),
        "strange": stories.asking(strange()),
        "unapproved": waits,
        "agreed": stories.agreed(waits),
        "denied": denied,
        "expired": waits.become(State.CANCELLED, stories.later(7300), ended_at=stories.later(7300)).tell(
            "expired", words.expired(7200), stories.later(7300)
        ),
        "one-way-keeping": stories.agreed(one_way, IntentKind.ROLLBACK),
    }
    for moment, release in moments.items():
        may = may_press(stories.TWO if moment in ("unapproved", "agreed") else Rules())
        yield f"card-{moment}", card(release, SIGNER, may)
    yield "card-no-table", card(asking, SIGNER).without_table()


def previews() -> Iterator[tuple[str, Message]]:
    """A plan of each kind, and one only to be looked at."""
    policy = ("There is no policy file: every full member may do everything.",)
    plans = {
        "canary": stories.planned(steps=(10, 50, 100), reason="faster start"),
        "in-place": stories.planned(pinned=False, probe=False, auto=True),
        "bluegreen": stories.planned(Strategy.BLUEGREEN, after="keep", keep=0),
        "rolling": stories.planned(Strategy.ROLLING, pause_at=50),
    }
    for kind, made in plans.items():
        yield f"preview-{kind}", preview(Preview(fixed(made), policy), SIGNER, SHOWING)
    yield "preview-strange", preview(Preview(odd(plans["canary"])), SIGNER, SHOWING, ["The cluster changed."])
    yield "plan-only", preview(Preview(fixed(plans["canary"]), policy), None, SHOWING)


def threads() -> Iterator[tuple[str, Message]]:
    """What stands under a card."""
    asking = stories.asking(stories.proven(canary(reason="for <!channel> & <@U2>")))
    stories_told = {
        "asking": stories.reminded(asking),
        "agreed": stories.agreed(asking),
        "held": stories.held(asking),
        "rolled-back": stories.rolled_back(asking),
        "stuck": stories.stuck(stories.proven(canary())),
        "failed": stories.failed(stories.proven(canary())),
        "promoted": stories.promoted(stories.keeping(stories.proven(canary()))),
        "strange": stories.asking(strange()),
    }
    for story, release in stories_told.items():
        for part in thread.parts(release, 0):
            post = thread.post(release, part, SIGNER)
            yield f"thread-{story}-{post.entry}", post.message
            if post.also is not None:
                yield f"thread-{story}-{post.entry}-manifest", post.also
    yield "thread-decided", thread.decided(stories.rolling_back(asking), 5)


def told() -> Iterator[tuple[str, Message]]:
    """Private answers, and samples."""
    asking = stories.asking(stories.proven(canary()))
    seen = stories.tally(
        27,
        70,
        unknown=2,
        lost=1,
        odd={"200": 1, "502": 1},
        nameless=2,
        error="timed out after 2 s",
        example="<html>&nbsp;</html>",
    )
    yield (
        "samples",
        samples.looked(Looked(asking, "k8sdemo", "v2", "v6", 25, seen, proxied=True), stories.BEN),
    )
    nothing = stories.tally(0, 0, lost=9, error="connection refused")
    yield (
        "samples-none",
        samples.looked(Looked(None, "k8sdemo", "", "", 100, nothing, proxied=False), stories.ANA),
    )
    yield (
        "status-all",
        answers.running([(asking, "http://x/archives/C1/p1"), (stories.soaking(canary()), "")]),
    )
    yield "status-none", answers.running([])
    yield "status-one", answers.status(asking, "http://x/archives/C1/p1")
    yield "history", answers.history("k8sdemo", [asking, stories.rolled_back(asking)])
    yield "help", answers.help_on(None, "/release")
    yield "help-canary", answers.help_on("canary", "/release")
    wrong = parse("canary k8sdemo v6 --stepps 25 <https://evil|x> &amp;")
    assert isinstance(wrong, Mistake)
    yield "mistake", answers.mistake(wrong, "/release")
    yield "rights", answers.lines(telling.whoami(_rights()))
    held = _lock()
    yield "locks", answers.lines(telling.locks([held, held.model_copy(update={"environment": "prod"})]))
    yield "lock-request", affairs.request(held, SIGNER)
    agreed = stories.agreed(stories.unapproved(fixed(stories.planned())))
    whole = telling.audit(agreed, audit(agreed))
    assert not isinstance(whole, Refusal)
    yield (
        "audit",
        answers.lines([line.replace(agreed.plan.hash, "(hash)") for line in whole if "hash is" not in line]),
    )
    refused = Refusal(code="locked", what="k8sdemo-16 is asking, started by <@U2> & <!here>.", remedy="Wait.")
    yield "refusal", answers.refusal(refused)
    yield from _of_affairs()


def _of_affairs() -> Iterator[tuple[str, Message]]:
    """Waiting in line, freezes, what there is, what is wrong."""
    plan = fixed(stories.planned())
    ticket = Ticket(
        id="0123456789abcdef",
        spec=plan.spec,
        by=stories.BEN,
        at=stories.NOW,
        namespace="shop",
        base="k8sdemo",
        channel="C1",
    )
    refused = Refusal(code="locked", what="k8sdemo-16 is asking, started by <@U2> & <!here>.", remedy="Wait.")
    queueing = Queueing(FakeDesk(), Identity(AsyncWebClient()), SIGNER)
    yield "refusal-queue", queueing.refusal(refused, plan.spec, "U1")
    line = [
        Waiting(ticket.model_copy(update={"asked": stories.NOW}), 1, 2, ""),
        Waiting(ticket.model_copy(update={"by": stories.ANA}), 2, 2, "k8sdemo-16"),
    ]
    told = telling.queue(line)
    assert not isinstance(told, Refusal)
    yield "queue", answers.lines(told)
    value = TurnValue(ticket=ticket.id, spec=plan.spec, plan=plan.hash, user="U2")
    above = [queue_words.your_turn("<@U2>", "k8sdemo v6", at(stories.later(900), "{time}"))]
    yield "turn", turn(Preview(plan), SIGNER, value, above)
    decreed = Decreed(
        environment="prod",
        by=stories.ANA,
        at=stories.NOW,
        until=stories.later(7200),
        reason=f"incident {ODD}",
    )
    season = Season("prod", people.Frozen(decreed.freeze, decreed.until), None, None)
    weekend = people.Freeze(Once(stories.NOW, stories.NOW), "weekend", "environments.prod.freeze[0]")
    coming = (weekend, stories.later(86400), stories.later(2 * 86400))
    seasons = telling.seasons([season, Season("staging", None, coming, None)])
    assert not isinstance(seasons, Refusal)
    yield "freezes", answers.lines(seasons)
    yield "services", overview.services(_stock(plan))
    yield "services-hundred", overview.services(sorted(_stock(plan) * 50, key=lambda one: one.environment))
    yield "doctor", overview.doctor(_checks())


def _stock(plan: Plan) -> list[Stock]:
    """A service that a release is at, and one that is locked."""
    release = stories.started(plan, stories.ANA)
    no = Refusal(code="not-allowed", what="Only sre may start releases in prod.")
    return [
        Stock("default", Item("k8sdemo", "k8sdemo", "k8sdemo", ("v2",), 3, 3), release, None, 1, Allowed()),
        Stock("prod", Item("web<!here>", "web", "web", ("v7", "v1"), 1, 2), None, _lock(), 0, no),
    ]


def _checks() -> list[checkup.Check]:
    """One of each kind."""
    return [
        checkup.skew(0.2, 0.5),
        checkup.rights("namespace `shop`", ["patch services"], "deploy/target to `shop`"),
        *checkup.scopes(frozenset(checkup.NEEDED_SCOPES)),
        checkup.vouching(installed=False),
    ]


def _rights() -> Whoami:
    """Ben's, who is on call."""
    who = stories.person(stories.BEN, "S0SRE")
    said = tuple(Verdict(a, may(a, who, stories.TWO, stories.NOW)) for a in Action)
    return Whoami(stories.BEN, who.standing, ("sre",), (Place("prod", "", said),))


def _lock() -> Lock:
    """Ana's, and Ben wants it."""
    asked = Request(by=stories.BEN, at=stories.NOW, seconds=3600, reason="hotfix <!channel>")
    return Lock(
        by=stories.ANA,
        reason=f"load test {ODD}",
        since=stories.NOW,
        until=stories.later(7200),
        service="k8sdemo",
        environment="default",
        base="k8sdemo-deploy",
        request=asked,
    )


def views() -> dict[str, dict[str, Any]]:
    """Every modal, and the Home tab."""
    begun = form.Chosen(channel="C1")
    seed = form.Chosen(service="k8sdemo", environment="prod", strategy=Strategy.ROLLING)
    longest = form.Chosen(channel="D1", service="s" * 253, environment=ODD, strategy=Strategy.BLUEGREEN)
    asking = stories.asking(stories.proven(canary()))
    plans = {"canary": stories.planned(steps=(25, 100)), "strange": odd(stories.planned(steps=(25, 100)))}
    shown = {n: preview(Preview(fixed(p) if n == "canary" else p), SIGNER, SHOWING) for n, p in plans.items()}
    no = Refusal(code="locked", what="k8sdemo-16 is asking, started by <@U2> & <!here>.", remedy="Wait.")
    full = Home(
        running=(asking, strange(), stories.soaking(canary())),
        waiting=(asking,),
        locks=(_lock(),),
        freezes=(
            FrozenTime("prod", "weekend & <!channel>", stories.later(7200)),
            FrozenTime("prod", "Black Friday", stories.later(180_000), begins=stories.later(90_000)),
        ),
        recent=(stories.rolled_back(asking), strange()),
    )
    many = Home(
        running=(strange(),) * 40, waiting=(strange(),) * 40, locks=(_lock(),) * 40, recent=(strange(),) * 5
    )
    return {
        "form": form.form(begun),
        "form-rolling": form.form(seed, reason=True),
        "form-strange": form.form(longest),
        "form-planning": form.planning("k8sdemo", "v6", "name"),
        "form-planned": form.planned(shown["canary"], "name", "value", "C1"),
        "form-planned-strange": form.planned(shown["strange"], "name"),
        "form-refused": form.refused(answers.refusal(no), "name"),
        "form-state": form.told(answers.status(asking, "http://x/archives/C1/p1")),
        "form-state-strange": form.told(answers.status(strange(), "")),
        "home": home.home(full, {asking.id: "https://x.slack.com/archives/C1/p1"}, stories.NOW),
        "home-empty": home.home(Home(), {}, stories.NOW),
        "home-many": home.home(many, {strange().id: "https://x.slack.com/archives/C1/p1"}, stories.NOW),
        "home-shut": home.shut(no),
    }


def scenes() -> dict[str, Message]:
    """All of them by name."""
    return dict([*cards(), *previews(), *threads(), *told()])


def readable(value: Any) -> Any:
    """A message for a golden file: what buttons carry is opened, a plan's hash (it changes with any plan) is masked."""
    if isinstance(value, dict):
        made = {k: readable(v) for k, v in value.items()}
        if (
            value.get("type") == "button"
            and (said := SIGNER.read(value.get("value")))
            and not isinstance(said, Forged)
        ):
            made["value"] = readable(
                said.model_dump(mode="json", exclude_defaults=True) | {"kind": said.kind}
            )
            made["value"] |= {"plan": "(hash)"} if "plan" in made["value"] else {}
        return made
    if isinstance(value, list):
        return [readable(one) for one in value]
    return re.sub(r"plan `[0-9a-f]{12}`", "plan `(hash)`", value) if isinstance(value, str) else value
