"""The other parties' nodes: who they are by the agreement, and how they are called."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, cast

from detente.agreement import Address, Agreement
from detente.http import (
    AddressPolicy,
    Answer,
    CallLane,
    ConnectTo,
    Egress,
    EgressError,
    PeerClient,
    TransportIdentity,
    TrustAnchor,
    sign_request,
)
from detente.record import Clock, KeyFileUnusable, PartyRecord, Random, Signer, Verifier

from .errands import ErrandBox, is_errand
from .home import Home
from .settings import NodeSettings

SIGNING: Final = "signing"
ANSWER_BYTES_MAX: Final = 1 << 20


def signing_keys(record: PartyRecord, party: str) -> list[Verifier]:
    """The keys of a party's node that are in force for what comes next."""
    return [
        author.key
        for author in record.keyring.authors(party, record.head.size)
        if author.purpose == SIGNING
    ]


def transport_keys(record: PartyRecord, party: str) -> list[Verifier]:
    """By which a party's node may be known when it calls, or is called.

    Those in force, and what they have replaced: a rotation travels over a line that is spoken with
    the old key. A key that was revoked, or left the agreement, is not among them.
    """
    found: dict[bytes, Verifier] = {}
    for key in signing_keys(record, party):
        each: Verifier | None = key
        while each is not None and each.public_key not in found:
            found[each.public_key] = each
            each = record.keyring.before(each)
    return list(found.values())


async def untold_keys(record: PartyRecord) -> frozenset[bytes]:
    """Our keys that stand in rotations which some other party has given no receipt for."""
    rows = await record.query(
        "SELECT DISTINCT e.position FROM party_entries AS e "
        "JOIN party_recipients AS r ON r.position = e.position "
        "WHERE e.sender = ? AND e.kind = 'key-rotation' AND e.payload IS NOT NULL "
        "AND NOT EXISTS (SELECT 1 FROM party_answers AS a WHERE a.subject = e.position "
        "AND a.party = r.party AND a.kind = 'receipt')",
        (record.party,),
    )
    untold = set()
    for (position,) in rows:
        payload = (await record.entry(cast(int, position))).payload
        if payload is not None and payload.body.get("purpose") == SIGNING:
            untold.add(Verifier.from_vkey(str(payload.body["new"])).public_key)
    return frozenset(untold)


def others(record: PartyRecord) -> list[str]:
    """Ids of the other parties, in the agreement's order."""
    return [member.id for member in record.terms.members if member.id != record.party]


def anchors(record: PartyRecord) -> tuple[TrustAnchor, ...]:
    """What connections of the other parties are believed by."""
    return tuple(
        TrustAnchor(party, key.public_key)
        for party in others(record)
        for key in transport_keys(record, party)
    )


def transport_signer(
    record: PartyRecord, home: Home, untold: frozenset[bytes] = frozenset()
) -> Signer:
    """The private key by which the other parties know our node now.

    After a rotation that is the old one, until all of them have it on their disks.

    Args:
        untold: see `untold_keys`.

    Raises:
        KeyFileUnusable: it is not in the directory of keys.
    """
    signers = {signer.public_key: signer for signer in home.signers()}
    for key in signing_keys(record, record.party):
        known: Verifier | None = key
        while known is not None and known.public_key in untold:
            known = record.keyring.before(known)
        for wanted in (known, key):
            if wanted is not None and wanted.public_key in signers:
                return signers[wanted.public_key]
    raise KeyFileUnusable("The node's signing key is not here.", where=str(home.keys))


def addresses_of(agreement: Agreement, party: str) -> list[Address]:
    """Where a party's node is, by the agreement; none if it is no longer in it."""
    found = agreement.document.party(party)
    return [] if found is None else list(found.addresses)


class PeerNode:
    """One other party's node: its addresses are tried in turn, the one that worked last first."""

    def __init__(self, party: str, clients: list[PeerClient]) -> None:
        self.party = party
        self._clients = clients
        self.errands = ErrandBox()
        """Calls that wait until the peer asks for them, because it cannot be called."""
        self.answered: Callable[[], None] = lambda: None
        """Called whenever the peer has answered something, authenticated by TLS."""

    @property
    def url(self) -> str:
        """The address that is called first now."""
        return self._clients[0].url

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        deadline_s: float,
        lane: CallLane = CallLane.BULK,
        content_type: str = "application/json",
        max_bytes: int = ANSWER_BYTES_MAX,
    ) -> Answer:
        """Ask the peer. What is sent must bear being sent twice.

        Raises:
            UrlRefused, AddressRefused: its address must not be called.
            EgressError: there is no answer that can be used.
        """
        if self.errands.asked_for and is_errand(path):
            return await self.errands.run(method, path, body, content_type, deadline_s, max_bytes)
        headers = {"content-type": content_type} if body else {}
        failure: EgressError | None = None
        for client in list(self._clients):
            try:
                answer = await client.request(
                    method,
                    path,
                    body=body,
                    headers=headers,
                    deadline_s=deadline_s,
                    max_bytes=max_bytes,
                    lane=lane,
                )
            except EgressError as error:
                failure = failure or error
                if error.reached or error.sent:
                    raise
                self._clients.remove(client)
                self._clients.append(client)
                continue
            self.answered()
            return answer
        assert failure is not None  # noqa: S101 - a party has at least one address
        raise failure

    async def replace(self, clients: list[PeerClient]) -> None:
        """Use other clients from now on: addresses or keys have changed."""
        before, self._clients = self._clients, clients
        for client in before:
            await client.close()


@dataclass(frozen=True, slots=True)
class _Facts:
    """What connections depend on; when it changes they are made anew."""

    anchors: tuple[TrustAnchor, ...]
    addresses: tuple[tuple[str, tuple[str, ...]], ...]
    own: tuple[bytes, ...]
    logs: tuple[bytes, ...]
    untold: frozenset[bytes]


class Peers:
    """Our end of every connection, and all other parties' nodes."""

    def __init__(
        self,
        record: PartyRecord,
        home: Home,
        agreement: Callable[[], Agreement],
        settings: NodeSettings,
        clock: Clock,
        random: Random,
    ) -> None:
        """Raises:
        KeyFileUnusable: the node's signing key is not there.
        CertificateUnusable: no certificate can be made of it.
        """
        self._record = record
        self._home = home
        self._agreement = agreement
        self._clock = clock
        self._random = random
        self.changed: Callable[[], None] = lambda: None
        """Called when keys or addresses of anybody have changed."""
        self._signer = transport_signer(record, home)
        hosts = [address.host for address in addresses_of(agreement(), record.party)]
        self.identity = TransportIdentity(record.party, hosts, self._signer, clock, anchors(record))
        self._egress = Egress(
            AddressPolicy.of(settings.peer_network),
            connect_to=[ConnectTo.parse(text) for text in settings.connect_to],
        )
        self._nodes = {party: PeerNode(party, self._clients(party)) for party in others(record)}
        self._facts = self._facts_now(frozenset())

    def __iter__(self) -> Iterator[PeerNode]:
        return iter(tuple(self._nodes.values()))

    @property
    def signer(self) -> Signer:
        """The private key by which the others know our node, as of the last refresh."""
        return self._signer

    def __getitem__(self, party: str) -> PeerNode:
        return self._nodes[party]

    def errands_of(self, party: str) -> ErrandBox | None:
        """What waits until a party asks for it; None if it is none any more."""
        node = self._nodes.get(party)
        return None if node is None else node.errands

    async def refresh(self, *, renew: bool = False) -> bool:
        """Follow the agreement and the keys; whether anything was made anew.

        Args:
            renew: make a new transport certificate in any case.
        """
        facts = self._facts_now(self._facts.untold)
        if facts.untold or facts != self._facts or renew:
            facts = self._facts_now(await untold_keys(self._record))
        if facts == self._facts and not renew:
            return False
        self._signer = transport_signer(self._record, self._home, facts.untold)
        hosts = [address.host for address in addresses_of(self._agreement(), self._record.party)]
        self.identity.renew(self._signer, hosts)
        self.identity.trust(facts.anchors)
        self._facts = facts
        there = set(others(self._record))
        for party in there - self._nodes.keys():
            self._nodes[party] = PeerNode(party, [])
        for party, node in list(self._nodes.items()):
            if party in there:
                await node.replace(self._clients(party))
            else:
                await self._nodes.pop(party).replace([])
        self.changed()
        return True

    @property
    def egress(self) -> Egress:
        """The way of all calls, closed with these."""
        return self._egress

    async def close(self) -> None:
        """End all connections."""
        await self._egress.close()

    def _clients(self, party: str) -> list[PeerClient]:
        urls = [address.url for address in addresses_of(self._agreement(), party)]
        context = self.identity.client_context(party)
        return [self._egress.peer(url, urls, context, sign=self._sign) for url in urls]

    def _sign(self, method: str, url: str, body: bytes) -> dict[str, str]:
        nonce = base64.urlsafe_b64encode(self._random(18)).decode()
        return sign_request(method, url, body, self._signer, now=self._clock(), nonce=nonce)

    def _facts_now(self, untold: frozenset[bytes]) -> _Facts:
        agreement, keyring = self._agreement(), self._record.keyring
        parties = (self._record.party, *others(self._record))
        return _Facts(
            anchors(self._record),
            tuple(
                (party, tuple(each.url for each in addresses_of(agreement, party)))
                for party in parties
            ),
            tuple(key.public_key for key in signing_keys(self._record, self._record.party)),
            tuple(key.public_key for party in parties for key in keyring.log_keys(party)),
            untold,
        )
