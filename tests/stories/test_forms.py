"""The form and the Home tab on a whole world: a release asked for by clicks alone, and a tab that follows it."""

from typing import Any

from bot.playground.slack import View
from strategies.release import State
from tests.stories.conftest import Opening
from tests.stories.manifests import seed
from tests.stories.world import World


def picked(value: str) -> dict[str, Any]:
    """An option as a client sends it."""
    return {"selected_option": {"text": {"type": "plain_text", "text": value}, "value": value}}


async def modal(world: World, title: str, submit: str = "") -> View:
    """The modal on top, once it is this one."""

    def found() -> View | None:
        view = world.slack.views.top("U1")
        if view is None or view.content["title"]["text"] != title:
            return None
        return view if not submit or view.content.get("submit", {}).get("text") == submit else None

    return await world.until(found, f"the modal {title}")


async def options(world: World, view: View, field: str, query: str = "") -> list[str]:
    """What a search proposes."""
    found = await (await world.slack.search(view, field, query)).done()
    return [o["value"] for o in found.answer["options"]]


async def test_a_release_is_asked_for_and_begun_by_the_form_alone(opening: Opening) -> None:
    world = await opening(seed(replicas=2))
    await world.slack.open_home()
    await world.until(
        lambda: "No release is running" in str(world.slack.views.homes.get("U1")), "its Home tab"
    )
    await world.slack.slash("")
    form = await modal(world, "Release a service")
    assert await options(world, form, "form.service") == ["k8sdemo"]
    await (await world.slack.press(form, "form.service", option="k8sdemo")).done()
    await world.until(lambda: form.revision == 2, "the form for it")
    assert await options(world, form, "form.version") == ["v2"]
    assert await options(world, form, "form.version", "v6") == ["v6"]
    typed = {"form.steps": {"value": "50"}, "form.soak": {"value": "0s"}, "form.keep": {"value": "0s"}}
    more = {"form.more": {"value": "--router ratio"}, "form.reason": {"value": "for <!channel>"}}
    await world.slack.submit(form, {"form.version": picked("v6"), **typed, **more})
    preview = await modal(world, "Plan", "Start")
    assert "k8sdemo-deploy" in str(preview.content)
    assert world.release is None
    await world.slack.submit(preview, {})
    await world.until(lambda: world.release is not None and world.release.state is State.ASKING, "it asks")
    assert world.release is not None
    assert world.release.plan.spec.reason == "for <!channel>"
    assert world.release.card is not None
    assert world.release.card.channel == "C1"
    assert world.slack.views.top("U1") is None
    await world.until(
        lambda: "Waiting for a decision" in str(world.slack.views.homes["U1"].content), "the tab follows"
    )
    assert "<!channel>" not in str(world.slack.views.homes["U1"].content)
    card = await world.until(lambda: world.slack.find("Traffic to v6"), "its card")
    await world.slack.shortcut("form.show", message=card)
    shown = await modal(world, "Release")
    await world.until(lambda: "Traffic to v6" in str(shown.content), "its state")
    await world.slack.mention("promote", thread_ts=card.ts)
    await world.until(lambda: world.over, "it is over")
    assert world.release.state is State.PROMOTED
    assert not [r for r in world.slack.refusals if r[1] != "not_found"]


async def test_the_home_tab_tells_the_freeze_that_comes_next(opening: Opening) -> None:
    weekend = "{every: 'Fri 16:00 – Mon 08:00', zone: Europe/Berlin, why: weekend}"
    world = await opening(seed(replicas=2), policy=f"environments: {{default: {{freeze: [{weekend}]}}}}\n")
    await world.slack.open_home()
    await world.until(lambda: "weekend, from " in str(world.slack.views.homes.get("U1")), "what is to come")
