"""Who calls our line: a party of the agreement, by its certificate and its signature, or nobody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from detente.http import (
    Caller,
    CertificateUnusable,
    NonceStore,
    RequestHead,
    SignatureClock,
    Unauthorized,
    certified_peer,
    verify_request,
)
from detente.record import Clock, PartyRecord, Verifier
from detente.record.ijson import format_time

from . import line_wire
from .peers import anchors, transport_keys

LINE_SCOPE: Final = line_wire.SCOPE
"""What a peer's node may do; no officer's session has it."""


class NotAPeer(Unauthorized):
    """Whoever calls is no other party, or its request is not signed as it has to be: 401."""

    code = "line.not_a_peer"


class PeerAccess:
    """Authenticates the other parties' nodes; for `build_app(authenticator=…)`.

    TLS has checked the certificate; here the key that issued it is asked for again, because one
    that was revoked meanwhile ends what it has begun. The signature must be by a key of the same
    party. The body is checked by the endpoint (`digest`), whose header the signature covers.
    """

    def __init__(
        self,
        record: PartyRecord,
        hosts: Callable[[], frozenset[str]],
        clock: Clock,
        *,
        heard: Callable[[str], None],
    ) -> None:
        """Args:
        record: ours; its keys decide.
        hosts: `host[:port]` under which we are called, as the agreement writes them.
        clock: the wall clock.
        heard: told which party was heard, after each good request.
        """
        self._record = record
        self._hosts = hosts
        self._clock = clock
        self._heard = heard
        self._nonces = NonceStore()
        self._started: datetime = clock()

    async def authenticate(self, head: RequestHead, now_us: int) -> Caller:
        """Which party calls.

        Raises:
            NotAPeer: none that may.
        """
        certificate = head.peer
        if certificate is None:
            raise NotAPeer("The line is spoken with a certificate only.", missing=True)
        try:
            peer = certified_peer(certificate.der, anchors(self._record))
        except CertificateUnusable as error:
            raise NotAPeer(f"The certificate is not by a key in force: {error}") from None
        # A key and what it replaced may have one name: the certificate's is meant.
        known = transport_keys(self._record, peer.party)
        known.sort(key=lambda key: key.public_key == peer.issuing_key)
        keys = {key.name: key for key in known}

        def key_named(name: str) -> Verifier | None:
            return keys.get(name)

        try:
            verify_request(
                head.method,
                head.target_uri,
                head.headers,
                None,
                authorities=self._hosts(),
                keys=key_named,
                nonces=self._nonces,
                sender=peer.party,
                now=self._clock(),
                started=self._started.replace(microsecond=0),
            )
        except SignatureClock as error:
            raise NotAPeer(f"{error} Here it is {format_time(error.now)}.") from None
        self._heard(peer.party)
        return Caller(peer.party, frozenset({LINE_SCOPE}), "line", 0)
