"""whoami, locks and audits at a terminal, and a start that policy does not allow."""

import json
from datetime import timedelta

from strategies.consent import Allowed, begun
from strategies.people import Person, Rules, Standing
from strategies.refusal import Refusal
from strategies.release import Release
from tests.cli.conftest import Graylight
from tests.cli.stage import ME, NOW, FakeOffice, release


def agreed() -> Release:
    """One whose start stands in it."""
    bare = release().model_copy(update={"events": ()})
    me = Person(ME, Standing.ACCOUNT, frozenset({"user:kim"}), vouched=False)
    return begun(bare, me, Allowed(("shop",), ("decide",)), Rules(), NOW)


def test_whoami_says_what_one_may_do(graylight: Graylight) -> None:
    ran = graylight(FakeOffice(), "whoami")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "You are `kim`, a full member of the workspace, in shop.",
        "default: you may start, approve and promote, resume, hold, snooze, cancel, roll back and lock.",
    ]
    found = json.loads(graylight(FakeOffice(), "whoami", "-o", "json").out)
    assert (found["id"], found["teams"], found["places"][0]["may_not"]) == ("kim", ["shop"], {})


def test_a_start_that_is_not_allowed_is_refused_before_anything_is_planned(graylight: Graylight) -> None:
    office = FakeOffice()
    office.forbidden = Refusal(code="not-allowed", what="Only sre may.", remedy="Ask one of them.")
    ran = graylight(office, "canary", "k8sdemo", "v6", "--yes")
    assert (ran.code, ran.err, office.started) == (2, "Only sre may.\nAsk one of them.\n", [])
    assert graylight(office, "plan", "canary", "k8sdemo", "v6").code == 0, "to look is allowed"


def test_a_lock_is_taken_listed_and_given_back(graylight: Graylight) -> None:
    office = FakeOffice()
    ran = graylight(office, "lock", "k8sdemo", "in", "prod", "--for", "1h", "--reason", "load test")
    assert ran.code == 0
    assert ran.out.startswith("k8sdemo in prod is yours until ")
    assert office.held is not None
    assert office.held.until - office.held.since == timedelta(hours=1)
    assert "k8sdemo in prod: `kim` until" in graylight(office, "locks").out
    assert json.loads(graylight(office, "locks", "-o", "json").out)["locks"][0]["reason"] == "load test"
    assert graylight(office, "unlock", "k8sdemo", "in", "prod").code == 0
    assert graylight(office, "locks").out == "Nobody has locked anything.\n"
    assert graylight(office, "unlock", "k8sdemo").code == 2


def test_an_audit_lists_who_agreed(graylight: Graylight) -> None:
    ran = graylight(FakeOffice(found=agreed()), "audit", "k8sdemo-17")
    assert ran.code == 0
    assert "the record is whole" in ran.out
    assert "`kim` agreed to its start, at revision 1" in ran.out
    found = json.loads(graylight(FakeOffice(found=agreed()), "audit", "k8sdemo-17", "-o", "json").out)
    assert [c["groups"] for c in found["consents"]] == [["shop"]]


def test_a_record_that_was_changed_is_refused(graylight: Graylight) -> None:
    whole = agreed()
    broken = whole.model_copy(update={"consents": ()})
    ran = graylight(FakeOffice(found=broken), "audit", "k8sdemo-17")
    assert (ran.code, ran.out) == (2, "")
    assert "the consent of event 1 was taken away" in ran.err
    assert graylight(FakeOffice(), "audit", "k8sdemo-17").code == 2
