import asyncio, time, contextlib
from pathlib import Path
import pytest
from strategies.release import IntentKind, State
from tests.stories.manifests import seed
from tests.stories.person import Person, Wish, supervised
from tests.stories.world import opened
from tests.stories.ending import ending, posted_twice
from dataclasses import fields

async def run(tmp_path, monkeypatch, service, command, wishes, fault=None):
    async with opened(tmp_path, monkeypatch, service) as world:
        world.start(fault)
        task = asyncio.create_task(supervised(world))
        try:
            await Person(world).release(command, *wishes)
            await world.until(lambda: world.over)
            return ending(world), world.bots[0].points, posted_twice(world), len(world.bots)
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

@pytest.mark.timeout(600)
async def test_try(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def one(f=None):
        return await run(tmp_path, monkeypatch, seed(), "canary k8sdemo v6 --soak 0s --keep 0s --steps 25", [Wish(State.ASKING, IntentKind.PROMOTE)], f)
    await one()
    ref, points, twice, n = await one()
    print(points, twice)
    t0=time.time()
    from tests.stories.process import Point
    for p in points:
        for w in ("before","after"):
            f=Point(p.what,p.nth,w)
            t=time.time(); c=time.process_time()
            try:
                got, _, twice, n = await one(f)
            except Exception as e:
                print("FAIL", f, str(e)[:6000]); continue
            print(f, "%.2f s cpu %.2f"%(time.time()-t, time.process_time()-c), n, got.restarts, twice)
            for fl in fields(got):
                a,b=getattr(ref,fl.name),getattr(got,fl.name)
                if a!=b and fl.name!="restarts":
                    if isinstance(a,tuple):
                        import difflib
                        print("   ", fl.name, *difflib.unified_diff(a,b,lineterm="",n=0), sep="\n     ")
                    elif isinstance(a,dict): print("   ",fl.name,[ (k,a.get(k),b.get(k)) for k in {*a,*b} if a.get(k)!=b.get(k)])
                    else: print("   ",fl.name,a,b)
    print("all", time.time()-t0)
