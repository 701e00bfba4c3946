"""Which images there are, and how the program in each behaves.

The demo's versions behave as the demo container of the real test cluster does; any other repository runs a plain
version for tags that look like one, so that people may try names of their own.
"""

import re
from dataclasses import dataclass

_DEMO = "k8s-grpc-demo"
_VERSION = re.compile(r"v?\d+(\.\d+)*([-.+][0-9A-Za-z.]+)?\Z")


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How one version of the demo answers.

    `mark` stands before its answers, `version` in the header X-Version; `fail_rate` is a share 0..1 of answers 500,
    `delay` seconds before each; after `crash_after` seconds it ends with `crash_line` on its log; a version that is
    not `healthy` answers 503 on /healthz.
    """

    mark: str = ""
    version: str = ""
    fail_rate: float = 0.0
    delay: float = 0.0
    crash_after: float | None = None
    crash_line: str = "panic: schema version 41, expected 42"
    healthy: bool = True


def demo_images(crash_seconds: float = 1.0) -> dict[str, Behaviour | None]:
    """The demo's versions by image name."""
    return {
        f"{_DEMO}:v2": Behaviour(version="1.0.0"),
        f"{_DEMO}:v6": Behaviour(mark="[gray] ", version="1.0.1"),
        f"{_DEMO}:v7": Behaviour(mark="[v7] ", version="1.0.2"),
        f"{_DEMO}:v8-bad": Behaviour(mark="[bad] ", version="1.0.3", fail_rate=0.2),
        f"{_DEMO}:v8-slow": Behaviour(mark="[slow] ", version="1.0.3", delay=0.15),
        f"{_DEMO}:v8-crash": Behaviour(version="1.0.3", crash_after=crash_seconds),
        f"{_DEMO}:v8-unready": Behaviour(version="1.0.3", healthy=False),
    }


def behaviour_of(image: str, images: dict[str, Behaviour | None]) -> Behaviour | None:
    """How the program of an image behaves; None where there is no such image.

    >>> behaviour_of("registry.example/shop:v3", {}).version
    'v3'
    >>> behaviour_of("shop:missing", {}) is None
    True
    """
    short = image.rpartition("/")[2]
    for name in (image, short):
        if name in images:
            return images[name]
    repository, _, tag = short.partition("@")[0].partition(":")
    if "@sha256:" in image:
        return Behaviour(version=tag or image.rpartition(":")[2][:12])
    if repository == _DEMO or not _VERSION.match(tag):
        return None
    return Behaviour(version=tag)
