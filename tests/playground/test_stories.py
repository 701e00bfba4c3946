"""The other two releases from the command to the way back, as somebody on the page lives through them."""

from tests.playground.conftest import Play


async def test_blue_green_switches_everybody_at_once_and_one_click_goes_back(play: Play) -> None:
    await play.begin("bluegreen k8sdemo v6 --soak 0s --keep 30m")
    await play.told("waits for a decision")
    await play.users_get(v2=range(100, 101))
    await play.press("release.promote")
    await play.told("v2 stands warm until")
    await play.users_get(v6=range(100, 101))
    await play.press("release.rollback")
    await play.told("runs v2 as before")
    await play.users_get(v2=range(100, 101))
    assert play.stage.slack.refusals == []


async def test_a_rolling_release_pauses_and_goes_back(play: Play) -> None:
    await play.begin("rolling k8sdemo v6 --pause-at 50% --soak 0s")
    await play.told("waits for a decision")
    assert play.stage.users.counts().keys() == {"v2", "v6"}
    await play.press("release.rollback")
    await play.told("runs v2 as before")
    await play.users_get(v2=range(100, 101))
    assert play.stage.slack.refusals == []
