"""A line: who is first, who may not join twice, and when a ticket ends by itself."""

from datetime import UTC, datetime, timedelta
from typing import Any

from strategies import queue
from strategies.queue import LONGEST, MOST, OFFER, Queue, Ticket, answered, joined
from strategies.refusal import Refusal
from strategies.release import Actor
from strategies.spec import ReleaseSpec, Strategy

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
ANA, BEN = Actor(id="U1", via="slack"), Actor(id="U2", via="slack")


def same(one: Actor, other: Actor) -> bool:
    return one == other


def ticket(name: str, by: Actor = ANA, version: str = "v6", service: str = "web", **more: Any) -> Ticket:
    spec = ReleaseSpec(strategy=Strategy.CANARY, service=service, version=version)
    return Ticket(id=name, spec=spec, by=by, at=NOW, namespace="shop", base=service, **more)


def line(*tickets: Ticket) -> Queue:
    made = Queue()
    for one in tickets:
        after = joined(made, one, same)
        assert isinstance(after, Queue)
        made = after
    return made


def refused(queue_: Queue, one: Ticket) -> str:
    said = joined(queue_, one, same)
    assert isinstance(said, Refusal)
    return said.code


def test_each_family_of_deployments_has_a_line_of_its_own_in_order() -> None:
    found = line(ticket("a"), ticket("b", service="api"), ticket("c", BEN))
    assert [t.id for t in found.line(("default", "shop", "web"))] == ["a", "c"]
    assert found.places == (("default", "shop", "web"), ("default", "shop", "api"))


def test_the_same_wish_of_the_same_person_has_one_place_and_a_delivery_twice_too() -> None:
    found = line(ticket("a"))
    assert refused(found, ticket("b")) == "queued-already"
    assert joined(found, ticket("a"), same) == found
    assert len(line(ticket("a"), ticket("b", BEN), ticket("c", version="v7")).tickets) == 3


def test_a_line_has_an_end() -> None:
    found = line(*(ticket(str(n), version=f"v{n}") for n in range(MOST)))
    assert refused(found, ticket("one more", version="v99")) == "queue-full"


def test_a_ticket_ends_by_itself_sooner_once_it_is_its_turn() -> None:
    assert ticket("a").until == NOW + LONGEST
    asked = NOW + timedelta(hours=1)
    assert ticket("a", asked=asked).until == asked + OFFER
    told = asked + timedelta(minutes=5)  # Slack was away
    assert ticket("a", asked=asked, told=told).until == told + OFFER


def test_the_first_is_the_first_whose_time_is_not_over() -> None:
    asked = NOW - OFFER
    found = line(ticket("a", asked=asked), ticket("b", BEN))
    first = found.first(("default", "shop", "web"), NOW)
    assert first is not None
    assert first.id == "b"
    assert found.first(("default", "shop", "web"), NOW + LONGEST) is None


def test_a_start_makes_good_the_same_persons_first_ticket_for_that_version() -> None:
    found = line(ticket("a", BEN), ticket("b", version="v7"), ticket("c"))
    place = ("default", "shop", "web")
    made = answered(found, place, ticket("x").spec, ANA, same)
    assert made is not None
    assert made.id == "c"
    assert answered(found, place, ticket("x", version="v8").spec, ANA, same) is None
    assert [t.id for t in found.without("a", "c").tickets] == ["b"]


def test_who_would_overtake_is_told_whose_turn_it_is() -> None:
    waits = (ticket("a", BEN), ticket("b"))
    said = queue.occupied(waits, waits[0])
    assert said.what == "2 releases wait for web, and it is <@U2>'s turn (web v6)."
    turn = ticket("a", BEN, asked=NOW)
    assert "until 2026-07-01 12:15 UTC" in queue.occupied((turn,), turn).what
