"""A Service's own selector as the router: which pods it catches is the split.

Five positions per Service, fixed in the plan; a shift is the change from one whole map to another, never a merge.

pinned:   {app, version: 1} → both {app} → canary {app, version: 2}, which stays
replace:  {app} → stable {app, version: 1} → both {app} → canary {app, version: 2} → after {app}
plain:    {app} → canary {app, graylight/release: web-17} → after {app}
beside:   {app: web} → canary {app: web-17} → after {app: web}
"""

from strategies.objects import Labels
from strategies.plan import Way


def way(service: str, selector: Labels, apart: Labels, pin: tuple[str, str, str] | None) -> Way:
    """The positions of one Service.

    `apart` are the labels that tell the canary's pods; `pin` is (key, old value, new value) of the version label where
    it can hold the old pods alone, None where nothing but the canary's own labels tells the tracks apart.

    >>> way("s", {"app": "a", "version": "1"}, {"version": "2"}, ("version", "1", "2")).both
    {'app': 'a'}
    >>> way("s", {"app": "a"}, {"graylight/release": "a-1"}, None).canary
    {'app': 'a', 'graylight/release': 'a-1'}
    """
    before = dict(selector)
    only_new = before | apart
    if pin is None:
        return Way(service=service, before=before, stable=before, both=before, canary=only_new, after=before)
    key, old, new = pin
    return Way(
        service=service,
        before=before,
        stable=before | {key: old},
        both={k: v for k, v in before.items() if k != key},
        canary=only_new,
        after=before | {key: new} if key in before else before,
    )
