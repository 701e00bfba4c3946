"""How the official client is set up: its pool, TLS and authentication, and which proxy the environment names."""

from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration


def made(settings: Configuration) -> ApiClient:
    """The client. A kubeconfig's own proxy wins over the environment's (`HTTPS_PROXY`, `NO_PROXY`).

    Looked up here, once: by itself the client looks there, and into ~/.netrc, before each request and in another
    thread, which takes as long as the rest of sending it.
    """
    server = urlsplit(settings.host)
    if not settings.proxy and not proxy_bypass(server.netloc):
        settings.proxy = getproxies().get(server.scheme)
    settings.client_session_kwargs = {"trust_env": False}
    return ApiClient(settings)


def own_namespace() -> str:
    """The namespace of the pod this runs in, empty outside of one."""
    try:
        return Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace").read_text().strip()
    except OSError:
        return ""
