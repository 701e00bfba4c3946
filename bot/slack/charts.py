"""A release's life as Slack's own charts: the share asked and measured, and how fast both versions answered.

Pure. Within Slack's limits: a title of 50 characters, series and labels of 20, 20 points whose labels differ. What a chart
cannot show (intervals, decisions) stands in the thread; who wants it in one picture asks for `picture`.
"""

from collections.abc import Sequence
from typing import TypeVar

from bot.slack import blocks
from bot.slack import picture_words as words
from bot.slack.blocks import Block, Message
from bot.slack.markup import cut, escape, name
from strategies.picture import Dot, Latency, Picture

TITLE, LABEL, POINTS = 50, 20, 20
Seen = TypeVar("Seen", Dot, Latency)


def charts(picture: Picture, release_id: str) -> Message | None:
    """Both charts as one message; None where there is too little for a line."""
    dots = _thinned(picture.dots)
    if len(dots) < 1:
        return None
    moments = [0.0, *(dot.at for dot in dots)]
    asked = [0.0, *(float(dot.asked) for dot in dots)]
    seen = [0.0, *(dot.share for dot in dots)]
    new = words.series(picture.new, "measured")
    made = [_line(words.share_chart(), moments, {words.asked_series(): asked, new: seen}, "%")]
    if fast := _latencies(picture):
        made.append(fast)
    heading = words.charts(name(release_id))
    return Message(heading, (blocks.context(heading), *made, blocks.context(escape(picture.receipt))))


def _latencies(picture: Picture) -> Block | None:
    """Where both versions answered in the same measurements, at least twice."""
    old, new = ({one.at: one for one in side} for side in (picture.fast_old, picture.fast_new))
    both = _thinned([old[at] for at in old if at in new])
    if len(both) < 2:  # noqa: PLR2004 - one point is no line
        return None
    moments = [one.at for one in both]
    series = {
        words.series(version, "p95"): [side[at].p95 for at in moments]
        for version, side in ((picture.old, old), (picture.new, new))
    }
    return _line(words.latency_chart(), moments, series, "ms") if len(series) > 1 else None


def _line(title: str, moments: Sequence[float], series: dict[str, list[float]], unit: str) -> Block:
    labels = _labels(moments)
    data = [
        {
            "name": cut(one, LABEL),
            "data": [{"label": at, "value": v} for at, v in zip(labels, ys, strict=True)],
        }
        for one, ys in series.items()
    ]
    axes = {"categories": labels, "x_label": words.since_start(), "y_label": unit}
    chart = {"type": "line", "series": data, "axis_config": axes}
    return {"type": "data_visualization", "title": cut(title, TITLE), "chart": chart}


def _labels(moments: Sequence[float]) -> list[str]:
    """Seconds since the start, each label once.

    >>> _labels([0, 9, 9.2, 75, 3700])
    ['0 s', '9 s', '9 s (2)', '1 min 15 s', '1 h 1 min']
    """
    made: list[str] = []
    for moment in moments:
        label = words.elapsed(moment)
        again = sum(1 for one in made if one.partition(" (")[0] == label)
        made.append(f"{label} ({again + 1})" if again else label)
    return made


def _thinned(found: Sequence[Seen]) -> list[Seen]:
    """At most as many as a chart holds beside its start: proofs first, then evenly, in order."""
    most = POINTS - 1
    if len(found) <= most:
        return list(found)
    kept = {i for i, one in enumerate(found) if getattr(one, "verdict", "seen") != "seen"}
    kept = set(sorted(kept)[-most:])
    others = [i for i in range(len(found)) if i not in kept]
    room = min(most - len(kept), len(others))
    kept |= {others[k * len(others) // room] for k in range(room)}
    return [found[i] for i in sorted(kept)]
