"""whoami, locks and audits at a terminal, and a start that policy does not allow."""

import json
from datetime import timedelta

from strategies.checkup import unknown, wrong
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
        "default: you may start, approve and promote, resume, hold, snooze, cancel, roll back, lock and freeze.",
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


def test_a_release_that_meets_a_lock_waits_in_line_and_is_listed_and_leaves(graylight: Graylight) -> None:
    office = FakeOffice()
    office.line.holder = "k8sdemo-16"
    ran = graylight(office, "canary", "k8sdemo", "v6", "--queue", "--yes")
    assert ran.code == 4, "a person is needed, later"
    assert "k8sdemo v6 waits, first in line (k8sdemo-16 has it)" in ran.out
    assert office.started == []
    assert "1. k8sdemo v6, canary, for `kim`" in graylight(office, "queue").out
    found = json.loads(graylight(office, "queue", "k8sdemo", "-o", "json").out)["queue"]
    assert [(t["place"], t["holder"], t["by"]["id"]) for t in found] == [(1, "k8sdemo-16", "kim")]
    assert graylight(office, "queue", "leave", "k8sdemo").out == "k8sdemo v6 waits no more.\n"
    assert graylight(office, "queue", "leave", "k8sdemo").code == 2
    assert graylight(office, "queue").out == "No release waits.\n"


def test_with_nothing_in_the_way_queue_starts_it(graylight: Graylight) -> None:
    office = FakeOffice(elsewhere=True)
    assert graylight(office, "canary", "k8sdemo", "v6", "--queue", "--yes", "--detach").code == 0
    assert len(office.started) == 1


def test_a_freeze_is_begun_listed_and_ended(graylight: Graylight) -> None:
    office = FakeOffice()
    assert "prod: not frozen. Next: from" in graylight(office, "freeze").out
    ran = graylight(office, "freeze", "prod", "--for", "1h", "--reason", "incident 42")
    assert (ran.code, "prod is frozen until 2026-07-01 13:00 UTC: “incident 42”" in ran.out) == (0, True)
    assert "incident 42; begun by `kim`" in graylight(office, "freeze", "prod").out
    found = json.loads(graylight(office, "freeze", "-o", "json").out)["freezes"][0]
    assert (found["now"]["why"], found["now"]["rule"]) == ("incident 42", None)
    assert graylight(office, "unfreeze", "prod").code == 0
    assert graylight(office, "unfreeze", "prod").code == 2
    assert "ENV is missing" in graylight(office, "freeze", "--reason", "x").err
    assert "needs a reason" in graylight(office, "freeze", "prod", "--for", "1h").err


def test_services_say_what_runs_and_what_one_may_do(graylight: Graylight) -> None:
    ran = graylight(FakeOffice(), "services", "in", "prod")
    assert ran.out.splitlines() == [
        "web: v2, 3 of 3 pods ready; you may release it.",
        (
            "api: v7 and v1, 1 of 2 pods ready, locked by @U2 until 2026-07-01 13:00 UTC (“load test”), 2 in line;"
            " not yours to release: Only sre may start releases in prod."
        ),
    ]
    found = json.loads(graylight(FakeOffice(), "services", "-o", "json").out)["services"]
    assert [(s["service"], s["may_start"], s["waiting"]) for s in found] == [
        ("web", True, 0),
        ("api", False, 2),
    ]


def test_the_doctors_exit_code_says_whether_something_is_wrong(graylight: Graylight) -> None:
    office = FakeOffice()
    ran = graylight(office, "doctor")
    assert (ran.code, ran.out) == (0, "✓ clock: Our clock is right.\nNothing is wrong.\n")
    office.checks = (wrong("policy", "It is broken.", "Mend it."), unknown("probe", "web declares none."))
    ran = graylight(office, "doctor")
    assert ran.code == 1
    assert ran.out.splitlines() == [
        "✗ policy: It is broken.",
        "    Mend it.",
        "· probe: web declares none.",
        "1 of 2 checks found something wrong.",
    ]
    assert json.loads(graylight(office, "doctor", "-o", "json").out)["well"] is False


def test_nobody_is_nudged_where_nobody_is_waited_for(graylight: Graylight) -> None:
    assert graylight(FakeOffice(), "nudge").code == 2
