"""Planning against the live cluster: look once, read annotations and policy, plan, and ask the server what it thinks."""

from collections.abc import Callable

from bot.cluster.api import Api
from bot.cluster.clusters import Clusters
from bot.cluster.errors import Forbidden, Invalid, Refused
from bot.cluster.observe import Watched, look
from bot.cluster.reviews import Granted, review
from bot.engine.proxied import Proxied
from bot.engine.rehearsing import not_admitted, rehearsed
from bot.hints import annotation_hints
from strategies import planner, undo
from strategies.changes import Changed
from strategies.hints import Hints
from strategies.names import label_value
from strategies.objects import DEPLOYMENT, Obj, annotations_of
from strategies.plan import Plan
from strategies.refusal import Refusal
from strategies.snapshot import Snapshot
from strategies.spec import ReleaseSpec
from strategies.target import Target, find

PolicyHints = Callable[[str, str], Hints]  # of a service in an environment
Watching = Callable[[Api, str], Watched | None]  # a namespace that is under watch already


class Planning:
    """Makes plans; keeps nothing but, for a moment, the rights it was granted."""

    def __init__(self, clusters: Clusters, policy: PolicyHints) -> None:
        self._clusters, self._policy = clusters, policy
        self._granted: Granted = {}

    async def plan(self, spec: ReleaseSpec, watching: Watching = lambda *_: None) -> Plan | Refusal:
        """A plan that the cluster, by its own dry run and access review, would let through."""
        drawn = await self._draw(spec, watching)
        if isinstance(drawn, Refusal):
            return drawn
        api, _, plan = drawn
        return await self._rehearse(api, plan) or plan

    async def preview(self, spec: ReleaseSpec) -> tuple[Plan, tuple[Changed, ...]] | Refusal:
        """The same, with each object that it will write as the cluster's dry run says it will stand."""
        drawn = await self._draw(spec, lambda *_: None)
        if isinstance(drawn, Refusal):
            return drawn
        api, snapshot, plan = drawn
        changes = await rehearsed(api, plan, snapshot)
        return changes if isinstance(changes, Refusal) else (plan, changes)

    async def _draw(self, spec: ReleaseSpec, watching: Watching) -> tuple[Api, Snapshot, Plan] | Refusal:
        """A plan that we have the rights for, and what it was made from."""
        place = await self.place(spec.environment)
        if isinstance(place, Refusal):
            return place
        api, namespace = place
        try:
            snapshot = await look(api, namespace, watching(api, namespace))
        except Forbidden as e:
            return Refusal(
                code="rights",
                what=f"Graylight may not look at namespace `{namespace}`: {e}.",
                remedy="Apply the Role in deploy/ to this namespace.",
            )
        hints = self.hints(snapshot, spec.service, spec.environment)
        if isinstance(hints, Refusal):
            return hints
        plan = planner.plan(spec, snapshot, hints)
        if isinstance(plan, Refusal):
            return plan
        refused = undo.too_big(undo.take(plan, snapshot)) or await review(api, plan, self._granted)
        return refused or (api, snapshot, plan)

    async def place(self, environment: str) -> tuple[Api, str] | Refusal:
        """Where an environment is."""
        known = ", ".join(f"`{name}`" for name in self._clusters.places)
        try:
            return await self._clusters.at(environment)
        except KeyError:
            return Refusal(
                code="no-such-environment",
                what=f"There is no environment `{environment}`.",
                remedy=f"Known: {known}.",
            )

    async def see(self, environment: str) -> tuple[Proxied, Snapshot] | Refusal:
        """An environment as it is now, and a way to ask in it."""
        place = await self.place(environment)
        if isinstance(place, Refusal):
            return place
        return Proxied(*place), await look(*place)

    async def target(
        self, service: str, environment: str
    ) -> tuple[Proxied, Snapshot, Target, Hints] | Refusal:
        """A service as it stands, for samples."""
        seen = await self.see(environment)
        if isinstance(seen, Refusal):
            return seen
        found = find(seen[1], service)
        if isinstance(found, Refusal):
            return found
        hints = self.hints(seen[1], service, environment)
        return hints if isinstance(hints, Refusal) else (*seen, found, hints)

    def hints(self, snapshot: Snapshot, service: str, environment: str) -> Hints | Refusal:
        """What annotation and policy say; the annotation wins."""
        found = find(snapshot, service)
        policy = self._policy(service, environment)
        if isinstance(found, Refusal):
            return policy
        said = annotation_hints(annotations_of(found.deployment))
        return said if isinstance(said, Refusal) else said.over(policy)

    async def _rehearse(self, api: Api, plan: Plan) -> Refusal | None:
        """The new Deployment through admission, defaulting and quota, without making it."""
        if plan.manifest is None:
            return None
        manifest: Obj = plan.bind(label_value(f"{plan.service}-0")).manifest or {}
        try:
            await api.create(DEPLOYMENT, plan.namespace, manifest, dry_run=True, purpose="plan")
        except (Invalid, Forbidden, Refused) as e:
            return not_admitted(f"Deployment {plan.canary}", str(e))
        return None
