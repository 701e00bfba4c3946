"""Names and label values: DNS labels, cut to fit with a hash, so that two long names never become one."""

import hashlib
import re
from collections.abc import Container

LONGEST = 63


def digest(text: str, digits: int = 4) -> str:
    """The first hex digits of a SHA-256: short, and the same everywhere."""
    return hashlib.sha256(text.encode()).hexdigest()[:digits]


def dns_label(text: str, longest: int = LONGEST) -> str:
    """A DNS label (RFC 1123) that begins with a letter or digit; what had to be cut is told apart by four hex digits.

    >>> dns_label("k8sdemo-deploy-v1.2"), dns_label("K8sDemo")
    ('k8sdemo-deploy-v1-2', 'k8sdemo')
    >>> len(dns_label("a" * 80)), dns_label("_")
    (63, 'x-d2e2')
    """
    clean = re.sub(r"[^a-z0-9-]+", "-", text.lower()).strip("-")
    if not clean:
        return f"x-{digest(text)}"
    return clean if len(clean) <= longest else f"{clean[: longest - 5].rstrip('-')}-{digest(text)}"


def slug(service: str) -> str:
    """The service's name as a DNS label; where that changes it, four hex digits of its hash follow (spec.md, record).

    >>> slug("k8sdemo"), slug("K8s_Demo")
    ('k8sdemo', 'k8s-demo-b44f')
    """
    made = dns_label(service, LONGEST - 10)
    return made if made == service else f"{dns_label(service, LONGEST - 15)}-{digest(service)}"


def label_value(text: str) -> str:
    """A label value: at most 63 of letters, digits, `-_.`, beginning and ending with a letter or digit.

    >>> label_value("v6"), label_value("1.0.1+build"), len(label_value("x" * 70))
    ('v6', '1.0.1-build', 63)
    """
    clean = re.sub(r"[^A-Za-z0-9_.-]+", "-", text).strip("-_.")
    return clean if len(clean) <= LONGEST else f"{clean[: LONGEST - 5].rstrip('-_.')}-{digest(text)}"


def free(name: str, taken: Container[str]) -> str:
    """The name, or with `-2`, `-3`, … where another object bears it already.

    >>> free("web-v6", {"web-v6", "web-v6-2"})
    'web-v6-3'
    """
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{dns_label(name, LONGEST - len(str(number)) - 1)}-{number}"
    return found
