"""What can go wrong between us and an API server.

ApiError
├── Unreachable      no answer, a time-out, 429 or 5xx: nothing is known, nothing may be concluded
└── Refused          an answer that says no
    ├── NotFound     404
    ├── Conflict     409: somebody wrote meanwhile, or a precondition failed
    │   └── Exists   409 AlreadyExists on a create
    ├── Gone         410: a watch has to list again
    ├── Invalid      400, 422: the request is wrong, or a JSON patch's test failed
    └── Forbidden    401, 403

The engine tells an outage (wait, try again) from a refusal (look again, decide again); nothing else matters to it.
"""

from bot.ports import Away


class ApiError(Exception):
    """Any failure of a request; `status` is the HTTP code, 0 without an answer."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Unreachable(ApiError, Away):
    """No usable answer: an outage, not a decision."""


class Refused(ApiError):
    """The API server said no."""


class NotFound(Refused):
    """404."""


class Conflict(Refused):
    """409: the object changed since it was seen."""


class Exists(Conflict):
    """409 AlreadyExists."""


class Gone(Refused):
    """410: the resourceVersion is too old."""


class Invalid(Refused):
    """400 or 422."""


class Forbidden(Refused):
    """401 or 403."""
