"""The user application profiles of the categories that are read, by edition.

Facts of EUROCONTROL-SPEC-0149 parts 4 (048), 9 (062) and 12 (021). Tests compare each with
asterix-specs as libasterix ships it.
"""

from __future__ import annotations

from functools import cache
from typing import ClassVar, Final

from detente.errors import DetenteError

from .items import Item, parse

_INTENT: Final = "{TIS:x1 TID:r15}"
_WIND: Final = "{WS:2 WD:2 TMP:2 TRB:1}"


def _ages(names: str) -> str:
    return "{" + " ".join(f"{name}:1" for name in names.split()) + "}"


def _cat021(descriptor: str, quality: str, surface: str) -> str:
    ages = _ages(
        "AOS TRD M3A QI TI1 MAM GH FL SAL FSA AS TAS MH BVR GVR GV TAR TI2 TS MET ROA ARA SCC"
    )
    return f"""
        010:2 040:{descriptor} 161:2 015:1 071:3 130:6 131:8
        072:3 150:2 151:2 080:3 073:3 074:4 075:3
        076:4 140:2 090:{quality} 210:1 070:2 230:2 145:2
        152:2 200:1 155:2 157:2 160:4 165:2 077:3
        170:6 020:1 220{_WIND} 146:2 148:2 110{_INTENT} 016:1
        008:1 271:{surface} 132:1 250:r8 260:7 400:1 295{ages}
        - - - - - RE:e SP:e"""


def _cat021_early(position: str, late: str) -> str:
    return f"""
        010:2 040:2 030:3 130:{position} 080:3 140:2 090:2
        210:1 230:2 145:2 150:2 151:2 152:2 155:2
        157:2 160:4 165:x2 170:6 095:1 032:1 200:1
        020:1 220{_WIND} 146:2 148:2 110{_INTENT} {late}
        - - - - - RE:e SP:e"""


def _cat048(descriptor: str) -> str:
    return f"""
        010:2 140:3 020:{descriptor} 040:4 070:2 090:2
        130{_ages("SRL SRR SAM PRL PAM RPD APD")}
        220:3 240:6 250:r8 161:2 042:4 200:4 170:x2
        210:4 030:f1 080:2 100:4 110:2 120{{CAL:2 RDS:r6}} 230:2
        260:7 055:1 050:2 065:1 060:2 SP:e RE:e"""


def _cat062(status: str) -> str:
    ages = _ages(
        "MFL MD1 MD2 MDA MD4 MD5 MHG IAS TAS SAL FSS TID COM SAB ACS BVR GVR RAN TAR TAN GSP VUN "
        "MET EMC POS GAL PUN MB IAR MAC BPS"
    )
    return f"""
        010:2 - 015:1 070:3 105:8 100:6 185:4
        210:2 060:2 245:7
        380{{ADR:3 ID:6 MHG:2 IAS:2 TAS:2 SAL:2 FSS:2 TIS:x1 TID:r15 COM:2 SAB:2 ACS:7 BVR:2 GVR:2
            RAN:2 TAR:2 TAN:2 GS:2 VUN:1 MET:8 EMC:1 POS:6 GAL:2 PUN:1 BDS:r8 IAR:2 MAC:2 BPS:2}}
        040:2 080:{status} 290{{TRK:1 PSR:1 SSR:1 MDS:1 ADS:2 ES:1 VDL:1 UAT:1 LOP:1 MLT:1}}
        200:1 295{ages} 136:2 130:2 135:2 220:2
        390{{TAG:2 CS:7 IFI:4 FCT:1 TAC:4 WTC:1 DEP:4 DST:4 RDS:3 CFL:2 CTL:2 TOD:r4 AST:6 STS:1
            STD:7 STA:7 PEM:2 PEC:7}}
        270:x3 300:1 110{{SUM:1 PMN:4 POS:6 GA:2 EM1:2 TOS:1 XP:1}} 120:2 510:f3
        500{{APC:4 COV:2 APW:4 AGA:1 ABA:1 ATV:2 AA:2 ARC:1}}
        340{{SID:2 POS:4 HEIGHT:2 MDC:2 MDA:2 TYP:1}}
        - - - - - RE:e SP:e"""


_PROFILES: Final[dict[int, dict[str, str]]] = {
    21: {
        "0.23": _cat021_early("6", "- -"),
        "0.24": _cat021_early("8", "- -"),
        "0.25": _cat021_early("8", "- -"),
        "0.26": _cat021_early("8", "070:2 131:1"),
        "2.1": _cat021("x3", "x4", "x2!"),
        "2.2": _cat021("x3", "x4", "x2"),
        "2.3": _cat021("x3", "x4", "x2"),
        "2.4": _cat021("x3", "x4", "x2"),
        "2.5": _cat021("x3", "x4", "x2"),
        "2.6": _cat021("x5", "x4", "x2"),
        "2.7": _cat021("x5", "x9", "x2"),
    },
    48: {
        **{f"1.{edition}": _cat048("x2") for edition in range(27, 31)},
        "1.31": _cat048("x3"),
        "1.32": _cat048("x6"),
    },
    62: {
        **{f"1.{edition}": _cat062("x6") for edition in range(16, 21)},
        "1.21": _cat062("x7"),
    },
}

NEWEST: Final = {category: list(editions)[-1] for category, editions in _PROFILES.items()}
"""The newest edition of each category that is read; it also reads the older ones of its kind."""

PUBLISHED: Final = frozenset(
    {1, 2, 3, 4, 7, 8, 9, 10, 11, 15, 16, 17, 18, 19, 20, 21, 23, 24, 25, 30, 31, 32, 33, 34, 48}
    | {62, 63, 65, 150, 204, 205, 238, 239, 240, 241, 244, 245, 246, 247, 248, 249, 250, 252}
)
"""Categories that EUROCONTROL has assigned: another one is no block, but octets out of step."""


class UnknownEdition(DetenteError):
    """A category's edition that is not read."""

    code: ClassVar[str] = "feeds.asterix_edition"


def known_editions(category: int) -> tuple[str, ...]:
    """The editions of a category that are read, oldest first; none if it is not read."""
    return tuple(_PROFILES.get(category, ()))


@cache
def profile(category: int, edition: str) -> tuple[Item, ...]:
    """The items of a record.

    Raises:
        UnknownEdition: this edition of this category is not read.
    """
    text = _PROFILES.get(category, {}).get(edition)
    if text is None:
        known = ", ".join(known_editions(category)) or "none"
        raise UnknownEdition(
            f"ASTERIX category {category:03} edition {edition} is not read.",
            advice=f"Editions of this category that are read: {known}.",
        )
    return parse(text)
