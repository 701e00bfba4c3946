"""A no that helps: a code, what is wrong, and what to do about it.

A refusal is a value, returned; an exception is a bug or an outage. Surfaces print `what` and `remedy` as they are.
"""

from pydantic import BaseModel, ConfigDict


class Refusal(BaseModel):
    """Why something will not be done. `code` is stable (docs/reference.md lists them); the words may improve."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        what = self.what if self.what.endswith((".", "!", "?", ":")) else f"{self.what}."
        return f"{what} {self.remedy}".strip()


class Advice(BaseModel):
    """What a person should know before saying yes; it forbids nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    what: str
