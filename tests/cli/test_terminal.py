import asyncio
import os
import re

import pytest

from bot.cli.plain import clean
from bot.cli.screen import Keyboard
from bot.ports import Origin
from strategies.refusal import Refusal
from strategies.release import Actor, Intent, IntentKind, Release, State
from tests.cli.conftest import AtTerminal, Person
from tests.cli.stage import ANA, MEASURED, FakeOffice, at, release

START = ("canary", "k8sdemo", "v6")


def asking() -> FakeOffice:
    """It asks, and goes on as it is told."""

    async def script(office: FakeOffice) -> None:
        await office.move(State.ASKING, "v6 waits for a decision.", measured=MEASURED)
        await office.until("promote")
        await office.move(State.PROMOTED, "Finished.")

    return FakeOffice(script)


def text(out: str) -> str:
    """Without colours and cursor movements."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out)


def test_a_yes_starts_exactly_the_plan_that_was_shown(at_terminal: AtTerminal) -> None:
    office = asking()
    ran = at_terminal(office, Person("y", "p"), *START)
    assert ran.code == 0
    shown = text(ran.out)
    assert "Start? [y/N]" in shown
    assert office.started[0][1] in shown


@pytest.mark.parametrize("answer", ["", "n", "nope", None])
def test_anything_but_yes_starts_nothing(at_terminal: AtTerminal, answer: str | None) -> None:
    office = FakeOffice()
    ran = at_terminal(office, Person(answer), *START)
    assert ran.code == 2
    assert "Nothing was started." in ran.out
    assert office.started == []


@pytest.mark.parametrize("answer", ["p", "promote", "P"])
def test_when_the_release_asks_so_does_the_terminal(at_terminal: AtTerminal, answer: str) -> None:
    office = asking()
    ran = at_terminal(office, Person(answer), *START, yes=True)
    assert ran.code == 0
    assert "k8sdemo-17 is asking: [p]romote, roll [b]ack, [h]old, [w]ait, [q]uit?" in text(ran.out)
    assert office.acted == [Intent(kind=IntentKind.PROMOTE)]


def test_an_answer_that_does_not_fit_is_asked_again(at_terminal: AtTerminal) -> None:
    person = Person("perhaps", "", "r", "p")
    assert at_terminal(asking(), person, *START, yes=True).code == 0
    assert person.asked == 4


def test_a_hold_from_the_question_exits_4(at_terminal: AtTerminal) -> None:
    office = asking()
    ran = at_terminal(office, Person("hold"), *START, yes=True)
    assert ran.code == 4
    assert office.acted == [Intent(kind=IntentKind.HOLD)]
    assert "go on with graylight promote k8sdemo-17" in text(ran.out)


@pytest.mark.parametrize("answer", ["q", "quit", None])
def test_leaving_the_question_exits_4_and_changes_nothing(
    at_terminal: AtTerminal, answer: str | None
) -> None:
    office = asking()
    assert at_terminal(office, Person(answer), *START, yes=True).code == 4
    assert office.acted == []


def test_a_roll_back_from_the_question_is_followed_to_its_end(at_terminal: AtTerminal) -> None:
    async def script(office: FakeOffice) -> None:
        await office.move(State.ASKING)
        await office.until("rollback")
        await office.move(State.ROLLED_BACK)

    assert at_terminal(FakeOffice(script), Person("b"), *START, yes=True).code == 3


def test_after_wait_it_is_followed_until_somebody_else_decides(at_terminal: AtTerminal) -> None:
    person = Person("w")

    async def script(office: FakeOffice) -> None:
        await office.move(State.ASKING)
        await person.until(1)
        await office.act("k8sdemo-17", Intent(kind=IntentKind.PROMOTE), ANA, Origin("slack"))
        await office.move(State.PROMOTED)

    assert at_terminal(FakeOffice(script), person, *START, yes=True).code == 0
    assert person.asked == 1


def test_a_question_decided_elsewhere_is_withdrawn(at_terminal: AtTerminal) -> None:
    person = Person()

    async def script(office: FakeOffice) -> None:
        await office.move(State.ASKING)
        await person.until(1)
        await office.act("k8sdemo-17", Intent(kind=IntentKind.PROMOTE), ANA, Origin("slack"))
        await office.move(State.PROMOTED)

    ran = at_terminal(FakeOffice(script), person, *START, yes=True)
    assert ran.code == 0
    shown = text(ran.out)
    assert "That was decided elsewhere." in shown
    assert "@U0ANA promoted it." in shown
    assert "<@" not in shown


def test_an_answer_to_a_question_that_has_moved_on_changes_nothing(at_terminal: AtTerminal) -> None:
    class Slow(FakeOffice):
        """The release moves on between the answer and its arrival."""

        async def act(
            self, release_id: str, intent: Intent, actor: Actor, origin: Origin, revision: int | None = None
        ) -> Release | Refusal:
            """Somebody else was faster."""
            await self.move(State.KEEPING)
            answer = await super().act(release_id, intent, actor, origin, revision)
            await self.move(State.PROMOTED)
            return answer

    async def script(office: FakeOffice) -> None:
        await office.move(State.ASKING)

    office = Slow(script)
    ran = at_terminal(office, Person("p"), *START, yes=True)
    assert ran.code == 0
    assert office.acted == []
    assert "has moved on" in ran.err


def test_a_reminder_is_shown_and_the_question_stays(at_terminal: AtTerminal) -> None:
    person = Person()

    async def script(office: FakeOffice) -> None:
        await office.move(State.ASKING)
        await person.until(1)
        await office.push(office.release.tell("reminder", "<@U0ANA> it waits.", office.release.since))
        await office.act("k8sdemo-17", Intent(kind=IntentKind.HOLD), ANA, Origin("slack"))
        await person.until(2)
        await office.move(State.CANCELLED)

    ran = at_terminal(FakeOffice(script), person, *START, yes=True)
    shown = text(ran.out)
    assert "@U0ANA it waits." in shown
    assert shown.count("is asking: [p]romote") == 2
    assert "is holding: [p]romote, [r]esume, roll [b]ack, [w]ait, [q]uit?" in shown


def test_the_picture_fits_80_columns_and_says_all(at_terminal: AtTerminal) -> None:
    ran = at_terminal(
        FakeOffice(found=at(release(), State.HOLDING, measured=MEASURED)), Person(), "status", "k8sdemo"
    )
    shown = text(ran.out)
    assert max(len(line) for line in shown.splitlines()) <= 80
    for expected in (
        "k8sdemo-17 · canary v2 → v6",
        "holding  step 1 of 4",
        "● 25 %   ○ 50 %   ○ 100 %",
        "asked 25 %, measured 24 % (17–33 %) of 100, proven",
        "v2 3/3   v6 1/1",
        "graylight resume k8sdemo-17",
    ):
        assert expected in shown


def test_no_color_is_honoured(at_terminal: AtTerminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    office = FakeOffice(found=at(release(), State.HOLDING, measured=MEASURED))
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", at_terminal(office, Person(), "status", "k8sdemo").out)


def test_an_event_cannot_command_the_terminal(at_terminal: AtTerminal) -> None:
    async def script(office: FakeOffice) -> None:
        await office.move(State.FAILED, "log: \x1b]0;owned\x07 \u202egnp")

    out = at_terminal(FakeOffice(script), Person(), *START, yes=True).out
    assert "\x1b]" not in out
    assert "\u202e" not in out
    assert r"\x1b]0;owned\x07" in out


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("<@U1> rolls back", "@U1 rolls back"),
        ("<@U1|ana> rolls back", "@ana rolls back"),
        ("<!subteam^S1> may", "@S1 may"),
        ("<#C1|releases>", "#releases"),
        ("1 < 2 and <b>", "1 < 2 and <b>"),
    ],
)
def test_slacks_mentions_are_readable(raw: str, shown: str) -> None:
    assert clean(raw) == shown


async def test_the_keyboard_reads_lines_of_a_real_terminal_and_forgets_what_was_typed_before() -> None:
    master, slave = os.openpty()
    with os.fdopen(slave, encoding="utf-8") as stream:
        keys = Keyboard(stream)
        assert keys.there
        os.write(master, b"promote\n")
        keys.forget()
        waiting = asyncio.create_task(keys.line())
        await asyncio.sleep(0)
        assert not waiting.done()
        os.write(master, "zurück \n".encode())
        assert await waiting == "zurück"
        os.write(master, b"\x04")
        assert await keys.line() is None
    os.close(master)
