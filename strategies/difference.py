"""What is different between two plans of one wish, in a few words: what a person looks at before agreeing again."""

from strategies.plan import Plan

_NAMED = {
    "container": "the container",
    "stable": "the Deployment",
    "base": "the Deployment",
    "manifest": "the Deployment's own manifest",
    "ways": "the Services that lead to it",
    "routes": "the routes that lead to it",
    "autoscalers": "its autoscalers",
    "budgets": "its disruption budgets",
    "probe": "its probe",
    "timers": "the timers",
    "stages": "the steps",
}


def difference(old: Plan, new: Plan) -> str:
    """In the order in which it matters; never empty for plans whose hashes differ."""
    said = []
    if old.from_image != new.from_image:
        said.append(f"{old.from_version} was running, {new.from_version} is now")
    if old.stable_pods != new.stable_pods:
        said.append(f"{old.stable_pods} pods then, {new.stable_pods} now")
    named = [text for field, text in _NAMED.items() if getattr(old, field) != getattr(new, field)]
    if named:
        said.append(f"{', '.join(dict.fromkeys(named))} changed")
    return "; ".join(said) or "details of the plan changed"
