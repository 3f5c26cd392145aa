"""What the demonstration says of flights that were planned otherwise."""

from __future__ import annotations

from typing import Final

from detente.words import Words

GROUNDED: Final = Words(
    "Stays on the ground: no way out was found.", "Reste au sol\u202f: aucune issue trouvée."
)
AFTER: Final = Words(
    "After: as both nodes have planned the day, each refused flight by the cheapest way out that "
    "its own node proposed. No two of them meet.",
    "Après\u202f: la journée telle que les deux nœuds l’ont planifiée, chaque vol refusé prenant "
    "l’issue la moins coûteuse que son propre nœud a proposée. Aucun ne rencontre un autre.",
)
