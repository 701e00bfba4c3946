"""What the embedded cluster can be told to do to its clients: outages, cut connections, and counts."""

import asyncio

import pytest

from bot.cluster.errors import Forbidden, Unreachable
from bot.playground.kube import Behaviour, Call
from strategies.objects import POD, SECRET, Kind, at, name_of
from tests.contract.world import World, pod, secret


@pytest.mark.parametrize("how", ["refuse", "error"])
async def test_while_it_is_away_nothing_is_answered_and_afterwards_all_is_there(
    embedded: World, how: str
) -> None:
    made = await embedded.create(SECRET, secret())
    assert embedded.embedded
    async with embedded.embedded.away(how):  # type: ignore[arg-type]  # a parameter of two of the three words
        with pytest.raises(Unreachable):
            await embedded.get(SECRET, "box")
    assert await embedded.get(SECRET, "box") == made


async def test_what_hangs_goes_on_when_it_is_back(embedded: World) -> None:
    assert embedded.embedded
    async with embedded.embedded.away("hang"):
        asking = asyncio.create_task(embedded.create(SECRET, secret()))
        done, _ = await asyncio.wait({asking}, timeout=0.05)
        assert not done
    assert name_of(await asking) == "box"


async def test_a_hook_that_raises_before_cuts_the_request_before_it_is_carried_out(embedded: World) -> None:
    assert embedded.embedded

    def cut(call: Call) -> None:
        if (call.phase, call.verb, call.plural) == ("before", "create", "secrets"):
            raise RuntimeError

    stop = embedded.embedded.on_request(cut)
    with pytest.raises(Unreachable):
        await embedded.create(SECRET, secret())
    stop()
    await embedded.create(SECRET, secret())


async def test_a_hook_that_raises_after_loses_the_answer_of_what_was_done(embedded: World) -> None:
    assert embedded.embedded
    seen: list[Call] = []

    async def cut(call: Call) -> None:
        seen.append(call)
        await asyncio.sleep(0)
        if (call.phase, call.verb) == ("after", "create"):
            raise RuntimeError

    stop = embedded.embedded.on_request(cut)
    with pytest.raises(Unreachable):
        await embedded.create(SECRET, secret())
    stop()
    assert await embedded.get(SECRET, "box")
    told = [(c.phase, c.verb, c.plural, c.namespace, c.manager, c.status) for c in seen]
    assert told == [
        ("before", "create", "secrets", "contract", "graylight", 0),
        ("after", "create", "secrets", "contract", "graylight", 201),
    ]


async def test_requests_are_counted_by_verb_and_kind(embedded: World) -> None:
    assert embedded.embedded
    before = embedded.embedded.requests.copy()
    await embedded.create(SECRET, secret())
    await embedded.get(SECRET, "box")
    await embedded.api.list(SECRET, embedded.namespace)
    await embedded.api.delete(embedded.ref(SECRET, "box"))
    assert embedded.embedded.requests - before == {
        "create secrets": 1,
        "get secrets": 1,
        "list secrets": 1,
        "delete secrets": 1,
    }


async def test_what_is_denied_is_forbidden_and_told_by_reviews(embedded: World) -> None:
    assert embedded.embedded
    await embedded.create(SECRET, secret())
    embedded.embedded.denied.add(("patch", "secrets"))
    with pytest.raises(Forbidden):
        await embedded.api.patch(embedded.ref(SECRET, "box"), {"data": {}}, "merge")
    kind = Kind(
        "authorization.k8s.io/v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", namespaced=False
    )
    verdicts = {}
    for verb in ("get", "patch"):
        asked = {"resourceAttributes": {"verb": verb, "resource": "secrets", "namespace": embedded.namespace}}
        review = {"apiVersion": kind.api, "kind": kind.name, "spec": asked}
        verdicts[verb] = (await embedded.api.create(kind, "", review))["status"]["allowed"]
    assert verdicts == {"get": True, "patch": False}


async def test_an_image_can_be_given_a_behaviour(embedded: World) -> None:
    assert embedded.embedded
    embedded.embedded.images["shop:broken"] = Behaviour(mark="[broken] ", version="9", fail_rate=1.0)
    await embedded.create(POD, pod(image="shop:broken"))
    await embedded.until(POD, "one", lambda p: bool(at(p, "status", "containerStatuses", 0, "ready")))
    path = f"/api/v1/namespaces/{embedded.namespace}/pods/one:60001/proxy/hello"
    status, headers, _ = await embedded.api.proxy(path, "POST", body=b"{}")
    assert (status, headers["X-Version"]) == (500, "9")
