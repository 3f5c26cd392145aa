"""The sources that can be installed by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from . import country_coder, geo_maps, world_atlas
from .assembling import Assembled
from .errors import BoundaryUnknown
from .packages import Package, checked, fetched, member
from .store import BoundaryStore

Step = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Entry:
    """A source that can be installed.

    Attributes:
        id: what it is called.
        summary: what it is good for.
        licence: its data's.
        package: where it comes from.
        assemble: makes boundaries of the file in it.
    """

    id: str
    summary: str
    licence: str
    package: Package
    assemble: Callable[[bytes, Step], Assembled]


def _country_coder(content: bytes, step: Step) -> Assembled:
    del step
    return country_coder.assemble(content)


def _maritime(content: bytes, step: Step) -> Assembled:
    return geo_maps.assemble(content, Path("map.geo.json"), country_coder.states(), step=step)


def _natural_earth(content: bytes, step: Step) -> Assembled:
    del step
    return world_atlas.assemble(content, country_coder.states())


CATALOGUE: Final = {
    entry.id: entry
    for entry in (
        Entry(
            country_coder.ID,
            "comes with the build; land, to some hundred metres or some kilometres",
            "ISC",
            Package(
                "@rapideditor/country-coder",
                country_coder.VERSION,
                "/3xCpRIyhGv0lKxk26qNJgBWU6UnvE6SmOvE2GWE1CKu6pxcUVukECg6XVJLfmesYWyKHmaj1ZXtNOpz3lJkWg==",
                "package/src/data/borders.json",
                "package/LICENSE.md",
                1.0,
            ),
            _country_coder,
        ),
        Entry(
            geo_maps.ID,
            "exact; land and territorial sea, to some hundred metres",
            "ODbL-1.0",
            Package(
                "@geo-maps/countries-maritime-10m",
                geo_maps.VERSION,
                "3Auc7lXpsOL+Z+axKGTaS2dvmDr/odfxa1Wk5UT/4naT+xYK3Rf+ImSLkO1zyO3vi7WSaVhjjQfBdrldjPDIbA==",
                "package/map.geo.json",
                "",
                11.8,
            ),
            _maritime,
        ),
        Entry(
            world_atlas.ID,
            "a picture: it never judges; land, to 2.8 km",
            "public domain",
            Package(
                "world-atlas",
                world_atlas.VERSION,
                "IXfV0qwlKXpckz1FhwXVwKRjiIhOnWttOskm5CtxMsjgE/MXAYRHWJqgXOpM8IkcPBoXnyTU5lFHcYa5ChG0LQ==",
                "package/countries-10m.json",
                "package/LICENSE",
                2.3,
            ),
            _natural_earth,
        ),
    )
}


def entry_of(name: str) -> Entry:
    """An entry by name.

    Raises:
        BoundaryUnknown: there is none.
    """
    entry = CATALOGUE.get(name)
    if entry is None:
        raise BoundaryUnknown(
            f"{name!r} cannot be installed.",
            advice=f"These can: {', '.join(CATALOGUE)}. Your own: detente boundary import.",
        )
    return entry


def install(
    name: str,
    store: BoundaryStore,
    *,
    tarball: Path | None = None,
    step: Step = lambda name: None,
) -> Assembled:
    """Fetch a source and put it into a store.

    Args:
        name: of an entry of the catalogue.
        store: where to.
        tarball: of the package, if it was fetched before; else npm fetches it.
        step: called with the name of each boundary that is done, where there are many.

    Raises:
        BoundaryUnknown: there is no such entry.
        BoundaryDownloadFailed: it could not be fetched, or is another file.
        BoundaryStoreUnusable: the store cannot be written.
    """
    entry = entry_of(name)
    package = entry.package
    content = fetched(package) if tarball is None else checked(package, tarball)
    assembled = entry.assemble(member(package, content, package.member), step)
    more = {}
    if package.licence_member:
        more["LICENCE"] = member(package, content, package.licence_member)
    store.write(name, assembled, more)
    return assembled
