"""Which of the answers that were gathered a proof shows."""

from bot.engine.gathering import window
from strategies.proof import FIRST, Asked, Proof
from strategies.samples import Sample, Version


def answers(version: Version, n: int) -> list[Sample]:
    return [Sample(version, 200, 0.01, f"{version} {i}") for i in range(n)]


def test_a_proof_that_saw_nothing_move_still_shows_what_it_saw() -> None:
    proof = Proof(Asked(25, before=0))
    for _ in range(3 * FIRST):
        proof = proof.add(0, 1)
    assert (proof.n, proof.total) == (0, 3 * FIRST)  # the window is empty, and much was sampled
    assert window(answers("old", 3 * FIRST), proof.n) == answers("old", 3 * FIRST)[-FIRST:]


def test_what_was_answered_before_the_window_is_no_part_of_it() -> None:
    assert window([*answers("old", 30), *answers("new", 5)], 5) == answers("new", 5)


def test_answers_that_name_no_version_are_kept_until_one_does() -> None:
    assert window(answers("", 50), 0) == answers("", 50)
