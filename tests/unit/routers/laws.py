"""The laws every router is held to, over whatever objects and splits a test generates."""

from collections.abc import Callable, Iterable

from hypothesis import settings
from hypothesis import strategies as st

from strategies.lens import Audience, Router, Split
from strategies.objects import Obj
from strategies.refusal import Refusal
from strategies.snapshot import Snapshot
from tests.unit.routers.world import applied, edited, given_back, kind_of, plain, shifted

Edit = Callable[[Obj], None]

LAWS = settings(deadline=None, max_examples=60)  # a case is a whole way there and back

HEADERS = (
    Audience(by="header", name="X-Canary", value="beta"),
    Audience(by="header", name="x-group", value="always"),
)
COOKIES = (Audience(by="cookie", name="canary"), Audience(by="cookie", name="lab.x", value="a+b"))


def splits(*, per: Iterable[int] = (100, 1000, 3), extras: bool = True) -> st.SearchStrategy[Split]:
    """Any split, or without `extras` those of share and audiences alone."""

    @st.composite
    def made(draw: st.DrawFn) -> Split:
        whole = draw(st.sampled_from(tuple(per)))
        who = draw(st.lists(st.sampled_from((*HEADERS, *COOKIES)), unique=True, max_size=3))
        sticky = extras and draw(st.booleans())
        return Split(
            share=draw(st.integers(0, whole)),
            per=whole,
            audiences=tuple(who),
            sticky=sticky,
            mirror=draw(st.sampled_from((0, 0, 10, 100))) if extras else 0,
            expire=extras and not sticky and draw(st.booleans()),
        )

    return made()


def hold(router: Router, snapshot: Snapshot, wanted: list[Split], edits: list[Edit]) -> bool:
    """Shift from split to split, with a colleague's edits on the way, and give back; whether anything could be done.

    The edits are foreign: what is there in the end is what they alone would have made.
    """
    found = router.lanes("web", "web-canary", snapshot)
    if isinstance(found, Refusal):
        return False
    now, done = snapshot, False
    for lane in found:
        alone = snapshot
        assert router.split(lane, snapshot) in (Split(share=0), None)
        assert given_back(router, lane, snapshot, snapshot) == snapshot
        for i, split in enumerate(wanted):
            if router.unfit(lane, split, now) is not None:
                assert router.shift(lane, split, now) == ()
                continue
            now, done = shifted(router, lane, now, split), True
            assert plain(given_back(router, lane, snapshot, now)) == plain(alone)
            if i < len(edits):
                kind = kind_of(router, lane)
                now, alone = (edited(s, kind, lane.name, edits[i]) for s in (now, alone))
        back = applied(now, router.reset(lane, snapshot.find(kind_of(router, lane), lane.name), now))
        assert plain(back) == plain(alone)
        now = snapshot
    return done
