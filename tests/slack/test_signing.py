"""A button's value: ours or nothing."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.signing import ActValue, Forged, SamplesValue, Signer, StartValue
from strategies.release import IntentKind
from strategies.spec import ReleaseSpec, Strategy
from tests.slack import stories

SIGNER = Signer(stories.KEY)
VALUE = ActValue(release="k8sdemo-17", action=IntentKind.PROMOTE, revision=3)


def start(**more: object) -> StartValue:
    spec = ReleaseSpec.model_validate(
        {"strategy": Strategy.CANARY, "service": "web", "version": "v6", **more}
    )
    return StartValue(spec=spec, plan="0123456789ab", user="U1", showing="0" * 16)


@given(st.text(max_size=300), st.text(min_size=1, max_size=60), st.integers(1, 10**6))
def test_a_value_says_what_it_was_made_of(reason: str, name: str, revision: int) -> None:
    for value in (
        start(reason=reason, service=name, steps=(5, 25), soak=0),
        ActValue(release=name, action=IntentKind.ROLLBACK, revision=revision),
        SamplesValue(release=name),
    ):
        made = SIGNER.value(value)
        assert made is not None
        assert SIGNER.read(made) == value


def test_the_longest_request_fits_or_there_is_no_button() -> None:
    longest = start(reason="🚀" * 300, service="s" * 253, version="v" * 200)
    made = SIGNER.value(longest)
    assert made is not None
    assert len(made) <= 2000
    unlucky = "".join(chr(0x4E00 + 37 * n % 20000) for n in range(300))
    assert (
        SIGNER.value(
            start(
                reason=unlucky,
                service="".join(map(chr, range(300, 553))),
                version="".join(map(chr, range(900, 1100))),
            )
        )
        is None
    )


@given(st.integers(0, 200), st.characters())
def test_an_altered_value_is_forged(at: int, other: str) -> None:
    made = SIGNER.value(VALUE) or ""
    at %= len(made)
    if made[at] != other:
        assert isinstance(SIGNER.read(made[:at] + other + made[at + 1 :]), Forged)


@given(st.text(max_size=100))
def test_anything_else_is_forged(text: str) -> None:
    assert isinstance(SIGNER.read(text), Forged)


def test_another_key_another_kind_and_no_value_are_forged() -> None:
    other = Signer(b"another key, sixteen or more").value(VALUE)
    assert isinstance(SIGNER.read(other), Forged)
    assert isinstance(SIGNER.read(None), Forged)
    made = SIGNER.value(VALUE) or ""
    mark, body, signature = made.split(".")
    assert isinstance(SIGNER.read(f"{'z' if mark == 'j' else 'j'}.{body}.{signature}"), Forged)
    assert isinstance(SIGNER.read(f"{mark}.{body}.{base64.urlsafe_b64encode(b'0' * 32).decode()}"), Forged)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter than 16"):
        Signer(b"short")
