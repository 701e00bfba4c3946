"""Watches: nothing between the list and the watch is lost, selectors come and go, old history is Gone."""

import asyncio
import json

import pytest

from bot.cluster.errors import Gone, Unreachable
from strategies.objects import DEPLOYMENT, SECRET, Obj, labels_of, meta, name_of, version_of
from tests.contract.world import World, deployment, secret


def labelled(name: str, **labels: str) -> Obj:
    made = secret(name)
    made["metadata"]["labels"] = labels
    return made


async def test_a_watch_from_a_lists_version_tells_every_change_since(cluster: World) -> None:
    seen = meta(await cluster.api.list(SECRET, cluster.namespace))["resourceVersion"]
    made = await cluster.create(SECRET, secret())
    await cluster.api.patch(cluster.ref(SECRET, "box"), {"metadata": {"labels": {"a": "b"}}}, "merge")
    await cluster.api.delete(cluster.ref(SECRET, "box"))
    events = await cluster.history(SECRET, seen, lambda e: e["type"] == "DELETED")
    assert [e["type"] for e in events] == ["ADDED", "MODIFIED", "DELETED"]
    assert events[0]["object"] == made
    versions = [int(version_of(e["object"])) for e in events]
    assert versions == sorted(set(versions))
    assert labels_of(events[2]["object"]) == {"a": "b"}


async def test_a_change_reaches_an_open_watch(cluster: World) -> None:
    seen = meta(await cluster.api.list(SECRET, cluster.namespace))["resourceVersion"]
    watching = asyncio.create_task(cluster.history(SECRET, seen, lambda e: name_of(e["object"]) == "two"))
    await cluster.create(SECRET, secret("one"))
    await cluster.create(SECRET, secret("two"))
    assert [name_of(e["object"]) for e in await watching] == ["one", "two"]


async def test_what_stops_matching_is_told_as_deleted_and_what_begins_to_as_added(cluster: World) -> None:
    await cluster.create(SECRET, labelled("a", track="new"))
    seen = meta(await cluster.api.list(SECRET, cluster.namespace))["resourceVersion"]
    for track in ("old", "new"):
        await cluster.api.patch(cluster.ref(SECRET, "a"), {"metadata": {"labels": {"track": track}}}, "merge")
    await cluster.create(SECRET, labelled("b", track="old"))
    await cluster.create(SECRET, labelled("c", track="new"))
    told = []
    async with asyncio.timeout(30):
        async with cluster.events(SECRET, seen, "track=new") as events:
            async for event in events:
                told.append((event["type"], name_of(event["object"])))
                if told[-1][1] == "c":
                    break
    assert told == [("DELETED", "a"), ("ADDED", "a"), ("ADDED", "c")]


async def test_a_watch_ends_when_its_time_is_over(cluster: World) -> None:
    seen = meta(await cluster.api.list(SECRET, cluster.namespace))["resourceVersion"]
    async with asyncio.timeout(30):
        events = [e async for e in cluster.api.watch(SECRET, cluster.namespace, seen=seen, seconds=1)]
    assert [e for e in events if e["type"] != "BOOKMARK"] == []


async def test_a_bookmark_comes_before_the_end(embedded: World) -> None:
    made = await embedded.create(SECRET, secret())
    async with asyncio.timeout(30):
        async with embedded.events(SECRET, version_of(made), seconds=3) as events:
            mark = await anext(events)
    assert mark["type"] == "BOOKMARK"
    assert mark["object"]["kind"] == "Secret"
    assert int(version_of(mark["object"])) >= int(version_of(made))


async def test_a_watch_without_a_version_begins_with_what_is_there(cluster: World) -> None:
    await cluster.create(SECRET, secret())
    async with asyncio.timeout(30):
        async with cluster.events(SECRET, "") as events:
            async for event in events:
                if (event["type"], name_of(event["object"])) == ("ADDED", "box"):
                    break


async def test_initial_events_end_with_a_marked_bookmark(cluster: World) -> None:
    await cluster.create(SECRET, secret())
    path = (
        f"/api/v1/namespaces/{cluster.namespace}/secrets?watch=true&sendInitialEvents=true&allowWatchBookmarks=true"
        "&resourceVersionMatch=NotOlderThan&timeoutSeconds=1"
    )
    status, _, data = await cluster.api.proxy(path)
    assert status == 200
    events = [json.loads(line) for line in data.decode().splitlines()]
    kinds = [e["type"] for e in events]
    mark = events[kinds.index("BOOKMARK")]["object"]
    assert meta(mark)["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert set(kinds[: kinds.index("BOOKMARK")]) == {"ADDED"}


async def test_a_watch_of_everything_sees_all_namespaces(cluster: World) -> None:
    listed = await cluster.api.list(DEPLOYMENT)
    await cluster.create(DEPLOYMENT, deployment(replicas=0))
    async with asyncio.timeout(30):
        everywhere = World(cluster.api, "", cluster.embedded)
        async with everywhere.events(DEPLOYMENT, meta(listed)["resourceVersion"]) as events:
            async for event in events:
                if meta(event["object"]).get("namespace") == cluster.namespace:
                    assert event["type"] == "ADDED"
                    break


async def test_forgotten_history_is_gone(embedded: World) -> None:
    made = await embedded.create(SECRET, secret())
    assert embedded.embedded
    await embedded.create(SECRET, secret("two"))
    embedded.embedded.forget_history()
    with pytest.raises(Gone) as refused:
        async for _ in embedded.api.watch(SECRET, embedded.namespace, seen=version_of(made)):
            pass
    assert refused.value.status == 410


async def test_dropped_watches_end_and_can_go_on_from_where_they_were(embedded: World) -> None:
    seen = meta(await embedded.api.list(SECRET, embedded.namespace))["resourceVersion"]
    assert embedded.embedded
    async with embedded.events(SECRET, seen) as stream:
        await embedded.create(SECRET, secret("one"))
        assert name_of((await anext(stream))["object"]) == "one"
        embedded.embedded.drop_watches()
        with pytest.raises((StopAsyncIteration, Unreachable)):
            await anext(stream)
    await embedded.create(SECRET, secret("two"))
    events = await embedded.history(SECRET, seen, lambda e: name_of(e["object"]) == "two")
    assert [name_of(e["object"]) for e in events] == ["one", "two"]
