"""A wish written down again: the one text that stands for a spec in messages and in the audit.

For every spec that the grammar can make, `parse(line(spec))` is `Start(spec)`: defaults and what was not
said are left out, flags stand in the table's order, numbers and durations in one form.
"""

from bot.grammar.flags import FLAGS
from bot.grammar.line import quoted
from strategies.spec import ReleaseSpec


def line(spec: ReleaseSpec, *, preview_only: bool = False) -> str:
    """The command that asks for this release; with `preview_only` the one that plans it.

    >>> from strategies.spec import Strategy
    >>> line(ReleaseSpec(strategy=Strategy.CANARY, service="k8sdemo", version="v6", steps=(25, 50), soak=600))
    'canary k8sdemo v6 --steps 25,50 --soak 10m'
    """
    words = ["plan"] if preview_only else []
    words += [spec.strategy.value, quoted(spec.service), quoted(spec.version)]
    if spec.environment != ReleaseSpec.model_fields["environment"].default:
        words += ["in", quoted(spec.environment)]
    for flag in FLAGS:
        value = getattr(spec, flag.field, None)
        if value is None or value is False or value == "":
            continue
        words.append(flag.name)
        if flag.metavar:
            words.append(flag.write(value))
    return " ".join(words)
