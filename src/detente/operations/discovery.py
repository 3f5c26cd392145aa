"""What others have announced at an exchange where one wants to fly: references, then details.

The exchange tells who has announced something that may be relevant, each manager tells what. An
answer that is missing or does not hold together is reported, never passed over: what cannot be
compared cannot be said to be free of conflict.
"""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import httpx

from detente.errors import DetenteError
from detente.f3548 import DssClient, TokenSource, UssClient, valid_volumes, volume_on_wire
from detente.f3548 import types as wire
from detente.geo import VolumeLimits, prepare
from detente.operations.flights import Flight
from detente.words import Words

AT_ONCE: Final = 8
_TOKEN_TIMEOUT_S: Final = 60.0
_DETAILS_DEADLINE_S: Final = 15.0  # an answer can also come in drops
# A peer may have been given wider limits by its exchange: here only form counts.
_LIMITS: Final = VolumeLimits(max_area_km2=1e9)


class TokenCommandFailed(DetenteError):
    """The command that should print a token did not."""

    code = "check.token_command_failed"


@dataclass(frozen=True, slots=True)
class Discovered:
    """What was announced by others.

    Attributes:
        flights: the intents whose details are known, one flight each.
        unknown: a sentence for each intent whose details could not be had.
    """

    flights: tuple[Flight, ...]
    unknown: tuple[Words, ...]


class CommandTokens:
    """Tokens printed by a command of the user's.

    The command is given what the token is for in DETENTE_AUDIENCE and DETENTE_SCOPE, and prints it.
    No shell reads it.

    Raises:
        TokenCommandFailed: a quotation in it does not end.
    """

    def __init__(self, command: str) -> None:
        try:
            self._command = shlex.split(command)
        except ValueError as error:
            raise TokenCommandFailed(f"it cannot be read: {error}.", where=command) from None
        self._known: dict[tuple[str, str], asyncio.Task[str]] = {}

    async def token(self, audience: str, scope: str) -> str:
        """The token, asked for once for each audience and scope.

        Raises:
            TokenCommandFailed: the command failed or printed nothing.
        """
        task = self._known.get((audience, scope))
        if task is None:
            task = self._known[audience, scope] = asyncio.create_task(self._ask(audience, scope))
        return await task

    async def _ask(self, audience: str, scope: str) -> str:
        where = shlex.join(self._command)
        environment = {**os.environ, "DETENTE_AUDIENCE": audience, "DETENTE_SCOPE": scope}
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        except (OSError, ValueError, IndexError) as error:
            raise TokenCommandFailed(f"it cannot be run: {error}", where=where) from error
        try:
            async with asyncio.timeout(_TOKEN_TIMEOUT_S):
                out, complaint = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise TokenCommandFailed(
                f"no token within {_TOKEN_TIMEOUT_S:g} s", where=where
            ) from None
        token = out.decode("ascii", "replace").strip()
        if process.returncode or not token or len(token.split()) != 1:
            said = complaint.decode("utf-8", "replace").strip()[-300:]
            raise TokenCommandFailed(
                f"it ended with {process.returncode} and printed no token. {said}".strip(),
                where=where,
                advice="It must print one token for $DETENTE_AUDIENCE with scope $DETENTE_SCOPE.",
            )
        return token


async def discover(
    exchange_url: str,
    tokens: TokenSource,
    flights: Sequence[Flight],
    *,
    own_managers: frozenset[str] = frozenset(),
    allow_http: bool = False,
    http: httpx.AsyncClient | None = None,
) -> Discovered:
    """Everything announced at an exchange that is relevant to the flights.

    Args:
        exchange_url: base URL of the DSS.
        tokens: for the DSS and for the USSs that it names.
        flights: own flights, with valid volumes.
        own_managers: whose intents are one's own and are left out.
        allow_http: whether a USS may be asked over http.
        http: carries the requests; a client of its own by default.

    Raises:
        PeerUnreachable, PeerRefused, PeerNonsense: the DSS did not answer as it must.
        TokenCommandFailed.
    """
    if http is None:
        async with httpx.AsyncClient(timeout=10.0, trust_env=False) as own:
            return await discover(
                exchange_url,
                tokens,
                flights,
                own_managers=own_managers,
                allow_http=allow_http,
                http=own,
            )
    gate = asyncio.Semaphore(AT_ONCE)
    references = await _references(DssClient(exchange_url, tokens, http), flights, gate)
    wanted = [r for r in references if r.manager not in own_managers]

    async def details(reference: wire.OperationalIntentReference) -> Flight | Words:
        async with gate:
            return await _details(reference, tokens, http, allow_http)

    found = await asyncio.gather(*map(details, wanted))
    return Discovered(
        tuple(answer for answer in found if isinstance(answer, Flight)),
        tuple(answer for answer in found if isinstance(answer, Words)),
    )


async def _references(
    exchange: DssClient, flights: Sequence[Flight], gate: asyncio.Semaphore
) -> Iterable[wire.OperationalIntentReference]:
    async def query(volume: wire.Volume4D) -> list[wire.OperationalIntentReference]:
        async with gate:
            return await exchange.query_operational_intents(volume)

    answers = await asyncio.gather(
        *(query(volume_on_wire(volume)) for flight in flights for volume in flight.volumes)
    )
    found = {reference.id: reference for answer in answers for reference in answer}
    return [found[identifier] for identifier in sorted(found)]


async def _details(
    reference: wire.OperationalIntentReference,
    tokens: TokenSource,
    http: httpx.AsyncClient,
    allow_http: bool,
) -> Flight | Words:
    whose = f"intent {reference.id} of {reference.manager}"
    whose_fr = f"l’intention {reference.id} de {reference.manager}"
    if not allow_http and not reference.uss_base_url.lower().startswith("https://"):
        return Words(
            f"{whose} was not asked for: {reference.uss_base_url} is not https",
            f"{whose_fr} n’a pas été demandée\u202f: {reference.uss_base_url} n’est pas en https",
        )
    try:
        peer = UssClient(reference.uss_base_url, tokens, http, _DETAILS_DEADLINE_S)
        found = await peer.operational_intent(reference.id)
        if found.reference.id != reference.id or found.reference.manager != reference.manager:
            return Words(
                f"{whose} is unknown: its USS answered for another one",
                f"{whose_fr} est inconnue\u202f: son USS a répondu pour une autre",
            )
        if found.reference.version < reference.version:
            return Words(
                f"{whose} is unknown: its USS answered with what it was before",
                f"{whose_fr} est inconnue\u202f: son USS en a donné un état antérieur",
            )
        details = found.details
        told = [*details.volumes, *details.off_nominal_volumes]
        volumes = valid_volumes(told, "volumes", _LIMITS, need_times=True, need_altitudes=True)
        prepare(volumes)  # whether they can be compared, lest one peer hinder all comparing
        return Flight(
            reference.id,
            reference.id,
            reference.manager,
            tuple(volumes),
            priority=details.priority,
        )
    except TokenCommandFailed:
        raise
    except DetenteError as error:
        return Words(
            f"{whose} is unknown: {error}",
            f"{whose_fr} est inconnue\u202f: «\u202f{error}\u202f»",
        )
