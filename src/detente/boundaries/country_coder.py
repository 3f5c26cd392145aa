"""country-coder, the small default: who controls what on land, to some hundred metres or some km.

Its features nest: countries, territories, parts of countries, unions. A boundary is made for each
code of ISO 3166-1 that is in use, for Kosovo and for Northern Cyprus; parts are joined to what they
are a part of. By its own account it has one country for each place, roughly the one in control. A
claim is something else: where it draws an area by itself that a second state claims as a whole
before the United Nations, `ALSO_CLAIMED` adds that claim, and the answer is a set. Other disputes
are not in the data; for them, import a line of your own.
"""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import Final

import msgspec

from .assembling import Assembled, repaired_all
from .errors import BoundaryFileUnreadable, BoundaryStoreUnusable
from .features import NOT_JSON, rings_of
from .grounds import COUNTRY_CODER
from .model import Boundary, BoundarySource, Kind, Ring
from .shares import with_shares
from .states import State, States

ID: Final = "country-coder"
VERSION: Final = "5.6.1"

UNCERTAINTY_M: Final = 4_400.0
OPEN_UNCERTAINTY_M: Final = 300_000.0
UNCERTAINTY_BY_LENGTH_M: Final = (
    (5_000.0, 1_250.0),
    (10_000.0, 1_500.0),
    (20_000.0, 2_300.0),
    (30_000.0, 3_600.0),
    (50_000.0, 5_400.0),
    (100_000.0, 27_200.0),
    (200_000.0, 101_000.0),
    (20_020_000.0, 300_000.0),
)
"""What holds 95 % of the edges of each length, as `scripts/boundary_uncertainty.py` measures it,
and 100 m that the line against which it was measured may be off. Near Hatay: 95 % within 600 m."""

ALSO_CLAIMED: Final = {
    "Q7835": "UA",  # Crimea: General Assembly, resolution 68/262
    "Q23681": "CY",  # Northern Cyprus: Security Council, resolutions 541 and 550
    "XK": "RS",  # Kosovo: Security Council, resolution 1244, to which Serbia refers
    "TW": "CN",  # Taiwan: China refers to General Assembly resolution 2758
    "EH": "MA",  # Western Sahara: a Non-Self-Governing Territory that Morocco claims
    "FK": "AR",  # Falkland Islands (Malvinas): General Assembly, resolution 2065
    "GS": "AR",  # South Georgia and the South Sandwich Islands: likewise
    "GI": "ES",  # Gibraltar: a Non-Self-Governing Territory that Spain claims
    "YT": "KM",  # Mayotte: General Assembly, resolution 31/4
    "IO": "MU",  # British Indian Ocean Territory: General Assembly, resolution 73/295
}
"""Areas that a second state claims as a whole: that state, by the area's code or Wikidata number.
Public positions of states; none is judged here, and the list is not complete."""
_UNCLAIMED: Final = frozenset({"Q620634"})
"""Bir Tawil: no state claims it."""


class _Properties(msgspec.Struct, rename={"alpha2": "iso1A2", "alpha3": "iso1A3"}):
    wikidata: str
    name: str = msgspec.field(name="nameEn")
    alpha2: str = ""
    alpha3: str = ""
    numeric: str = msgspec.field(name="iso1N3", default="")
    status: str = msgspec.field(name="isoStatus", default="")
    country: str = ""
    groups: tuple[str, ...] = ()

    @property
    def official(self) -> bool:
        """Whether it stands for a code in use. Reserved ones (FX, IC, EU) are parts and unions."""
        return bool(self.alpha2) and self.status != "excRes"


class _Geometry(msgspec.Struct):
    coordinates: list[list[list[tuple[float, float]]]]


class _Feature(msgspec.Struct):
    properties: _Properties
    geometry: _Geometry | None = None


class _Borders(msgspec.Struct):
    features: list[_Feature]


def built_in() -> bytes:
    """The data that came with the build.

    Raises:
        BoundaryStoreUnusable: this installation was made without them.
    """
    place = resources.files("detente.boundaries") / "data" / ID / "borders.json"
    try:
        return place.read_bytes()
    except OSError:
        raise BoundaryStoreUnusable(
            "The boundaries that come with the build are missing.",
            where=str(place),
            advice="Install Détente again; in a source tree: .tools/bin/uv sync --locked.",
        ) from None


def states(content: bytes | None = None) -> States:
    """Codes and names, from country-coder's data; those of the build if not given."""
    return _states(_decoded(built_in() if content is None else content))


def assemble(content: bytes) -> Assembled:
    """Boundaries from country-coder's `borders.json`.

    Raises:
        BoundaryFileUnreadable: it is something else.
        BoundaryRefused: a polygon cannot be repaired.
    """
    features = _decoded(content)
    known = _states(features)
    outlines: dict[str, list[tuple[Ring, ...]]] = {}
    claimed: dict[str, list[tuple[Ring, ...]]] = {}
    names: dict[str, str] = {}
    left_out: list[str] = []
    for feature in features:
        if feature.geometry is None:
            continue
        about = feature.properties
        if about.wikidata in _UNCLAIMED:
            left_out.append(f"{about.name}: no state claims it")
            continue
        code = _belongs_to(about, known)
        state = known.find(code)
        names[code] = state.name if state else about.name
        polygons = rings_of(feature.geometry.coordinates)
        outlines.setdefault(code, []).extend(polygons)
        for key in {about.wikidata, code} & ALSO_CLAIMED.keys():
            claimed.setdefault(ALSO_CLAIMED[key], []).extend(polygons)
    for code, also in claimed.items():
        outlines.setdefault(code, []).extend(also)
    polygons_of, repairs = repaired_all(
        {f"{ID}/{code}": outlines[code] for code in sorted(outlines)}
    )
    source = _source(content)
    boundaries = []
    for name, polygons_kept in polygons_of.items():
        code = name.removeprefix(f"{ID}/")
        state = known.find(code)
        boundaries.append(
            Boundary(
                id=name,
                claimant=state.sovereign if state else code,
                kind=Kind.LAND,
                name=names[code],
                source=source,
                polygons=polygons_kept,
                uncertainty_m=UNCERTAINTY_M,
                open_uncertainty_m=OPEN_UNCERTAINTY_M,
            )
        )
    return Assembled(with_shares(boundaries), tuple(repairs), tuple(left_out))


def _decoded(content: bytes) -> list[_Feature]:
    try:
        return msgspec.json.decode(content, type=_Borders).features
    except NOT_JSON as error:
        raise BoundaryFileUnreadable(f"It is not country-coder's data: {error}.") from None


def _states(features: list[_Feature]) -> States:
    return States(
        State(each.alpha2, each.alpha3, each.numeric, each.name, each.country or each.alpha2)
        for each in (feature.properties for feature in features)
        if each.official
    )


def _belongs_to(about: _Properties, known: States) -> str:
    """The code that a feature is, or is a part of; its name if there is none."""
    if about.official:
        return about.alpha2
    for group in about.groups:
        state = known.find(group) if len(group) == 2 else None
        if state is not None:
            return state.alpha2
    return about.country or about.name


def _source(content: bytes) -> BoundarySource:
    return BoundarySource(
        id=ID,
        title="country-coder",
        version=VERSION,
        licence="ISC",
        sha256=hashlib.sha256(content).hexdigest(),
        uncertainty_m=UNCERTAINTY_M,
        uncertainty_ground=COUNTRY_CODER.en,
        open_uncertainty_m=OPEN_UNCERTAINTY_M,
        uncertainty_by_length_m=UNCERTAINTY_BY_LENGTH_M,
        attribution="© country-coder contributors (ISC)",
    )
