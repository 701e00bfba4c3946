"""Cluster IPs and node ports: given out at the write, and served by real listeners on 127.0.0.1.

A node port is taken by binding it, so that two clusters on one machine, or another program, never share one. Each new
connection goes to a ready endpoint drawn at random and stays there, as with kube-proxy; without one it is reset.
"""

import asyncio
import contextlib
import random
import socket
from functools import partial

from bot.playground.kube.answers import Cause, invalid
from bot.playground.kube.endpoints import Endpoint, ready_endpoints
from bot.playground.kube.kinds import BY_KIND
from bot.playground.kube.listening import wholly
from bot.playground.kube.store import Change, Store
from strategies.objects import SERVICE, Obj, at, name_of, namespace_of

_RANGE = range(30000, 32768)
_BACKLOG = 512


class NodePorts:
    """Allocates and serves; `reserved` ports are never given out."""

    def __init__(self, store: Store, reserved: frozenset[int] = frozenset()) -> None:
        self._store = store
        self._reserved = reserved
        self._sockets: dict[int, socket.socket] = {}
        self._servers: dict[int, asyncio.Server] = {}
        self._owners: dict[int, tuple[str, str, str]] = {}
        self._opening: set[asyncio.Task[None]] = set()
        self._sticky: dict[int, Endpoint] = {}
        store.subscribe(self._heard)

    def settle(self, service: Obj, old: Obj | None, *, dry_run: bool) -> None:
        """Fill in cluster IP and node ports; Refusal 422 where a wished port is taken."""
        spec = service["spec"]
        if spec.get("type") == "ExternalName":
            return
        before = at(old, "spec", default={})
        spec.setdefault("clusterIP", before.get("clusterIP") or self._free_address())
        spec["clusterIPs"] = [spec["clusterIP"]]
        held = {_port_key(p): p.get("nodePort") for p in before.get("ports") or []}
        wants = spec.get("type") in ("NodePort", "LoadBalancer")
        for i, port in enumerate(spec.get("ports") or []):
            number, own = port.get("nodePort"), held.get(_port_key(port))
            if not wants:
                if number and number == own:
                    del port["nodePort"]
                continue
            if number is None or number != own:
                port["nodePort"] = self._take(
                    service, number or own, own, f"spec.ports[{i}].nodePort", dry_run=dry_run
                )

    def _take(self, service: Obj, wished: int | None, own: int | None, field: str, *, dry_run: bool) -> int:
        if wished and wished == own:
            return wished
        if wished:
            taken = wished in self._sockets or wished in self._reserved
            if taken or not (self._bound(wished, dry_run=dry_run)):
                cause = Cause(field, f"Invalid value: {wished}: provided port is already allocated")
                raise invalid(BY_KIND[SERVICE], name_of(service), [cause])
            return wished
        for port in random.sample(_RANGE, len(_RANGE)):
            if (
                port not in self._sockets
                and port not in self._reserved
                and self._bound(port, dry_run=dry_run)
            ):
                return port
        cause = Cause(field, "Internal error: no free node port", "InternalError")
        raise invalid(BY_KIND[SERVICE], name_of(service), [cause])

    def _bound(self, port: int, *, dry_run: bool) -> bool:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
            sock.listen(_BACKLOG)
        except OSError:
            sock.close()
            return False
        if dry_run:
            sock.close()
        else:
            sock.setblocking(False)
            self._sockets[port] = sock
        return True

    def _free_address(self) -> str:
        taken = {at(s, "spec", "clusterIP") for s in self._store.all(SERVICE)}
        while (address := f"10.96.{random.randrange(256)}.{random.randrange(2, 255)}") in taken:  # noqa: S311  # a draw, not a secret
            pass
        return address

    def _heard(self, change: Change) -> None:
        if change.kind != SERVICE:
            return
        ports = _node_ports(change.obj) if change.type != "DELETED" else {}
        for port in set(_node_ports(change.before)) - set(ports):
            self._release(port)
        for port, name in ports.items():
            self._owners[port] = (namespace_of(change.obj), name_of(change.obj), name)
            if port in self._sockets and port not in self._servers:
                task = asyncio.ensure_future(wholly(partial(self._open, port)))
                self._opening.add(task)
                task.add_done_callback(self._opening.discard)

    async def _open(self, port: int) -> None:
        if port not in self._sockets:
            return
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Inbound(self, port), sock=self._sockets[port])
        self._servers[port] = server

    def _release(self, port: int) -> None:
        self._owners.pop(port, None)
        if server := self._servers.pop(port, None):
            server.close()
        if sock := self._sockets.pop(port, None):
            sock.close()

    def choose(self, port: int) -> Endpoint | None:
        """The endpoint for a new connection to a node port; None where none is ready."""
        owner = self._owners.get(port)
        service = self._store.get(SERVICE, *owner[:2]) if owner else None
        if owner is None or service is None:
            return None
        found = ready_endpoints(self._store, owner[0], owner[1], {"name": owner[2]})
        if not found:
            return None
        chosen = random.choice(found)  # noqa: S311  # a draw, not a secret
        if at(service, "spec", "sessionAffinity") == "ClientIP":  # every client here is 127.0.0.1
            kept = self._sticky.get(port)
            chosen = self._sticky[port] = kept if kept in found and kept else chosen
        return chosen

    async def close(self) -> None:
        """Stop listening everywhere."""
        for task in list(self._opening):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        for port in list(self._sockets):
            self._release(port)


def _port_key(port: Obj) -> tuple[str, int]:
    return (port.get("protocol", "TCP"), port["port"])


def _node_ports(service: Obj | None) -> dict[int, str]:
    ports = at(service, "spec", "ports", default=[])
    return {p["nodePort"]: p.get("name", "") for p in ports if p.get("nodePort")}


class _Inbound(asyncio.Protocol):
    """A client's connection: what comes before the pod's connection stands is kept."""

    def __init__(self, ports: NodePorts, port: int) -> None:
        self._ports = ports
        self._port = port
        self._early: list[bytes] = []
        self._out: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None
        self._ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # create_server hands out nothing else
        self._task = asyncio.ensure_future(self._connect(transport))

    async def _connect(self, transport: asyncio.Transport) -> None:
        endpoint = self._ports.choose(self._port)
        if endpoint is None:
            _reset(transport)
            return
        loop = asyncio.get_running_loop()
        try:
            out, _ = await loop.create_connection(lambda: _Outbound(transport), endpoint.host, endpoint.port)
        except OSError:
            _reset(transport)
            return
        self._out = out
        out.writelines(self._early)
        if transport.is_closing():
            out.close()
        elif self._ended and out.can_write_eof():
            out.write_eof()

    def data_received(self, data: bytes) -> None:
        if self._out:
            self._out.write(data)
        else:
            self._early.append(data)

    def eof_received(self) -> bool:
        self._ended = True
        if self._out and self._out.can_write_eof():
            self._out.write_eof()
        return True

    def connection_lost(self, _: Exception | None) -> None:
        if self._out:
            self._out.close()


class _Outbound(asyncio.Protocol):
    """The connection to the pod: what it sends goes to the client."""

    def __init__(self, client: asyncio.Transport) -> None:
        self._client = client

    def data_received(self, data: bytes) -> None:
        self._client.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if exc:
            _reset(self._client)
        else:
            self._client.close()


def _reset(transport: asyncio.Transport) -> None:
    """End with a reset, as a node answers for a Service without endpoints."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    transport.abort()
