"""One function per kind of step: is it true yet, what would make it true, or why not.

An outcome is `Done`, `Do` (writes to journal and make), `Later` (a fact or a time is missing) or `Trouble` (it will not
come by itself). Each looks at the whole and may be asked any number of times.
"""

from typing import assert_never

from strategies.following import guard, remove, retarget, tidy
from strategies.outcome import Done, Outcome
from strategies.shifting import drain, lag, shift
from strategies.standing import check, stand
from strategies.steps import (
    Check,
    Drain,
    Guard,
    Keep,
    Lag,
    Prove,
    Remove,
    Retarget,
    Shift,
    Soak,
    Stand,
    Step,
    Tidy,
    Turn,
    Twin,
    Update,
)
from strategies.turning import turn, twin
from strategies.updating import update
from strategies.view import View


def ensure(step: Step, view: View) -> Outcome:  # noqa: PLR0912  # a match over all kinds of step is flat
    """What a step needs now. Soak, Keep and Prove wait for people, time and users: `decide` does those itself."""
    match step:
        case Stand():
            return stand(step, view)
        case Check():
            return check(view)
        case Shift():
            return shift(step, view)
        case Twin():
            return twin(step, view)
        case Turn():
            return turn(step, view)
        case Retarget():
            return retarget(step, view)
        case Guard():
            return guard(step, view)
        case Update():
            return update(step, view)
        case Drain():
            return drain(view)
        case Lag():
            return lag(step, view)
        case Remove():
            return remove(step, view)
        case Tidy():
            return tidy(view)
        case Prove() | Soak() | Keep():
            return Done()
        case _:
            assert_never(step)
