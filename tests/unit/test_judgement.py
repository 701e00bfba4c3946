"""What everything that was seen of two versions comes to, and in which words."""

import doctest
from collections.abc import Sequence
from datetime import timedelta

import pytest

from strategies import judgement, judgement_words, meters, metrics, readings, shape, spread, wager
from strategies.comparison import Comparison
from strategies.judgement import Fail, Inconclusive, Judgement, Pass, judge
from strategies.metrics import Metrics, Query
from strategies.mishaps import Mishaps
from strategies.objects import Obj
from strategies.plan import Plan
from strategies.readings import Metered, NoNumber, Number, Readings
from strategies.samples import Sample, Version
from strategies.shape import Shapes, compare
from tests.bench.simulate_judgement import NOW, plan

LATER = NOW + timedelta(seconds=30)
PROMETHEUS = Metrics(url="http://prometheus:9090", errors="istio")


def answers(
    version: Version, n: int, bad: int = 0, *, ms: float = 2.0, body: str = "", kind: str = ""
) -> list[Sample]:
    """So many, the first ones failed."""
    return [
        Sample(version, 500 if i < bad else 200, (ms + i % 7 / 10) / 1000, body, kind=kind) for i in range(n)
    ]


def seen(*looks: Sequence[Sample]) -> Comparison:
    made = Comparison()
    for look in looks:
        made = made.added(look, NOW)
    return made


def said(found: Judgement | None, kind: type[Pass | Fail | Inconclusive]) -> str:
    assert isinstance(found, kind), found
    return str(getattr(found, "reason", ""))


def told(update: dict[str, object]) -> Plan:
    return plan().model_copy(update=update)


def test_the_examples_in_the_modules_hold() -> None:
    for module in (judgement, meters, metrics, readings, shape, spread, wager, judgement_words):
        assert doctest.testmod(module).failed == 0, module


# failures


def test_a_version_that_fails_where_the_old_one_does_not_is_worse_in_the_words_of_the_issue() -> None:
    found = judge(seen([*answers("new", 60, 9), *answers("old", 180)]), plan())
    assert said(found, Fail) == "v6 fails 9 of 60, v5 0 of 180: worse, p < 0.001"


def test_what_many_looks_saw_adds_up() -> None:
    look = [*answers("new", 10, 1), *answers("old", 30)]
    assert isinstance(judge(seen(look), plan()), Pass | Inconclusive)
    assert said(judge(seen(*[look] * 6), plan()), Fail).startswith("v6 fails 6 of 60, v5 0 of 180: worse, p")


def test_as_good_is_told_with_what_was_counted() -> None:
    found = judge(seen([*answers("new", 60), *answers("old", 180)]), plan())
    assert said(found, Pass).startswith(
        "nothing was found wrong with v6: v6 fails 0 of 60, v5 0 of 180; half of v6's answers take 2."
    )


def test_what_may_be_luck_is_inconclusive_and_says_so() -> None:
    found = judge(seen([*answers("new", 60, 2), *answers("old", 180)]), plan())
    assert "it may be luck (p = 0." in said(found, Inconclusive)


def test_an_old_version_that_fails_itself_is_not_the_new_ones_fault() -> None:
    found = judge(seen([*answers("new", 60, 10), *answers("old", 180, 30)]), plan())
    text = said(found, Inconclusive)
    assert text.startswith("v5 itself fails 30 of 180 (v6 10 of 60): that is not v6's fault")


def test_a_version_that_mends_what_the_old_one_breaks_passes() -> None:
    assert isinstance(judge(seen([*answers("new", 60), *answers("old", 180, 30)]), plan()), Pass)


def test_a_version_worse_than_an_old_one_that_fails_too_is_worse_all_the_same() -> None:
    found = judge(seen([*answers("new", 60, 40), *answers("old", 180, 18)]), plan())
    assert "v6 fails 40 of 60, v5 18 of 180: worse" in said(found, Fail)


def test_a_version_that_nobody_met_cannot_be_judged() -> None:
    text = said(judge(seen(answers("old", 60)), plan()), Inconclusive)
    assert text == "none of 60 sampled requests was answered by v6: there is nothing to judge"


def test_low_traffic_is_told_with_its_number() -> None:
    text = said(judge(seen([*answers("new", 3), *answers("old", 60)]), plan()), Inconclusive)
    assert text == "v6 answered only 3 sampled requests, too few to judge"


def test_failures_without_an_old_version_to_compare_with_ask() -> None:
    text = said(judge(seen(answers("new", 60, 6)), plan()), Inconclusive)
    assert text.startswith("v6 fails 6 of 60, and v5 answered only 0 to compare with")


def test_failures_that_name_nobody_ask_whose_they_are() -> None:
    look = [*answers("new", 60), *answers("old", 180), *answers("", 12, 12)]
    text = said(judge(seen(look), plan()), Inconclusive)
    assert text == "12 of 252 requests failed, and do not say which version failed them"


def test_pods_that_were_asked_one_by_one_say_whose_the_failures_are() -> None:
    look = seen([*answers("new", 60), *answers("old", 180), *answers("", 12, 12)])
    guilty = said(judge(look.asked_apart((40, 31), (120, 120)), plan()), Fail)
    assert guilty == "v6, its pods asked one by one, fails 9 of 40, v5 0 of 120: worse, p < 0.001"
    text = said(judge(look.asked_apart((40, 40), (120, 96)), plan()), Inconclusive)
    assert "v6, its pods asked one by one, fails 0 of 40, v5 24 of 120: that is not v6's fault" in text


# times


def test_a_slow_version_is_told_apart_with_both_times() -> None:
    found = judge(seen([*answers("new", 20, ms=152), *answers("old", 60)]), plan())
    text = said(found, Fail)
    assert text.startswith("v6 is slower: half of v6's answers take 152 ms or less, v5's 2.")
    assert text.endswith("p < 0.001")


def test_a_moment_on_a_busy_node_condemns_nobody_and_a_second_one_does() -> None:
    look = [*answers("new", 30, ms=385), *answers("old", 90, ms=214)]
    once = seen(look)
    assert once.usual.beyond(0.005)
    assert isinstance(judge(once, plan()), Pass)
    assert isinstance(judge(once.added(look, NOW + timedelta(seconds=30)), plan()), Fail)


def test_a_version_as_slow_as_the_old_one_is_not_blamed() -> None:
    assert isinstance(judge(seen([*answers("new", 60, ms=152), *answers("old", 180, ms=150)]), plan()), Pass)


def test_a_difference_nobody_would_notice_condemns_nobody() -> None:
    look = [*answers("new", 60, ms=4), *answers("old", 180, ms=2)]  # twice as long, and 2 ms
    assert isinstance(judge(seen(*[look] * 40), plan()), Pass)


def test_failed_answers_say_nothing_about_time() -> None:
    found = seen([*answers("new", 30, 30, ms=2000), *answers("new", 30), *answers("old", 180)])
    assert found.new.p95 < 10


def test_the_first_answers_of_cold_pods_do_not_count_for_time() -> None:
    cold = Comparison().added([*answers("new", 60, ms=900), *answers("old", 180)], NOW, timed=False)
    warm = cold.added([*answers("new", 20), *answers("old", 60)], LATER)
    assert isinstance(judge(warm, plan()), Pass)
    assert warm.new.requests == 80


# pods


def pod(
    name: str, *, restarts: int = 0, ready: str = "2026-01-01T00:00:00Z", ended: Obj | None = None
) -> Obj:
    """As the API shows it; `ready` empty while it is not."""
    state: Obj = {"restartCount": restarts, "lastState": {"terminated": ended} if ended else {}}
    conditions = [{"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": ready}]
    return {
        "metadata": {"name": name, "uid": f"uid-of-{name}"},
        "status": {"conditions": conditions, "containerStatuses": [state]},
    }


def pods(
    new: tuple[Obj, Obj], old: tuple[Obj, Obj] = (pod("old-1"), pod("old-1")), more: Comparison | None = None
) -> Comparison:
    """One pod of each, as it was and as it is."""
    made = more or seen([*answers("new", 60), *answers("old", 180)])
    return made.seen([new[0]], [old[0]], NOW).seen([new[1]], [old[1]], LATER)


def test_a_restart_of_the_new_version_alone_is_worse() -> None:
    found = pods((pod("new-1"), pod("new-1", restarts=1, ended={"exitCode": 3})))
    text = said(judge(found, plan()), Fail)
    assert text == "pods of v6 fall over: 1 restart (new-1 restarted (exit code 3); v5: 0): worse"


def test_a_pod_killed_for_want_of_memory_is_worse_and_says_so() -> None:
    found = pods((pod("new-1"), pod("new-1", restarts=1, ended={"exitCode": 137, "reason": "OOMKilled"})))
    assert "new-1 was killed for want of memory" in said(judge(found, plan()), Fail)
    assert found.new.pods.killed == 1


def test_restarts_of_both_versions_are_not_the_new_ones_fault() -> None:
    found = pods((pod("new-1"), pod("new-1", restarts=1)), (pod("old-1"), pod("old-1", restarts=2)))
    assert "that is not its fault" in said(judge(found, plan()), Inconclusive)


def test_readiness_that_comes_and_goes_asks_once_and_condemns_twice() -> None:
    once = pods((pod("new-1"), pod("new-1", ready="2026-01-01T00:00:20Z")))
    assert "lost its readiness once (new-1" in said(judge(once, plan()), Inconclusive)
    twice = once.seen([pod("new-1", ready="2026-01-01T00:00:50Z")], [pod("old-1")], LATER)
    assert "readiness lost 2 times" in said(judge(twice, plan()), Fail)


def test_a_pod_that_is_not_ready_at_a_look_and_ready_at_the_next_has_flapped_once() -> None:
    found = Mishaps().added([pod("a")]).added([pod("a", ready="")]).added([pod("a", ready="later")])
    assert (found.flaps, found.restarts) == (1, 0)


def test_pods_that_come_and_go_by_scaling_are_no_mishap() -> None:
    found = Mishaps().added([pod("a")]).added([pod("a"), pod("b", restarts=4)]).added([pod("b", restarts=4)])
    assert found.count == 0


# shapes

OLD = '{"message": "hi", "count": 1, "tags": [{"id": 1}]}'


@pytest.mark.parametrize(
    ("body", "breaking", "other"),
    [
        (OLD, (), ()),
        ('{"message": "ho", "count": 7, "tags": []}', ("`$.tags[]` is gone",), ()),
        ('{"message": "hi", "tags": [{"id": 1}]}', ("`$.count` is gone",), ()),
        (
            '{"message": "hi", "count": "1", "tags": [{"id": 1}]}',
            ("`$.count` is text, not number",),
            (),
        ),
        ('{"message": "hi", "count": null, "tags": [{"id": 1}]}', (), ()),
        ('{"message": "hi", "count": 1, "tags": [{"id": 1}], "more": {"a": 1}}', (), ("`$.more` is new",)),
        (
            '{"message": "' + "x" * 200 + '", "count": 1, "tags": [{"id": 1}]}',
            (),
            ("the usual size is 248 bytes, not 50",),
        ),
    ],
)
def test_bodies_are_compared_by_their_fields(
    body: str, breaking: tuple[str, ...], other: tuple[str, ...]
) -> None:
    old = Shapes().added([("application/json", OLD)] * 20)
    found = compare(Shapes().added([("application/json", body)] * 20), old)
    assert (found.breaking, found.other) == (breaking, other)


def test_another_content_type_is_a_difference_and_its_parameters_are_not() -> None:
    old = Shapes().added([("application/json", OLD)] * 20)
    assert compare(Shapes().added([("application/json; charset=utf-8", OLD)] * 20), old).breaking == ()
    html = compare(Shapes().added([("text/html", "<p>hi</p>")] * 20), old)
    assert html.breaking == ("the content type is text/html, not application/json",)


def test_a_field_that_is_there_at_times_only_is_no_difference() -> None:
    old = Shapes().added([("", '{"a": 1, "b": 2}'), ("", '{"a": 1}')] * 10)
    assert compare(Shapes().added([("", '{"a": 1}')] * 20), old).breaking == ()


def test_maps_by_id_and_bodies_of_many_fields_make_no_differences_up() -> None:
    def by_id(start: int) -> list[tuple[str, str]]:
        return [("", f'{{"users": {{"u{start + n}": 1}}}}') for n in range(50)]

    found = compare(Shapes().added(by_id(1000)), Shapes().added(by_id(0)))
    assert (found.breaking, found.other) == ((), ())


def test_a_changed_shape_asks_once_and_not_again_who_was_told() -> None:
    look = [
        *answers("new", 20, body='{"b": 1}', kind="application/json"),
        *answers("old", 60, body='{"a": 1, "b": 1}', kind="application/json"),
    ]
    first = judge(seen(look), plan())
    assert said(first, Inconclusive) == "answers of v6 look different from v5's: `$.a` is gone"
    assert isinstance(first, Inconclusive)
    assert isinstance(judge(seen(look).knows(first.unknown), plan()), Pass)


# metrics


def read(*looks: tuple[tuple[int, int], tuple[int, int]]) -> Comparison:
    made = Readings()
    for new, old in looks:
        made = made.counted(new, old)
    good = seen([*answers("new", 60), *answers("old", 180)])
    return good.model_copy(update={"readings": made})


def test_users_failures_by_the_routers_own_count_are_judged() -> None:
    found = read(((100, 1), (300, 0)), ((1000, 30), (3000, 2)))
    text = said(judge(found, told({"metrics": PROMETHEUS})), Fail)
    assert text == "by Istio's count v6 fails 30 of 1000, v5 2 of 3000: worse, p < 0.001"


def test_without_samples_the_routers_count_is_enough() -> None:
    found = read(((900, 1), (3000, 2))).model_copy(update={"new": Comparison().new, "old": Comparison().old})
    assert isinstance(judge(found, told({"metrics": PROMETHEUS, "probe": None})), Pass)


def test_few_users_and_no_probe_are_too_little() -> None:
    found = read(((4, 0), (12, 0)))
    text = said(judge(found, told({"metrics": PROMETHEUS, "probe": None})), Inconclusive)
    assert text == "Istio counted only 4 requests of users for v6, too few to judge"


def test_neither_probe_nor_metrics_say_that_only_pods_were_seen() -> None:
    text = said(judge(Comparison(), told({"probe": None})), Inconclusive)
    assert text.startswith("neither samples of the users' way nor metrics tell how v6 does")


@pytest.mark.parametrize("why", ["http://p:9090 did not answer within 5 s", "Prometheus has no data for v6"])
def test_metrics_that_were_declared_and_say_nothing_ask(why: str) -> None:
    good = seen([*answers("new", 60), *answers("old", 180)])
    found = good.model_copy(update={"readings": Readings().missed(why)})
    assert said(judge(found, told({"metrics": PROMETHEUS})), Inconclusive) == f"Istio: {why}"


def test_a_counter_that_begins_anew_loses_what_was_not_seen_and_nothing_else() -> None:
    found = Readings().counted((500, 4), (900, 2)).counted((20, 0), (1000, 2))
    assert found.failures.peak >= 0
    assert found.new == (20, 0)


OWN = Metrics(
    url="http://p:9090",
    queries={
        "heap": Query(query='heap{pod=~"{{pods}}"}', max=100),
        "queue": Query(query='queue{deployment="{{deployment}}"}', max_ratio=1.5),
    },
)
NEW = meters.Names(
    "canary", "shop", "web-v6", "web-canary", ("web-v6-1",), ("10.1.0.3",), "v6", "web", "web-canary"
)
STABLE = meters.Names("stable", "shop", "web", "web", ("web-1",), ("10.1.0.2",), "v5", "web", "web-canary")
TRACKS = meters.Tracks(NEW, STABLE, 90)


def own(*looks: tuple[float, float, float]) -> Judgement:
    made = Readings()
    for heap, queue, before in looks:
        answered = dict(zip(meters.queries(OWN, TRACKS), map(Number, (heap, queue, before)), strict=True))
        made = meters.read(OWN, TRACKS, Metered(answered), made)
    good = seen([*answers("new", 60), *answers("old", 180)])
    return judge(good.model_copy(update={"readings": made}), told({"metrics": OWN}))


def test_an_own_query_condemns_at_two_looks_in_a_row_and_asks_at_one() -> None:
    assert isinstance(own((90, 3, 3), (90, 4, 3)), Pass)
    text = said(own((90, 3, 3), (120, 3, 3)), Inconclusive)
    assert text == "`heap` is 120 for v6, at most 100 is allowed, at the last look only"
    assert said(own((120, 3, 3), (130, 3, 3)), Fail).endswith("at two looks in a row: worse")
    assert isinstance(own((120, 3, 3), (90, 3, 3)), Pass)


def test_an_own_query_is_compared_with_the_old_version() -> None:
    text = said(own((1, 8, 3), (1, 9, 3)), Fail)
    assert text.startswith("`queue` is 9 for v6 (v5: 3), at most 1.5 times as much is allowed")


def test_an_own_query_without_a_number_asks_in_its_name() -> None:
    metered = Metered(
        dict.fromkeys(meters.queries(OWN, TRACKS), NoNumber("Prometheus gives no number (NaN)"))
    )
    found = seen([*answers("new", 60), *answers("old", 180)]).model_copy(
        update={"readings": meters.read(OWN, TRACKS, metered, Readings())}
    )
    text = said(judge(found, told({"metrics": OWN})), Inconclusive)
    assert text == "`heap`: Prometheus gives no number (NaN)"


def test_pods_behind_one_service_cannot_be_told_apart_by_a_routers_counters() -> None:
    new, old = (
        meters.Names(n.track, "shop", n.deployment, "web", n.pods, (), n.version, "web")
        for n in (NEW, STABLE)
    )
    alone = meters.Tracks(new, old, 90)
    traefik = Metrics(url="http://p:9090", errors="traefik")
    assert meters.queries(traefik, alone) == ()
    assert "pods make the split" in meters.read(traefik, alone, Metered(), Readings()).trouble


# while the old version stands warm


def test_a_version_that_fails_once_it_serves_alone_is_found_by_what_was_usual_before() -> None:
    before = seen([*answers("new", 60), *answers("old", 180)])
    after = before
    for _ in range(4):
        after = after.alone(answers("new", 20, 4), LATER, judgement.usual(before))
    text = said(judgement.keeping(after, plan()), Fail)
    assert text.startswith("v6 fails 16 of 80 now that it has all traffic, v5 failed 0 of 180 before: worse")


def test_a_version_that_fails_no_more_than_before_is_kept() -> None:
    before = seen([*answers("new", 60, 1), *answers("old", 180, 3)])
    after = before
    for n in range(60):
        after = after.alone(answers("new", 20, n % 3 == 0), LATER, judgement.usual(before))
    assert isinstance(judgement.keeping(after, plan()), Pass)
