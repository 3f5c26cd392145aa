"""How the uncertainty of sources is known, in English and in French."""

from __future__ import annotations

from typing import Final

from detente.words import Words

STATED: Final = Words("stated by the user", "indiqué par l’utilisateur")
GEO_MAPS: Final = Words(
    "assumed, as nothing independent and finer could be had to measure it by: 10 m that its lines "
    "were simplified by and 1 m that they were rounded to; 25 m for lines taken from maps of "
    "1:50,000, by the rule of half a millimetre; the rest for imagery that lies askew, and for "
    "changes since 2017. Limits at sea rest on baselines that are drawn by convention: one "
    "nautical mile. If you know better, import it with --uncertainty-m.",
    "supposée, faute de source indépendante et plus fine pour la mesurer\u202f: 10\u202fm dont ses "
    "lignes ont été simplifiées et 1\u202fm auquel elles ont été arrondies\u202f; 25\u202fm pour "
    "les lignes tirées de cartes au 1/50\u202f000, à un demi-millimètre près\u202f; le reste pour "
    "des images mal calées et pour les changements depuis 2017. Les limites en mer reposent sur "
    "des lignes de base tracées par convention\u202f: un mille marin. Si vous savez mieux, "
    "importez-la avec --uncertainty-m.",
)
WORLD_ATLAS: Final = Words(
    "measured near 36° E 36° N against OpenStreetMap's line: 95 % within 2.0 to 2.4 km, all within "
    "2.8 km",
    "mesurée près de 36° E 36° N contre la ligne d’OpenStreetMap\u202f: 95\u202f% à moins de 2,0 à "
    "2,4\u202fkm, tout à moins de 2,8\u202fkm",
)
COUNTRY_CODER: Final = Words(
    "measured on all of the Earth against countries-maritime-10m 0.6.0 by the length of the edge "
    "(1,250 m for edges of up to 5 km), and 100 m that those may be off themselves; towards the "
    "sea it is a box around the land",
    "mesurée sur toute la Terre contre countries-maritime-10m 0.6.0 selon la longueur du segment "
    "(1\u202f250\u202fm pour des segments de 5\u202fkm au plus), avec les 100\u202fm d’erreur "
    "possible de celles-ci\u202f; vers la mer, c’est un cadre autour des terres",
)
_FRENCH: Final = {each.en: each.fr for each in (STATED, GEO_MAPS, WORLD_ATLAS, COUNTRY_CODER)}


def ground_words(en: str, fr: str = "") -> Words:
    """A ground in both languages.

    Args:
        en: as a source states it.
        fr: the same in French; "" if it does not state it: then as it is known of our own sources,
            or else as it stands.
    """
    return Words(en, fr or _FRENCH.get(en, en))
