"""What grounds say of encounters and of distances from lines."""

from __future__ import annotations

from typing import Final

from detente.words import Words

GROUNDS_BETWEEN: Final[dict[str, Words]] = {
    "converging": Words("They came nearer to each other.", "Ils se rapprochaient."),
    "diverging": Words(
        "They were near when first seen, and moved apart.",
        "Ils étaient proches quand on les a vus, et s’éloignaient.",
    ),
    "in-company": Words(
        "They were near when first seen, and hardly moved towards each other.",
        "Ils étaient proches quand on les a vus, et ne bougeaient guère l’un vers l’autre.",
    ),
    "formation": Words(
        "They stayed near, and hardly moved towards each other: they flew in formation.",
        "Ils sont restés proches sans guère bouger l’un vers l’autre\u202f: ils volaient en "
        "formation.",
    ),
    "joined": Words(
        "They came nearer, and then flew in formation.",
        "Ils se sont rapprochés, puis ont volé en formation.",
    ),
    "measured": Words("That is measured.", "Cela est mesuré."),
    "if-both-go-on": Words(
        "That is what comes if both go on as they do.",
        "C’est ce qui arrivera si les deux continuent ainsi.",
    ),
    "altitude-not-told": Words(
        "One of them tells no altitude: it may be at any.",
        "L’un d’eux n’annonce pas d’altitude\u202f: elle peut être quelconque.",
    ),
    "stayed-apart": Words(
        "They stayed farther apart than positions, times and speeds can be wrong.",
        "Ils sont restés plus éloignés que l’erreur possible des positions, heures et vitesses.",
    ),
    "track-lost": Words("One of them was not heard any more.", "L’un d’eux n’a plus été entendu."),
    "too-near-beyond-uncertainty": Words(
        "It was nearer than agreed by more than position, time and line can be wrong.",
        "Il était plus près que convenu, de plus que l’erreur possible de la position, de l’heure "
        "et de la ligne.",
    ),
    "too-near-within-uncertainty": Words(
        "It was nearer than agreed by less than position, time and line can be wrong.",
        "Il était plus près que convenu, de moins que l’erreur possible de la position, de "
        "l’heure et de la ligne.",
    ),
    "began-too-near": Words(
        "It was too near already when it was first seen there.",
        "Il était déjà trop près quand on l’y a vu.",
    ),
    "exempt-on-notice": Words(
        "It was on an errand that may come closer, announced in time.",
        "Il effectuait un vol qui peut s’approcher davantage, annoncé à temps.",
    ),
    "no-notice": Words(
        "No errand that may come closer was announced.",
        "Aucun vol qui peut s’approcher davantage n’était annoncé.",
    ),
    "notice-too-late": Words(
        "Its errand was announced later than agreed.",
        "Son vol a été annoncé plus tard que convenu.",
    ),
    "notice-for-another-time": Words(
        "Its errand was announced for another time.",
        "Son vol était annoncé pour un autre moment.",
    ),
    "closer-than-notice-allows": Words(
        "It came closer than its errand may.", "Il s’est approché plus que son vol ne le permet."
    ),
}
"""By code. Codes do not change."""
