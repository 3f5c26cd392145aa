"""ASTERIX by libasterix: records made of its specifications, and what they say, read slowly.

Imported by name, so that the type checker does not read its 190,000 generated lines.
"""

from __future__ import annotations

import importlib
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

base: Any = importlib.import_module("asterix.base")
generated: Any = importlib.import_module("asterix.generated")

NM_M = 1852.0
FT_M = 0.3048
CHARACTERS = set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ")


def specification(category: int, edition: str) -> Any:
    """Libasterix's class of a category's edition."""
    return getattr(generated, f"Cat_{category:03}_{edition.replace('.', '_')}")


def shapes(category: int, edition: str) -> list[str]:
    """A record's items as our profiles write them, but for what they are called inside."""
    written = []
    for item in specification(category, edition).cv_record.cv_items_list:
        if issubclass(item, base.UapItem):
            spec = item.cv_non_spare
            written.append(f"{spec.cv_name}:{_shape(_variation(spec.cv_rule))}")
        else:
            written.append("-")
    return written


def _variation(rule: Any) -> Any:
    if issubclass(rule, base.RuleVariationDependent):
        return rule.cv_default_variation
    return rule.cv_variation


def bits_of(variation: Any) -> int:
    """How many bits an element or a group has."""
    if issubclass(variation, base.Element):
        return int(variation.cv_bit_size)
    return sum(size for _, size in variation.cv_items_list)


def _shape(variation: Any) -> str:
    if issubclass(variation, base.Extended):
        groups = variation.cv_items_list
        return f"x{len(groups)}{'' if groups[-1][-1] is None else '!'}"
    if issubclass(variation, base.Repetitive):
        bits = bits_of(variation.cv_variation)
        if variation.cv_rep_bytes is None:
            return f"f{(bits + 1) // 8}"
        assert variation.cv_rep_bytes == 1
        return f"r{bits // 8}"
    if issubclass(variation, base.Explicit):
        return "e"
    if issubclass(variation, base.Compound):
        inner = [
            "-" if each is None else f"{each.cv_name}:{_shape(_variation(each.cv_rule))}"
            for each in variation.cv_items_list
        ]
        return "{" + " ".join(inner) + "}"
    return str(bits_of(variation) // 8)


def _value(variation: Any, rng: random.Random) -> Any:
    """A random value of a variation, as `create` takes it."""
    if issubclass(variation, base.Extended):
        count = rng.randint(1, len(variation.cv_items_list))
        return tuple(
            rng.getrandbits(sum(each[1] for each in group if each is not None))
            for group in variation.cv_items_list[:count]
        )
    if issubclass(variation, base.Repetitive):
        fewest = 1 if variation.cv_rep_bytes is None else 0
        return [_value(variation.cv_variation, rng) for _ in range(rng.randint(fewest, 3))]
    if issubclass(variation, base.Explicit):
        return rng.randbytes(rng.randint(0, 6))
    if issubclass(variation, base.Compound):
        return {
            each.cv_name: _value(_variation(each.cv_rule), rng)
            for each in variation.cv_items_list
            if each is not None and rng.random() < 0.5
        }
    return rng.getrandbits(bits_of(variation))


def record(
    category: int,
    edition: str,
    rng: random.Random,
    *,
    density: float = 0.6,
    given: dict[str, Any] | None = None,
) -> Any:
    """A record of random items with random contents, and those that are given."""
    items = specification(category, edition).cv_record
    values = {
        name: _value(_variation(spec.cv_rule), rng)
        for name, spec in items.cv_items_dict.items()
        if rng.random() < density
    }
    values.update(given or {})
    return items.create({name: value for name, value in values.items() if value is not None})


def block(category: int, edition: str, records: list[Any]) -> bytes:
    """A data block of records."""
    return bytes(specification(category, edition).create(records).unparse().to_bytes())


def parsed(category: int, edition: str, data: bytes) -> list[Any] | None:
    """The records of one data block; None if libasterix finds that it is none."""
    found = base.RawDatablock.parse(base.Bits.from_bytes(data))
    if isinstance(found, ValueError) or len(found) != 1:
        return None
    records = specification(category, edition).cv_uap.parse(found[0].get_raw_records())
    return None if isinstance(records, ValueError) else list(records)


@dataclass(slots=True)
class Said:
    """What a record says, as `Reports` has it; None where it does not."""

    tod_s: float | None = None
    lat_deg: float | None = None
    lng_deg: float | None = None
    altitude_m: float | None = None
    pressure_m: float | None = None
    speed_m_s: float | None = None
    track_deg: float | None = None
    climb_m_s: float | None = None
    identity: str | None = None
    callsign: str = ""


class _Items:
    """A record's items by path, such as `130`, `LAT`."""

    def __init__(self, record: Any) -> None:
        self._record = record

    def find(self, *path: str) -> Any:
        here = self._record.get_item(path[0])
        for name in path[1:]:
            if here is None:
                return None
            here = here.variation.get_item(name)
        return here

    def raw(self, *path: str) -> int | None:
        here = self.find(*path)
        return None if here is None else int(here.unparse().to_uinteger())

    def quantity(self, unit: str | None, *path: str) -> float | None:
        here = self.find(*path)
        if here is None:
            return None
        content = here.variation.content
        return float(content.as_quantity(unit) if unit else content.as_quantity())

    def text(self, *path: str) -> str:
        here = self.find(*path)
        if here is None:
            return ""
        text = str(here.variation.content.as_string())
        # libasterix leaves out characters that there are not
        whole = len(text) == (7 if path[-1] == "CS" else 8)
        return text.strip() if whole and set(text) <= CHARACTERS else ""


def said(category: int, record: Any) -> Said:
    """What a record of category 021 (2.x), 048 or 062 says, by libasterix's scaling.

    Of category 048 it does not say where that is: that takes the radar's site.
    """
    items = _Items(record)
    return {21: _said_021, 48: _said_048, 62: _said_062}[category](items)


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _track_number(items: _Items, number: int | None) -> str | None:
    source = items.raw("010")
    if source is None or number is None:
        return None
    return f"track:{source >> 8:03}.{source & 255:03}:{number}"


def _said_021(items: _Items) -> Said:
    it = Said()
    it.tod_s = items.quantity("s", "071")
    if it.tod_s is None:
        it.tod_s = items.quantity("s", "073")
        step = items.raw("074", "FSI")
        if it.tod_s is not None and step in (0, 1, 2):
            fraction = items.quantity("s", "074", "TOMRP")
            assert fraction is not None
            it.tod_s = (math.floor(it.tod_s) + (0, 1, -1)[step] + fraction) % 86_400
        if it.tod_s is None:
            it.tod_s = items.quantity("s", "077")
    for name in ("130", "131"):
        if items.find(name) is not None:
            it.lat_deg = items.quantity("°", name, "LAT")
            it.lng_deg = items.quantity("°", name, "LON")
    height = items.quantity("ft", "140")
    if height is not None and items.raw("140") != 0x7FFF:
        it.altitude_m = height * FT_M
    it.pressure_m = _scaled(items.quantity("FL", "145"), 100 * FT_M)
    if items.find("160") is not None:
        if not items.raw("160", "RE"):
            it.speed_m_s = _scaled(items.quantity("NM/s", "160", "GS"), NM_M)
        it.track_deg = items.quantity("°", "160", "TA")
    for name, part in (("155", "BVR"), ("157", "GVR")):
        if items.find(name) is not None and not items.raw(name, "RE"):
            it.climb_m_s = _scaled(items.quantity("ft/min", name, part), FT_M / 60)
    address = items.raw("080")
    if address:
        kind = items.raw("040", "ATP") or 0
        it.identity = f"{address:06x}" if kind == 0 else f"~{address:06x}"
    else:
        number = items.raw("161")
        it.identity = _track_number(items, None if number is None else number & 0xFFFF)
    it.callsign = items.text("170")
    return it


def _said_048(items: _Items) -> Said:
    it = Said()
    it.tod_s = items.quantity("s", "140")
    if items.raw("090", "V") == 0 and items.raw("090", "G") == 0:
        it.pressure_m = _scaled(items.quantity("FL", "090", "FL"), 100 * FT_M)
    it.speed_m_s = _scaled(items.quantity("NM/s", "200", "GSP"), NM_M)
    it.track_deg = items.quantity("°", "200", "HDG")
    address = items.raw("220")
    number = items.raw("161")
    it.identity = (
        f"{address:06x}"
        if address
        else _track_number(items, None if number is None else number & 0xFFF)
    )
    it.callsign = items.text("240")
    return it


def _said_062(items: _Items) -> Said:
    it = Said()
    it.tod_s = items.quantity("s", "070")
    if items.find("105") is not None:
        it.lat_deg = items.quantity("°", "105", "LAT")
        it.lng_deg = items.quantity("°", "105", "LON")
    if items.find("130") is not None and items.raw("080", "SRC") not in (4, 5, 6):
        it.altitude_m = _scaled(items.quantity("ft", "130"), FT_M)
    elif items.find("380", "GAL") is not None:
        it.altitude_m = _scaled(items.quantity("ft", "380", "GAL"), FT_M)
    if items.find("136") is not None:
        it.pressure_m = _scaled(items.quantity("FL", "136"), 100 * FT_M)
    elif items.find("135") is not None and not items.raw("135", "QNH"):
        it.pressure_m = _scaled(items.quantity("FL", "135", "CTB"), 100 * FT_M)
    if items.find("185") is not None:
        east = items.quantity("m/s", "185", "VX")
        north = items.quantity("m/s", "185", "VY")
        assert east is not None
        assert north is not None
        it.speed_m_s = math.hypot(east, north)
        it.track_deg = math.degrees(math.atan2(east, north)) % 360
    elif items.find("380", "TAN") is not None:
        speed = items.quantity("NM/s", "380", "GS")
        if speed is not None and speed >= 0:
            it.speed_m_s = speed * NM_M
            it.track_deg = items.quantity("°", "380", "TAN")
    it.climb_m_s = _scaled(items.quantity("ft/min", "220"), FT_M / 60)
    address = items.raw("380", "ADR")
    it.identity = f"{address:06x}" if address else _track_number(items, items.raw("040"))
    if items.find("380", "ID") is not None:
        it.callsign = items.text("380", "ID")
    elif items.find("245") is not None:
        it.callsign = items.text("245", "CHR")
    elif items.find("390", "CS") is not None:
        it.callsign = items.text("390", "CS")
    return it


def anywhere(rng: random.Random, scale: int, bits: int) -> int:
    """A latitude and a longitude in units of 180 degrees / 2^scale."""
    lat = rng.randint(-(1 << scale - 1), 1 << scale - 1)
    lng = rng.randint(-(1 << scale), (1 << scale) - 1)
    mask = (1 << bits) - 1
    return (lat & mask) << bits | (lng & mask)


def plausible(category: int, rng: random.Random) -> dict[str, Any]:
    """Items that make most records give a report; what else they have may be anything."""
    tod = rng.randrange(86_400 * 128)
    if category == 21:
        return {
            "040": None,
            "020": None,
            "071": tod,
            "130": anywhere(rng, 23, 24),
            "131": anywhere(rng, 30, 32) if rng.random() < 0.5 else None,
            "170": rng.choice(["SWR12", "N", "", None, rng.getrandbits(48)]),
        }
    if category == 48:
        return {
            "010": 0x1902,
            "020": None,
            "140": tod,
            "040": rng.getrandbits(32),
            "240": rng.choice(["SWR12", "N", "", None, rng.getrandbits(48)]),
        }
    return {
        "300": None,
        "070": tod,
        "105": anywhere(rng, 25, 32),
        "245": rng.choice([None, rng.getrandbits(56), (0, 0, ("CHR", "HBZQR"))]),
        "390": rng.choice([None, {"CS": "REGA1"}, {"CS": "rega 1"}]),
    }


def blocks(category: int, edition: str, count: int, seed: int) -> Iterator[bytes]:
    """Data blocks of one to five random records."""
    rng = random.Random(seed)
    for _ in range(count):
        records = [
            record(category, edition, rng, given=plausible(category, rng))
            for _ in range(rng.randint(1, 5))
        ]
        yield block(category, edition, records)
