import asyncio
import signal
from collections.abc import AsyncIterator

import pytest

from strategies.refusal import Refusal
from strategies.release import Intent, IntentKind, Release, State
from tests.cli.conftest import Graylight
from tests.cli.stage import ANA, MEASURED, FakeOffice, at, release


async def promoted(office: FakeOffice) -> None:
    await office.move(State.SOAKING, "Asked 25 %, proven.", measured=MEASURED)
    await office.move(State.KEEPING)
    await office.move(State.PROMOTED, "Finished: k8sdemo is promoted to v6.")


async def rolled_back(office: FakeOffice) -> None:
    await office.move(State.ROLLED_BACK, "Rolled back: k8sdemo runs v2 as before.")


def ends(state: State) -> FakeOffice:
    async def script(office: FakeOffice) -> None:
        await office.move(state)

    return FakeOffice(script)


def test_a_release_that_is_promoted_exits_0_and_tells_every_event_once(graylight: Graylight) -> None:
    ran = graylight(FakeOffice(promoted), "canary", "k8sdemo", "v6", "--yes")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[-1].startswith("Took ")
    assert [line[9:] for line in lines[-5:-1]] == [
        "kim started it.",
        "Asked 25 %, proven.",
        "It is keeping.",
        "Finished: k8sdemo is promoted to v6.",
    ]
    assert "\x1b" not in ran.out
    assert ran.err == ""


@pytest.mark.parametrize(
    ("state", "code"),
    [(State.FAILED, 1), (State.ROLLED_BACK, 3), (State.CANCELLED, 3), (State.ASKING, 4), (State.HOLDING, 4)],
)
def test_how_a_release_ends_is_the_exit_code(graylight: Graylight, state: State, code: int) -> None:
    assert graylight(ends(state), "canary", "k8sdemo", "v6", "--yes").code == code


def test_without_a_terminal_a_question_ends_with_the_command_that_goes_on(graylight: Graylight) -> None:
    ran = graylight(ends(State.ASKING), "canary", "k8sdemo", "v6", "-y")
    assert (
        "go on with `graylight promote k8sdemo-17`, or back with `graylight rollback k8sdemo-17`" in ran.out
    )
    assert "`graylight run` would keep them going" in ran.out


def test_under_an_engine_elsewhere_nothing_is_said_about_timers_that_wait(graylight: Graylight) -> None:
    office = ends(State.ASKING)
    office.elsewhere = True
    assert "`graylight run`" not in graylight(office, "canary", "k8sdemo", "v6", "-y").out


def test_a_rollback_is_followed_to_its_end_and_exits_3(graylight: Graylight) -> None:
    office = FakeOffice(rolled_back, found=at(release(), State.ASKING))
    ran = graylight(office, "rollback", "k8sdemo-17")
    assert ran.code == 3
    assert office.acted == [Intent(kind=IntentKind.ROLLBACK)]
    assert ran.out.splitlines()[-1].startswith("Took ")
    assert [line[9:] for line in ran.out.splitlines()[:-1]] == [
        "`kim` rolls back.",
        "Rolled back: k8sdemo runs v2 as before.",
    ]


def test_a_promote_is_followed_until_it_asks_again(graylight: Graylight) -> None:
    async def asks_again(office: FakeOffice) -> None:
        await office.move(State.ASKING, "It asks again.")

    office = FakeOffice(asks_again, found=at(release(), State.ASKING, "It asks."))
    ran = graylight(office, "promote", "k8sdemo", "--full")
    assert ran.code == 4
    assert office.acted == [Intent(kind=IntentKind.PROMOTE, full=True)]
    assert "It asks again." in ran.out
    assert "It asks.\n" not in ran.out


def test_a_record_older_than_the_promote_does_not_ask_again(graylight: Graylight) -> None:
    """A watch may deliver the asking record after the promote was accepted."""

    async def late(office: FakeOffice) -> None:
        await office.push(office.records[0])
        await office.push(at(office.records[1], State.PROMOTED))

    office = FakeOffice(late, found=at(release(), State.ASKING))
    assert graylight(office, "promote").code == 0


@pytest.mark.parametrize("words", [("hold", "k8sdemo-17"), ("hold",)])
def test_what_was_accepted_and_moves_nothing_exits_0(graylight: Graylight, words: tuple[str, ...]) -> None:
    office = FakeOffice(found=at(release(), State.SOAKING))
    ran = graylight(office, *words)
    assert (ran.code, ran.out) == (0, "`kim` put it on hold; nothing moves.\n")


def test_an_intent_that_the_state_does_not_allow_is_refused_with_the_terminals_own_command(
    graylight: Graylight,
) -> None:
    ran = graylight(FakeOffice(found=at(release(), State.SOAKING)), "cancel", "k8sdemo-17")
    assert ran.code == 2
    assert ran.err == (
        "k8sdemo-17 has changed the cluster already.\nRoll it back: `graylight rollback k8sdemo-17`.\n"
    )


def test_a_refused_plan_exits_2_with_the_remedy_on_stderr(graylight: Graylight) -> None:
    office = FakeOffice()
    office.refusal = Refusal(code="locked", what="k8sdemo-9 is soaking.", remedy="Wait for it.")
    ran = graylight(office, "canary", "k8sdemo", "v6", "--yes")
    assert (ran.code, ran.out, ran.err) == (2, "", "k8sdemo-9 is soaking.\nWait for it.\n")


def test_detached_it_is_accepted_and_says_when_nobody_runs_an_engine(graylight: Graylight) -> None:
    ran = graylight(FakeOffice(), "canary", "k8sdemo", "v6", "--yes", "--detach")
    assert ran.code == 0
    assert "k8sdemo-17 is accepted" in ran.out
    assert "No engine runs now" in ran.err
    assert graylight(FakeOffice(elsewhere=True), "canary", "k8sdemo", "v6", "--yes", "--detach").err == ""


@pytest.mark.parametrize("elsewhere", [False, True])
def test_ctrl_c_exits_130_and_the_last_line_says_who_goes_on(
    graylight: Graylight, *, elsewhere: bool
) -> None:
    async def ctrl_c(office: FakeOffice) -> None:
        await office.followed.wait()
        signal.raise_signal(signal.SIGINT)
        await asyncio.Event().wait()

    ran = graylight(FakeOffice(ctrl_c, elsewhere=elsewhere), "canary", "k8sdemo", "v6", "--yes")
    assert ran.code == 130
    last = ran.err.splitlines()[-1]
    assert "`graylight status k8sdemo-17 --follow`" in last
    assert ("runs elsewhere" if elsewhere else "none runs now") in last


def test_a_polite_kill_is_as_ctrl_c(graylight: Graylight) -> None:
    async def kill(office: FakeOffice) -> None:
        await office.followed.wait()
        signal.raise_signal(signal.SIGTERM)
        await asyncio.Event().wait()

    assert graylight(FakeOffice(kill), "canary", "k8sdemo", "v6", "--yes").code == 130


def test_ctrl_c_before_anything_was_started_exits_130(graylight: Graylight) -> None:
    office = FakeOffice()
    office.failure = KeyboardInterrupt()  # type: ignore[assignment]  # as a signal would, in the middle of the plan
    ran = graylight(office, "plan", "canary", "k8sdemo", "v6")
    assert (ran.code, ran.err) == (130, "Interrupted. `graylight status` shows what runs.\n")


def test_a_deleted_record_is_told(graylight: Graylight, monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_more(self: FakeOffice, release_id: str) -> AsyncIterator[Release]:
        yield self.release

    monkeypatch.setattr(FakeOffice, "follow", no_more)
    ran = graylight(FakeOffice(), "canary", "k8sdemo", "v6", "--yes")
    assert ran.code == 1
    assert "The record of k8sdemo-17 is gone" in ran.err


def test_a_release_started_by_somebody_in_slack_is_promoted_from_here(graylight: Graylight) -> None:
    office = FakeOffice(promoted, found=at(release(actor=ANA), State.ASKING), elsewhere=True)
    assert graylight(office, "promote", "k8sdemo-17").code == 0
    assert office.records[1].events[-1].by.id == "kim"
    assert len(office.deliveries) == 1
