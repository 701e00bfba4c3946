"""From a version to an image: the same repository, another tag or digest."""

import re

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def split_image(image: str) -> tuple[str, str]:
    """Repository and version (tag or digest; `latest` where neither stands).

    >>> split_image("reg:5000/a/b:v1"), split_image("a"), split_image("a:v1@sha256:" + "0" * 64)[1][:9]
    (('reg:5000/a/b', 'v1'), ('a', 'latest'), 'sha256:00')
    """
    name, _, digest = image.partition("@")
    head, colon, tail = name.rpartition(":")
    repository, tag = (head, tail) if colon and "/" not in tail else (name, "")
    return repository, digest or tag or "latest"


def is_version(version: str) -> bool:
    """Whether it can stand behind a repository."""
    return bool(_TAG.fullmatch(version) or _DIGEST.fullmatch(version))


def with_version(image: str, version: str) -> str:
    """The same repository at another version.

    >>> with_version("k8s-grpc-demo:v2", "v6")
    'k8s-grpc-demo:v6'
    """
    repository, _ = split_image(image)
    return f"{repository}{'@' if version.startswith('sha256:') else ':'}{version}"


def short(version: str) -> str:
    """As shown and as used in names: a digest's first twelve hex digits, a tag as it is.

    >>> short("sha256:" + "ab" * 32), short("v6")
    ('abababababab', 'v6')
    """
    return version.removeprefix("sha256:")[:12] if version.startswith("sha256:") else version
