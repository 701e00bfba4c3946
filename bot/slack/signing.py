"""What a button carries, and that it is ours: JSON, packed, with an HMAC-SHA256 (RFC 2104) over it.

A value binds a click to one release and revision (or to one plan): nobody can make one, alter one, or use one of
another kind. It is base64url throughout, so nothing on the way can escape, shorten or prettify it.
"""

import base64
import binascii
import hashlib
import hmac
import json
import zlib
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from bot.slack.blocks import VALUE
from strategies.locks import Lock
from strategies.release import IntentKind
from strategies.spec import ReleaseSpec

_DOMAIN: Final = b"graylight button 1\n"  # a signature made for anything else with this key does not fit
_LARGEST: Final = 16_384  # bytes unpacked; ours are under 4 KiB


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StartValue(_Value):
    """Start, on a preview: what was asked for, the plan it became, who was shown it, and which showing it was."""

    kind: Literal["start"] = "start"
    spec: ReleaseSpec
    plan: str
    user: str
    showing: str


class ActValue(_Value):
    """An intent on a release as it was when the button was shown."""

    kind: Literal["act"] = "act"
    release: str
    action: IntentKind
    revision: int


class SamplesValue(_Value):
    """Samples of a release; harmless at any revision."""

    kind: Literal["samples"] = "samples"
    release: str


class LockValue(_Value):
    """A yes to the request in a lock, as it was shown."""

    kind: Literal["lock"] = "lock"
    lock: Lock


class QueueValue(_Value):
    """A place in line for this wish; what was refused, and to whom."""

    kind: Literal["queue"] = "queue"
    spec: ReleaseSpec
    user: str


class TurnValue(_Value):
    """Start, for somebody who has waited: their ticket, the plan that was made anew."""

    kind: Literal["turn"] = "turn"
    ticket: str
    spec: ReleaseSpec
    plan: str
    user: str


class LeaveValue(_Value):
    """Giving a place in line up."""

    kind: Literal["leave"] = "leave"
    ticket: str


Value = StartValue | ActValue | SamplesValue | LockValue | QueueValue | TurnValue | LeaveValue
_VALUES: Final[TypeAdapter[Value]] = TypeAdapter(Annotated[Value, Field(discriminator="kind")])


@dataclass(frozen=True, slots=True)
class Forged:
    """No value of ours, or not any more; `why` is for the log."""

    why: str


@dataclass(frozen=True, slots=True)
class Signer:
    """Makes and reads values with one key; replicas share it."""

    key: bytes

    def __post_init__(self) -> None:
        if len(self.key) < 16:  # noqa: PLR2004 - 128 bits, below which a key can be guessed
            raise ValueError("the signing key is shorter than 16 bytes")

    def value(self, value: Value) -> str | None:
        """The text for a button's value; None where it is longer than Slack takes."""
        said = value.model_dump(mode="json", exclude_defaults=True) | {"kind": value.kind}
        body = json.dumps(said, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
        packed = zlib.compress(body, 9)
        mark, sent = (b"z", packed) if len(packed) < len(body) else (b"j", body)
        made = f"{mark.decode()}.{_text(sent)}.{_text(self._sign(mark + sent))}"
        return made if len(made) <= VALUE else None

    def read(self, text: str | None) -> Value | Forged:
        """What a button's value says, once its signature fits."""
        if not text or len(text) > VALUE:
            return Forged("no value, or one too long")
        mark, _, rest = text.partition(".")
        sent, _, signature = rest.partition(".")
        try:
            body, given = _bytes(sent), _bytes(signature)
        except (ValueError, binascii.Error):
            return Forged("not in the shape of a value")
        if not hmac.compare_digest(given, self._sign(mark.encode() + body)):
            return Forged("the signature does not fit")
        try:
            return _VALUES.validate_json(_unpacked(body) if mark == "z" else body)
        except (ValidationError, zlib.error) as e:
            return Forged(f"signed by us, but not readable by this version: {e}")

    def _sign(self, body: bytes) -> bytes:
        return hmac.new(self.key, _DOMAIN + body, hashlib.sha256).digest()


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    made = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if _text(made) != text:  # several spellings decode to the same bytes; ours is the one without spare bits
        raise ValueError("not our spelling")
    return made


def _unpacked(body: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    made = unpacker.decompress(body, _LARGEST)
    if unpacker.unconsumed_tail:
        raise zlib.error("too large")
    return made
