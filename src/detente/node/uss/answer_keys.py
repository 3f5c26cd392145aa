"""Signatures on other USSs' answers: whose key it was, if it is one of the agreement's."""

from __future__ import annotations

import logging
from typing import Final

from detente.f3548 import Exchanged
from detente.http import SignatureRefused, verify_response
from detente.node.peers import others, signing_keys
from detente.planning import MessageSignature
from detente.record import Clock, PartyRecord, Verifier

_log: Final = logging.getLogger("detente.node.uss")


class AnswerKeys:
    """Checks answers by the keys of the other parties' nodes that are in force.

    Args:
        record: ours; its keys decide.
        clock: the wall clock.
    """

    def __init__(self, record: PartyRecord, clock: Clock) -> None:
        self._record = record
        self._clock = clock

    def check(self, exchanged: Exchanged, manager: str) -> MessageSignature | None:
        """The signature on an answer, if it is a good one of a party of the agreement.

        Who is no party of it signs nothing; an answer whose signature is wrong counts as unsigned,
        and is told of in the log.

        Args:
            exchanged: the exchange of messages.
            manager: of whom it was asked; for the log.
        """
        headers = {name.lower(): value for name, value in exchanged.response_headers}
        if "signature" not in headers or exchanged.response_code is None:
            return None
        keys = {
            key.name: key
            for party in others(self._record)
            for key in signing_keys(self._record, party)
        }

        def key_named(name: str) -> Verifier | None:
            return keys.get(name)

        try:
            told = verify_response(
                exchanged.method,
                exchanged.url,
                exchanged.response_code,
                headers,
                exchanged.response_body,
                keys=key_named,
                now=self._clock(),
            )
        except SignatureRefused as error:
            _log.warning("an answer of %s is signed, but not well: %s", manager, error)
            return None
        return MessageSignature(
            told.key_name,
            headers["signature-input"],
            headers["signature"],
            headers["content-digest"],
        )
