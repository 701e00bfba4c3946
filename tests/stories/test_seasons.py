"""Freezes that people begin, reminders that people ask for, and what there is to see of an installation."""

from bot.playground.slack import Message
from strategies.objects import SECRET
from strategies.release import IntentKind, State
from tests.stories.conftest import Opening
from tests.stories.manifests import plain
from tests.stories.person import Person
from tests.stories.test_clicks import said
from tests.stories.test_people import ANA, BEN, CAT, COMMAND, FOUR_EYES, asking, button, peopled, waiting
from tests.stories.world import World

AUTO = "canary k8sdemo v6 --steps 33 --soak 2s --keep 0s --auto"
OPEN = "environments: {default: {}}\n"


async def frozen(world: World, user: str, reason: str) -> None:
    await world.slack.slash(f'freeze default --for 1h --reason "{reason}"', user=user)
    await Person(world, user).told("default is frozen until")


async def test_a_freeze_that_begins_in_the_middle_makes_auto_wait_and_its_end_lets_it_go_on(
    opening: Opening,
) -> None:
    world = await opening(plain(replicas=2), policy=OPEN)
    ana = Person(world, ANA)
    await ana.begin(AUTO)
    await world.until(lambda: world.release and world.release.state is State.SOAKING, "it soaks")
    await frozen(world, BEN, "incident 42")
    await world.until(lambda: said(world, "frozen"), "it waits")
    await world.until(
        lambda: "incident 42" in _card(world) and "so --auto waits until then" in _card(world),
        "its card says why",
    )
    await world.slack.slash("canary k8sdemo v7", user=ANA)
    answer = await ana.told("is frozen until")
    assert "incident 42; begun by <@U2>" in answer.words
    assert world.release is not None
    assert not world.release.ended
    await world.slack.slash("unfreeze default", user=BEN)
    await Person(world, BEN).told("is ended")
    await world.until(lambda: world.over, "it goes on by itself")
    assert world.release.state is State.PROMOTED
    public = [m.words for m in world.slack.messages if m.ephemeral_for is None]
    assert any("<@U2>: default is frozen until" in words for words in public)


def _dms(world: World) -> list[Message]:
    return [m for m in world.slack.messages if "The new policy is broken" in m.words]


def _card(world: World) -> str:
    release = world.release
    found = [m for m in world.slack.messages if release and release.card and m.ts == release.card.ts]
    return found[0].words if found else ""


async def test_only_who_may_override_begins_a_freeze_and_it_holds_promotions_and_never_the_way_back(
    opening: Opening,
) -> None:
    world = await peopled(opening, FOUR_EYES)
    await asking(world)
    await world.slack.slash('freeze default --reason "mine"', user=ANA)
    await Person(world, ANA).told("Only sre may begin and end freezes in default")
    await frozen(world, CAT, "incident 42")
    await world.until(lambda: "Frozen until" in _card(world), "the card says so")
    await world.slack.slash(f"promote {world.release.id if world.release else ''}", user=CAT)
    await Person(world, CAT).told("agrees to the next step: 1 of 2")
    await world.slack.click(await button(world, IntentKind.ROLLBACK), "release.rollback", user=ANA)
    await world.until(lambda: said(world, "rolled-back"), "going back is open")
    await world.slack.slash("freeze", user=BEN)
    answer = await Person(world, BEN).told("default: frozen until")
    assert "2 of sre" in answer.words
    await world.slack.slash("unfreeze default", user=ANA)
    await Person(world, ANA).told("Only sre may begin and end freezes", times=2)


async def test_no_secret_that_a_release_writes_is_news_to_a_router(opening: Opening) -> None:
    """Traefik leaves out what bears this label; whatever else it sees delays the route that is written next."""
    world = await peopled(opening, FOUR_EYES)
    await asking(world)
    await frozen(world, CAT, "incident 42")
    await world.until(lambda: world.get(SECRET, "freezes", "graylight"), "the freeze is written down")
    written = {
        o["metadata"]["name"]: o["metadata"].get("labels", {}).get("owner")
        for o in world.cluster.store.all(SECRET, "graylight")
        if o["metadata"]["name"] != "signing-key"  # written once in a lifetime
    }
    assert {*written} >= {"release.k8sdemo.1", "undo.k8sdemo.1", "freezes"}
    assert {*written.values()} == {"helm"}


async def test_a_nudge_names_those_who_can_decide_once(opening: Opening) -> None:
    world = await peopled(opening, FOUR_EYES)
    release = await waiting(world)
    await world.slack.slash(f"nudge {release.id}", user=BEN)
    await Person(world, BEN).told("Only shop and sre may")
    await world.slack.slash(f"nudge {release.id}", user=ANA)
    posted = await world.until(lambda: world.slack.find("has been waiting for"), "they are reminded")
    assert "<!subteam^S0SRE> k8sdemo-1 has been waiting" in posted.words
    assert "approve or deny? (<@U1> asks.)" in posted.words
    assert any(c.action_id == "release.promote" for c in posted.controls), "with the buttons"
    await world.slack.slash("nudge", user=ANA)
    await Person(world, ANA).told("They were reminded")


async def test_in_quiet_hours_a_nudge_is_refused_unless_it_is_meant(opening: Opening) -> None:
    quiet = 'quiet: {every: "00:00 – 24:00", zone: UTC}, '
    world = await peopled(opening, FOUR_EYES.replace("default: {", "default: {" + quiet))
    await waiting(world)
    await world.slack.slash("nudge", user=ANA)
    await Person(world, ANA).told("has quiet hours until")
    await world.slack.slash("nudge --anyway", user=ANA)
    await world.until(lambda: world.slack.find("has been waiting for"), "they are reminded")


async def test_services_and_doctor_say_what_there_is_and_what_is_wrong(opening: Opening) -> None:
    world = await peopled(opening, FOUR_EYES)
    await world.slack.slash("services", user=BEN)
    answer = await Person(world, BEN).told("2 of 2 pods ready")
    assert "🔒" in answer.words
    assert "Only shop and sre may start releases in default" in answer.words
    await world.slack.slash("services", user=CAT)
    answer = await Person(world, CAT).told("2 of 2 pods ready")
    assert "🔒" not in answer.words
    world.cluster.denied.add(("patch", "services"))
    await world.slack.slash("doctor", user=BEN)
    answer = await Person(world, BEN).told("checks found something wrong")
    for words in (
        "✅  *Slack scopes*  The bot token has all 10 scopes",
        "✅  *Slack connection*  Heard from Slack",
        "*timers*  An alarm set for now rang after",
        "✅  *engine*  This process runs the releases.",
        "❌  *rights*  In namespace `default` Graylight may not patch services.",
        "Apply deploy/target to `default`.",
        "➖  *admission*  The ValidatingAdmissionPolicy is not installed",
        "✅  *policy*",
        "*clock*  Our clock is",
    ):
        assert words in answer.words


async def test_a_broken_policy_keeps_the_former_one_and_is_told_to_the_administrators_once(
    opening: Opening,
) -> None:
    world = await peopled(opening, "admins: [sre]\n" + FOUR_EYES)
    assert world.policy is not None
    world.policy.write_text(FOUR_EYES.replace("approve", "aprove"))
    await world.until(lambda: len(_dms(world)) == 2, "both administrators are told")
    assert {m.channel for m in _dms(world)} == {"DU6", "DU7"}
    assert "policy.yaml:2:46: environments.default.aprove: There is no field" in _dms(world)[0].words
    assert "Did you mean `approve`?" in _dms(world)[0].words
    await world.slack.slash(f"{COMMAND}", user=BEN)
    await Person(world, BEN).told("Only shop and sre may start releases")  # the former one holds
    await world.slack.slash("doctor", user=ANA)
    await Person(world, ANA).told("❌  *policy*  The file is broken, so the former one stays in force")
    world.bot.kill()
    world.policy.write_text("admins: [sre]\n" + FOUR_EYES)  # or the next process would not start
    await world.until(lambda: world.bot.leading, "another process leads")
    await world.until(lambda: world.get(SECRET, "told-admins", "graylight") is None, "it is sound again")
    assert len(_dms(world)) == 2
