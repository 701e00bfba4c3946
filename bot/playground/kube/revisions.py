"""ReplicaSets of one Deployment: which template is whose, and in which order they came."""

import hashlib
import json

from strategies.objects import Obj, annotations_of, at, copied

REVISION = "deployment.kubernetes.io/revision"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MOST = "deployment.kubernetes.io/max-replicas"
HASH = "pod-template-hash"
_SAFE = "bcdfghjklmnpqrstvwxz2456789"


def revision_of(replica_set: Obj) -> int:
    """Its revision, 0 before it has one."""
    return int(annotations_of(replica_set).get(REVISION, 0))


def template_hash(deployment: Obj) -> str:
    """A short name of a pod template: the same for the same template."""
    text = json.dumps(at(deployment, "spec", "template", default={}), sort_keys=True)
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return "".join(_SAFE[number // len(_SAFE) ** i % len(_SAFE)] for i in range(10))


def with_hash(template: Obj, code: str) -> Obj:
    """The template with its hash as a label."""
    made = copied(template)
    made.setdefault("metadata", {}).setdefault("labels", {})[HASH] = code
    return made


def is_of(replica_set: Obj, deployment: Obj) -> bool:
    """Whether a ReplicaSet has the Deployment's present template, its hash aside."""
    template = copied(at(replica_set, "spec", "template", default={}))
    at(template, "metadata", "labels", default={}).pop(HASH, None)
    return bool(template == at(deployment, "spec", "template", default={}))
