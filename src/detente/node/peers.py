"""The other parties' nodes: who they are by the agreement, and how they are called."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

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


def others(record: PartyRecord) -> list[str]:
    """Ids of the other parties, in the agreement's order."""
    return [member.id for member in record.terms.members if member.id != record.party]


def anchors(record: PartyRecord) -> tuple[TrustAnchor, ...]:
    """What connections of the other parties are believed by."""
    return tuple(
        TrustAnchor(party, key.public_key)
        for party in others(record)
        for key in signing_keys(record, party)
    )


def node_signer(record: PartyRecord, home: Home) -> Signer:
    """The private key that signs in the node's name now.

    Raises:
        KeyFileUnusable: it is not in the directory of keys.
    """
    wanted = {key.public_key for key in signing_keys(record, record.party)}
    for signer in home.signers():
        if signer.public_key in wanted:
            return signer
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
        self._signer = node_signer(record, home)
        hosts = [address.host for address in addresses_of(agreement(), record.party)]
        self.identity = TransportIdentity(record.party, hosts, self._signer, clock, anchors(record))
        self._egress = Egress(
            AddressPolicy.of(settings.peer_network),
            connect_to=[ConnectTo.parse(text) for text in settings.connect_to],
        )
        self._nodes = {party: PeerNode(party, self._clients(party)) for party in others(record)}
        self._facts = self._facts_now()

    def __iter__(self) -> Iterator[PeerNode]:
        return iter(tuple(self._nodes.values()))

    def __getitem__(self, party: str) -> PeerNode:
        return self._nodes[party]

    async def refresh(self, *, renew: bool = False) -> bool:
        """Follow the agreement and the keys; whether anything was made anew.

        Args:
            renew: make a new transport certificate in any case.
        """
        facts = self._facts_now()
        if facts == self._facts and not renew:
            return False
        self._signer = node_signer(self._record, self._home)
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
        return True

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

    def _facts_now(self) -> _Facts:
        agreement = self._agreement()
        parties = (self._record.party, *others(self._record))
        return _Facts(
            anchors(self._record),
            tuple(
                (party, tuple(each.url for each in addresses_of(agreement, party)))
                for party in parties
            ),
            tuple(key.public_key for key in signing_keys(self._record, self._record.party)),
        )
