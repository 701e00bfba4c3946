import json
from typing import Any

from strategies.refusal import Refusal
from strategies.release import State
from tests.cli.conftest import Graylight
from tests.cli.stage import MEASURED, FakeOffice, at, release


async def asks(office: FakeOffice) -> None:
    await office.move(State.SOAKING, "Asked 25 %, proven.", measured=MEASURED)
    await office.move(State.ASKING, "It asks.", measured=MEASURED)


def lines(out: str) -> list[dict[str, Any]]:
    """Each line is a document, or this fails."""
    return [json.loads(line) for line in out.splitlines()]


def test_following_is_a_line_per_event_and_one_for_the_end(graylight: Graylight) -> None:
    ran = graylight(FakeOffice(asks), "canary", "k8sdemo", "v6", "--yes", "-o", "json")
    assert ran.code == 4
    *events, last = lines(ran.out)
    assert [(e["type"], e["release"], e["n"], e["kind"], e["state"]) for e in events] == [
        ("event", "k8sdemo-17", 1, "started", "running"),
        ("event", "k8sdemo-17", 2, "soaking", "soaking"),
        ("event", "k8sdemo-17", 3, "asking", "asking"),
    ]
    assert (last["type"], last["exit"], last["next"]) == ("release", 4, "graylight promote k8sdemo-17")
    assert last["measured"]["asked"] == 25
    assert last["measured"]["share"] == 24.0
    assert last["pods"] == {"old": {"ready": 3, "total": 3}, "new": {"ready": 1, "total": 1}}


def test_status_is_one_document(graylight: Graylight) -> None:
    ran = graylight(FakeOffice(found=at(release(), State.SOAKING), elsewhere=True), "status", "-o", "json")
    (document,) = lines(ran.out)
    (found,) = document["releases"]
    assert (found["id"], found["state"], found["from"], found["to"]) == ("k8sdemo-17", "soaking", "v2", "v6")
    assert found["stage"] == {"number": 1, "of": 4, "title": "25 %", "share": 25}
    assert found["intents"] == ["promote", "hold", "rollback"]
    assert graylight(FakeOffice(), "status", "-o", "json").out == '{"releases": []}\n'


def test_the_status_of_one_release_has_its_log(graylight: Graylight) -> None:
    ran = graylight(
        FakeOffice(found=at(release(), State.SOAKING), elsewhere=True), "status", "k8sdemo", "-o", "json"
    )
    (document,) = lines(ran.out)
    assert [e["kind"] for e in document["release"]["events"]] == ["started", "soaking"]


def test_a_plan_is_one_document_with_the_hash_that_a_yes_is_bound_to(graylight: Graylight) -> None:
    office = FakeOffice()
    office.notes = ("There is no policy file.",)
    ran = graylight(office, "plan", "canary", "k8sdemo", "v6", "-o", "json")
    (document,) = lines(ran.out)
    assert ran.code == 0
    assert document["notes"] == ["There is no policy file."]
    assert len(document["hash"]) == 12
    assert [s["share"] for s in document["plan"]["stages"]] == [25, 50, 100, 100]


def test_a_detached_start_and_a_hold_are_one_document(graylight: Graylight) -> None:
    ran = graylight(FakeOffice(elsewhere=True), "canary", "k8sdemo", "v6", "--yes", "--detach", "-o", "json")
    assert lines(ran.out)[0]["release"]["state"] == "running"
    held = graylight(FakeOffice(found=at(release(), State.SOAKING)), "hold", "-o", "json")
    assert lines(held.out)[0]["release"]["state"] == "holding"


def test_history_and_samples_are_one_document_each(graylight: Graylight) -> None:
    office = FakeOffice(found=at(release(), State.SOAKING))
    office.past = [at(release(17), State.PROMOTED), at(release(16), State.ROLLED_BACK)]
    (document,) = lines(graylight(office, "history", "k8sdemo", "-o", "json").out)
    assert [(r["id"], r["state"]) for r in document["releases"]] == [
        ("k8sdemo-17", "promoted"),
        ("k8sdemo-16", "rolled-back"),
    ]
    (document,) = lines(graylight(office, "samples", "k8sdemo", "-o", "json").out)
    samples = document["samples"]
    assert (samples["share"], samples["asked"], samples["new"]["version"]) == (24.0, 25, "v6")
    assert samples["old"]["statuses"] == {"200": 75, "503": 1}


def test_a_refusal_is_a_document_and_a_sentence(graylight: Graylight) -> None:
    office = FakeOffice()
    office.refusal = Refusal(code="locked", what="k8sdemo-9 is soaking.", remedy="Wait for it.")
    ran = graylight(office, "plan", "canary", "k8sdemo", "v6", "-o", "json")
    assert lines(ran.out) == [
        {"refused": {"code": "locked", "what": "k8sdemo-9 is soaking.", "remedy": "Wait for it."}}
    ]
    assert ran.err.startswith("k8sdemo-9 is soaking.")


def test_an_outage_is_a_document_too(graylight: Graylight) -> None:
    office = FakeOffice()
    office.failure = OSError("no route to host")
    ran = graylight(office, "status", "-o", "json")
    assert (ran.code, lines(ran.out)) == (1, [{"failed": {"what": "no route to host."}}])


def test_on_the_way_back_no_step_is_named(graylight: Graylight) -> None:
    office = FakeOffice()
    office.past = [at(release(16), State.ROLLED_BACK)]
    (document,) = lines(graylight(office, "history", "k8sdemo", "-o", "json").out)
    assert document["releases"][0]["stage"] is None
