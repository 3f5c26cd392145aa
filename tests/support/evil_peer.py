"""A party of the agreement that is authenticated and hostile: it has valid keys, and no manners.

    async with two_nodes(tmp_path, start=("a",)) as net, evil_peer(net) as evil:
        await evil.say("message", body)                  # sealed and signed as it should be
        await evil.call("POST", "/line/v1/resume", …)    # or whatever it likes
        evil.answers = lambda asked: raw(200, b"{}")     # what A's node gets when it calls

It does nothing by itself: it beats only when it is told to, and answers what `answers` says.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import os
import secrets
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from tests.support.nodes import ADDRESSES, HOST, Net

from detente.http import TransportIdentity, TrustAnchor, sign_request
from detente.record import (
    Blob,
    Draft,
    Ed25519Signer,
    Envelope,
    Payload,
    Reference,
    format_time,
    kind_of,
    read_payload,
    seal,
)
from detente.record.uuids import uuid7

AGREEMENT = "ab-2026"
PATHS = {"a": "", "b": "/detente"}


def raw(status: int, body: bytes, *more: str) -> bytes:
    """A whole answer of HTTP/1.1."""
    lines = [
        f"HTTP/1.1 {status} X",
        "content-type: application/json",
        f"content-length: {len(body)}",
        *more,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


@dataclass(frozen=True)
class Asked:
    """A request of the victim's node."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    writer: asyncio.StreamWriter

    @property
    def json(self) -> Any:
        """Its body."""
        return json.loads(self.body)

    @property
    def said(self) -> list[tuple[str, str]]:
        """Kind and channel of the envelopes in it."""
        found = []
        for envelope in self.json["envelopes"]:
            payload = json.loads(base64.b64decode(envelope["payload"]))
            found.append((kind_of(envelope["payloadType"]), payload["channel"]))
        return found


Answers = Callable[[Asked], bytes | Awaitable[bytes]]


def beat_back(asked: Asked, **other: Any) -> bytes:
    """What a decent peer answers to a beat."""
    beat = {
        "sequence": asked.json["sequence"],
        "sent": format_time(datetime.now(UTC)),
        "boot": "evil",
        "head": 1,
        "heard": None,
    }
    return raw(200, json.dumps(beat | other).encode())


@dataclass
class EvilPeer:
    """Party `party` against the node of party `victim`."""

    net: Net
    party: str
    victim: str
    identity: TransportIdentity
    node_key: Ed25519Signer
    officer_key: Ed25519Signer
    answers: Answers | None = None
    asked: list[Asked] = field(default_factory=list)
    ends: dict[str, tuple[int, bytes | None]] = field(default_factory=dict)
    port: int = 0

    # --- what it says ------------------------------------------------------------------------

    def seal(
        self,
        kind: str,
        body: Mapping[str, Any],
        *,
        channel: str | None = None,
        to: Sequence[str] | None = None,
        refs: Sequence[Reference] = (),
        blobs: Sequence[Blob] = (),
        status: str = "actual",
        by: Ed25519Signer | None = None,
        created: datetime | None = None,
        sender: str | None = None,
        advance: bool = True,
    ) -> Envelope:
        """The next envelope of a channel. `advance`: the one after it follows this one."""
        channel = f"line/{self.victim}" if channel is None else channel
        seq, previous = self.ends.get(channel, (0, None))
        now = datetime.now(UTC)
        sealed = seal(
            Draft(
                kind,
                channel,
                (self.victim,) if to is None else tuple(to),
                body,
                tuple(refs),
                tuple(blobs),
                status,
            ),
            signer=by or (self.officer_key if kind in OFFICERS_KINDS else self.node_key),
            agreement=AGREEMENT,
            sender=sender or self.party,
            sequence=seq + 1,
            previous=previous,
            created=created or now,
            identity=uuid7(int(now.timestamp() * 1000), secrets.token_bytes(10)),
            salt=secrets.token_bytes(16),
        )
        if advance:
            self.ends[channel] = seq + 1, hashlib.sha256(sealed.pae()).digest()
        return sealed

    async def post(
        self, envelopes: Sequence[Envelope], path: str = "inbox", **more: Any
    ) -> httpx.Response:
        """Give envelopes to the victim."""
        return await self.call("POST", f"/line/v1/{path}", delivery(envelopes, **more))

    async def say(self, kind: str, body: Mapping[str, Any], **more: Any) -> Payload:
        """Say something that the victim takes."""
        before = dict(self.ends)
        envelope = self.seal(kind, body, **more)
        lane = "emergency" if more.get("channel", "").endswith("/emergency") else "inbox"
        answer = await self.post([envelope], lane)
        if answer.status_code != 200:
            self.ends = before
        assert answer.status_code == 200, answer.text
        return read_payload(envelope)

    async def tell(self, words: str, urgency: str = "routine", **more: Any) -> Payload:
        """Send a message in free text."""
        channel = f"line/{self.victim}" + ("" if urgency == "routine" else "/emergency")
        return await self.say("message", text_body(words, urgency), **{"channel": channel, **more})

    # --- what it calls -----------------------------------------------------------------------

    async def call(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        headers: Mapping[str, str] | None = None,
        sign: Callable[[str, str, bytes], Mapping[str, str]] | None = None,
        timeout_s: float = 60.0,
    ) -> httpx.Response:
        """Call the victim's line, signed as it should be unless `sign` says otherwise."""
        signed = (sign or self.sign)(method, self.url(path), body)
        sent = {"host": self.authority, "content-type": "application/json", **signed}
        request = self.client.build_request(
            method,
            f"https://{HOST}:{self.net[self.victim].proxy.target}{PATHS[self.victim]}{path}",
            content=body,
            headers={**sent, **(headers or {})},
            extensions={"sni_hostname": ADDRESSES[self.victim][0]},
            timeout=timeout_s,
        )
        return await self.client.send(request)

    @property
    def authority(self) -> str:
        """The victim, as the agreement names it."""
        host, port = ADDRESSES[self.victim]
        return host if port == 443 else f"{host}:{port}"

    def url(self, path: str) -> str:
        """What is signed."""
        return f"https://{self.authority}{PATHS[self.victim]}{path}"

    def sign(self, method: str, url: str, body: bytes, **other: Any) -> dict[str, str]:
        """The headers of a request; `other` replaces arguments of `sign_request`."""
        given: dict[str, Any] = {
            "now": datetime.now(UTC),
            "nonce": secrets.token_urlsafe(18),
        } | other
        return sign_request(method, url, body, given.pop("signer", self.node_key), **given)

    async def beat(self, **other: Any) -> httpx.Response:
        """Beat once."""
        body = {
            "sequence": 1,
            "sent": format_time(datetime.now(UTC)),
            "boot": "evil",
            "head": 1,
            "heard": None,
        }
        return await self.call("POST", "/line/v1/beat", json.dumps(body | other).encode())

    async def connect(
        self, context: ssl.SSLContext | None = None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A bare TLS connection, for bytes that no client would send."""
        return await asyncio.open_connection(
            HOST,
            self.net[self.victim].proxy.target,
            ssl=context or self.identity.client_context(self.victim),
            server_hostname=ADDRESSES[self.victim][0],
        )

    # --- what it is asked --------------------------------------------------------------------

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the victim."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ValueError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, path, _ = head[0].split(" ", 2)
                fields = {}
                for line in head[1:-2]:
                    name, _, value = line.partition(":")
                    fields[name.lower()] = value.strip()
                body = await reader.readexactly(int(fields.get("content-length", "0")))
                asked = Asked(method, path.removeprefix(PATHS[self.party]), fields, body, writer)
                self.asked.append(asked)
                answer = self._answer(asked)
                writer.write(answer if isinstance(answer, bytes) else await answer)
                await writer.drain()
        writer.transport.abort()

    def _answer(self, asked: Asked) -> bytes | Awaitable[bytes]:
        if self.answers is not None:
            return self.answers(asked)
        if asked.path == "/line/v1/beat":
            return beat_back(asked)
        return raw(503, b'{"message": "no", "code": "no"}')

    client: httpx.AsyncClient = field(init=False)


OFFICERS_KINDS = frozenset({"message", "read-back", "acknowledgement", "minutes-signature"})


def delivery(envelopes: Sequence[Envelope], **more: Any) -> bytes:
    """The body of `inbox`."""
    sealed = b",".join(each.to_json() for each in envelopes)
    rest = json.dumps(more)[1:-1]
    return b'{"envelopes":[' + sealed + b"]" + (f",{rest}" if rest else "").encode() + b"}"


def text_body(words: str, urgency: str = "routine") -> dict[str, Any]:
    """A message in free text."""
    return {
        "form": "text",
        "urgency": urgency,
        "language": "en",
        "fields": {"text": {"text": words, "language": "en"}},
    }


def about(of: Payload, rel: str) -> list[Reference]:
    """What a statement about a message is bound to."""
    return [Reference(of.id, rel, of.sha256)]


@asynccontextmanager
async def evil_peer(net: Net, party: str = "b", victim: str = "a") -> AsyncIterator[EvilPeer]:
    """The hostile party, listening where the victim calls it, until the end."""
    world = net.world
    believed = TrustAnchor(victim, world.node(victim).public_key)
    host = ADDRESSES[party][0]
    key = world.node(party)
    identity = TransportIdentity(party, [host], key, lambda: datetime.now(UTC), [believed])
    evil = EvilPeer(net, party, victim, identity, key, world.officer(party))
    server = await asyncio.start_server(
        evil.serve, HOST, 0, ssl=identity.server_context(), limit=1 << 26
    )
    evil.port = server.sockets[0].getsockname()[1]
    net[party].proxy.target = evil.port
    context = identity.client_context(victim)
    limits = httpx.Limits(max_connections=64)
    async with httpx.AsyncClient(verify=context, trust_env=False, limits=limits) as evil.client:
        try:
            yield evil
        finally:
            server.close()


def resident_mb(pid: int) -> float:
    """How much memory a process holds, in MB."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
