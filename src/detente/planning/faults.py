"""What goes wrong in planning, in words: one function for each kind of fault."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from detente.errors import DetenteError
from detente.planning.intents import Fault, State
from detente.planning.subscribers import SUBSCRIBERS_MAX, SUBSCRIPTIONS_MAX
from detente.words import Words, moment

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

STATE_NAMES: Final = {
    State.ACCEPTED: Words("planned (Accepted)", "prévue (Accepted)"),
    State.ACTIVATED: Words("flying (Activated)", "en vol (Activated)"),
    State.NONCONFORMING: Words(
        "outside of its volumes (Nonconforming)", "hors de ses volumes (Nonconforming)"
    ),
    State.CONTINGENT: Words("in a contingency (Contingent)", "en situation d’urgence (Contingent)"),
}


def when(instant_us: int) -> Words:
    """An instant for people."""
    return moment(_EPOCH + timedelta(microseconds=instant_us))


def wrong(code: str, rule: str, en: str, fr: str, where: str = "") -> Fault:
    """A fault of an order by itself."""
    return Fault(code, rule, Words(en, fr), where)


def volume_fault(error: DetenteError, where: str) -> Fault:
    """A volume that F3548-21 does not allow; the geometry says why."""
    place = f"{where}.{error.where}" if error.where else where
    said = error.message if not error.advice else f"{error.message} {error.advice}"
    return Fault(
        type(error).code,
        "",
        Words(said, f"Ce volume ne peut être accepté\u202f: «\u202f{said}\u202f»"),
        place,
    )


def no_exchange() -> Fault:
    """No exchange is responsible."""
    return wrong(
        "plan.no_exchange",
        "USS0005",
        "No exchange that this node files at is responsible for any part of the plan: nobody would "
        "learn of it. Plan within the area of an exchange, or add the exchange to the settings.",
        "Aucun répertoire auquel ce nœud annonce ses vols n’est compétent pour la moindre partie "
        "du plan\u202f: personne n’en serait informé. Planifiez dans l’aire d’un répertoire, ou "
        "ajoutez ce répertoire aux réglages.",
        "volumes",
    )


def exchange_failed(exchange: str, what: str) -> Fault:
    """An exchange did not answer, or not so that it could be understood."""
    return wrong(
        "plan.exchange_failed",
        "",
        f"The exchange “{exchange}” could not be used: {what}. Nothing is planned without it. "
        "Try again.",
        f"Le répertoire «\u202f{exchange}\u202f» n’a pu être utilisé\u202f: «\u202f{what}\u202f». "
        "Rien n’est planifié sans lui. Réessayez.",
        exchange,
    )


def exchange_refused(exchange: str, status: int, what: str) -> Fault:
    """An exchange said no, and not because of a key."""
    down = status == 412
    return wrong(
        "plan.exchange_refused",
        "",
        f"The exchange “{exchange}” refused ({status}): {what}"
        + (" It holds this USS to be down: have its availability set right." if down else ""),
        f"Le répertoire «\u202f{exchange}\u202f» a refusé ({status})\u202f: «\u202f{what}\u202f»"
        + (
            " Il tient cet USS pour hors service\u202f: faites corriger sa disponibilité."
            if down
            else ""
        ),
        exchange,
    )


def too_many_rounds(exchange: str, rounds: int) -> Fault:
    """Others change what we must know faster than we can ask."""
    return wrong(
        "plan.rounds",
        "",
        f"The exchange “{exchange}” named {rounds} times something new that had to be known "
        "first: too much is being changed here at the moment. Try again.",
        f"Le répertoire «\u202f{exchange}\u202f» a nommé {rounds} fois quelque chose de nouveau "
        "qu’il fallait d’abord connaître\u202f: trop de choses y changent en ce moment. Réessayez.",
        exchange,
    )


def peer_unusable(exchange: str, problem: Words) -> Fault:
    """A neighbour's details cannot be had: what cannot be compared cannot be called clear."""
    return wrong(
        "plan.peer_unusable",
        "SCD0005",
        f"{problem.en} What cannot be compared cannot be said to be free of conflict.",
        f"{problem.fr} Ce qui ne peut être comparé ne peut être dit exempt de conflit.",
        exchange,
    )


def not_ours(exchange: str) -> Fault:
    """Another USS holds the id."""
    return wrong(
        "plan.not_ours",
        "OPIN0035",
        f"At the exchange “{exchange}” an intent of this id is managed by another USS.",
        f"Au répertoire «\u202f{exchange}\u202f», une intention de cet identifiant est gérée par "
        "un autre USS.",
        exchange,
    )


def reference_gone(exchange: str) -> Fault:
    """The reference was deleted, not by this node."""
    return wrong(
        "plan.reference_gone",
        "USS0005",
        f"The intent does not stand at the exchange “{exchange}” any more. End it, and plan anew.",
        f"L’intention ne figure plus au répertoire «\u202f{exchange}\u202f». Terminez-la et "
        "planifiez de nouveau.",
        exchange,
    )


def subscribers_unknown(exchange: str) -> Fault:
    """The change holds, but its answer was lost, and with it who must be told."""
    return wrong(
        "plan.subscribers_unknown",
        "SCD0085",
        f"The exchange “{exchange}” took the change, but its answer was lost: whom it wanted to "
        "be told is not known, and nobody there was told.",
        f"Le répertoire «\u202f{exchange}\u202f» a pris le changement, mais sa réponse s’est "
        "perdue\u202f: on ne sait qui devait être averti, et personne ne l’a été.",
        exchange,
    )


def subscribers_left_out(exchange: str, code: str) -> Fault:
    """The change holds; the exchange wants more USSs to be told than are."""
    return wrong(
        code,
        "",
        f"The exchange “{exchange}” wants more to be told of the change than a node calls "
        f"({SUBSCRIBERS_MAX:,} USSs, {SUBSCRIPTIONS_MAX:,} subscriptions of each): only the first "
        "were told.",
        f"Le répertoire «\u202f{exchange}\u202f» veut voir avertis du changement plus "
        f"d’abonnés qu’un nœud n’en appelle ({SUBSCRIBERS_MAX} USS, {SUBSCRIPTIONS_MAX} "
        "abonnements pour chacun)\u202f: seuls les premiers l’ont été.",
        exchange,
    )


def interrupted(exchange: str) -> Fault:
    """An order was cut off before it was known to hold."""
    return wrong(
        "plan.interrupted",
        "",
        f"The order was interrupted before the answer of the exchange “{exchange}” was known; "
        "what had been announced was taken back. Give the order again.",
        f"L’ordre a été interrompu avant que la réponse du répertoire «\u202f{exchange}\u202f» "
        "soit connue\u202f; ce qui avait été annoncé a été retiré. Donnez l’ordre de nouveau.",
        exchange,
    )


def constraint_unknown(exchange: str, problem: Words) -> Fault:
    """A constraint's details cannot be had."""
    return wrong(
        "plan.constraint_unknown",
        "CSTP0005",
        f"{problem.en} An operator cannot be told of a constraint that is not known.",
        f"{problem.fr} On ne peut informer un exploitant d’une contrainte inconnue.",
        exchange,
    )
