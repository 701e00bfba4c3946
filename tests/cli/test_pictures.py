from strategies.release import State
from tests.cli.conftest import Graylight
from tests.cli.stage import MEASURED, FakeOffice, at, release


def test_a_plan_shows_what_was_found_each_step_the_timers_and_the_way_back(graylight: Graylight) -> None:
    office = FakeOffice()
    office.notes = ("There is no policy file.",)
    ran = graylight(office, "plan", "canary", "k8sdemo", "v6", "--soak", "10m")
    assert ran.code == 0
    rows = [" ".join(row.split()) for row in ran.out.splitlines()]
    for expected in (
        "canary k8sdemo v2 → v6 in default (namespace shop)",
        "found Deployment k8sdemo-deploy, 3 pods, shop/k8sdemo:v2",
        "Service k8sdemo-svc, Ingress k8sdemo-ingress",
        "image shop/k8sdemo:v6 in container k8sdemo",
        "step users get v2 v6",
        "1 25 % 25 % 3 pods 1 pod",
        "4 finish 100 % 0 pods 3 pods k8sdemo-deploy is deleted",
        "on fail holds",
        "· There is no policy file.",
    ):
        assert expected in rows
    assert "soak 10 min, then it asks" in ran.out
    assert not any(row.endswith(" ") for row in ran.out.splitlines())


def test_a_plan_of_each_strategy_can_be_shown(graylight: Graylight) -> None:
    assert (
        "pauses when" in graylight(FakeOffice(), "plan", "rolling", "k8sdemo", "v6", "--pause-at", "50%").out
    )
    assert "green stands" in graylight(FakeOffice(), "plan", "bluegreen", "k8sdemo", "v6").out


def test_status_lists_what_runs_and_says_when_nobody_moves_it(graylight: Graylight) -> None:
    held = at(release(), State.HOLDING, reason="held by <@U0ANA>")
    ran = graylight(FakeOffice(found=held), "status")
    assert ran.code == 0
    assert "k8sdemo-17  v2 → v6         holding  1/4" in ran.out
    assert "held by @U0ANA" in ran.out
    assert "No engine runs now" in ran.err
    idle = graylight(FakeOffice(), "status")
    assert (idle.code, idle.out, idle.err) == (0, "No release runs.\n", "")


def test_history_shows_how_each_ended(graylight: Graylight) -> None:
    office = FakeOffice()
    office.past = [at(release(17), State.PROMOTED), at(release(16), State.ROLLED_BACK)]
    rows = graylight(office, "history", "k8sdemo").out.splitlines()
    assert rows[1].startswith("k8sdemo-17  canary    v2 → v6   promoted ")
    assert rows[2].startswith("k8sdemo-16  canary    v2 → v6   rolled-back ")
    assert graylight(FakeOffice(), "history", "web").out == "There is no release of `web`.\n"


def test_samples_stand_side_by_side_and_an_answer_cannot_command_the_terminal(graylight: Graylight) -> None:
    office = FakeOffice(found=at(release(), State.SOAKING, measured=MEASURED))
    ran = graylight(office, "samples", "k8sdemo-17")
    assert "100 requests to k8sdemo: v6 answered 24 % (17–33 %), asked 25 %." in ran.out
    assert "75 × 200, 1 × 503" in ran.out
    assert r"Hello v6 \x1b[2J" in ran.out
