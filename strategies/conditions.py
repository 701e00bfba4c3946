"""The conditions of a cluster that matter to a release, each handled, advised or refused, in words.

One function per row of the table in docs/reference.md; it returns what it has to say, and None where the row does not
apply. A row that is handled says so as advice, since a person should know what will be touched.
"""

from collections.abc import Callable

from strategies import demands, owners, reach
from strategies.case import Case, Said
from strategies.refusal import Advice, Refusal

REFUSING: tuple[Callable[[Case], Said], ...] = (
    owners.owned, owners.keda, reach.strangers, reach.losing, reach.gaining, reach.policies,
    demands.volumes, demands.room, demands.recreate,
)  # fmt: skip
ADVISING: tuple[Callable[[Case], Said], ...] = (
    owners.applied, owners.autoscaler, owners.vertical, owners.budget,
    demands.readiness, demands.draining, demands.single, demands.affinity, demands.migrations, demands.many,
    reach.sessions, reach.local, reach.several_services, reach.pinned_label, reach.direct,
)  # fmt: skip
ROWS = (*REFUSING, *ADVISING)


def examine(case: Case) -> Refusal | tuple[Advice, ...]:
    """All rows; the first refusal wins, else everything that is worth knowing."""
    said = [row(case) for row in ROWS]
    refused = next((s for s in said if isinstance(s, Refusal)), None)
    return refused or tuple(s for s in said if isinstance(s, Advice))
