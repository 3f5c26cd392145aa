"""What changed between two versions, in words."""

from __future__ import annotations

from dataclasses import dataclass

from detente.agreement.agreement import Agreement
from detente.agreement.rendering import Section, sections
from detente.agreement.rules import Row
from detente.words import Words, number


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes:
        section: where it is.
        label: what changed.
        old: as it was; None if it was not there.
        new: as it is; None if it is not there any more.
    """

    section: Words
    label: Words
    old: Words | None
    new: Words | None


def diff(old: Agreement, new: Agreement) -> list[Change]:
    """Every difference between two versions, section by section; files come last.

    A party, its keys (by fingerprint), an officer, a step of escalation and so on are told each
    by its own line; of the area also how much of it moved.
    """
    before = {section.key: section for section in sections(old)}
    after = {section.key: section for section in sections(new)}
    changes: list[Change] = []
    order = [*(key for key in before if key != "files"), *(k for k in after if k not in before)]
    for key in [*order, "files"]:
        changes += _section(before.get(key), after.get(key))
        if key == "area":
            changes += _area(old, new)
    return changes


def _section(old: Section | None, new: Section | None) -> list[Change]:
    shown = new or old
    if shown is None:
        return []
    before = _by_label(old)
    after = _by_label(new)
    changes = []
    for label in [*before, *(each for each in after if each not in before)]:
        was, now = before.get(label), after.get(label)
        if was is None or now is None or was.value != now.value:
            row = now or was
            if row is not None:
                changes.append(
                    Change(
                        shown.title,
                        row.label,
                        was.value if was else None,
                        now.value if now else None,
                    )
                )
    return changes


def _by_label(section: Section | None) -> dict[tuple[str, int], Row]:
    """Rows by label; a label that comes again is told apart by its turn."""
    rows: dict[tuple[str, int], Row] = {}
    turns: dict[str, int] = {}
    for row in section.rows if section else ():
        turn = turns[row.label.en] = turns.get(row.label.en, -1) + 1
        rows[row.label.en, turn] = row
    return rows


def _area(old: Agreement, new: Agreement) -> list[Change]:
    if old.area == new.area:
        return []
    from detente.agreement.area_change import area_change  # geometry loads slowly

    moved = area_change(old.area, new.area)
    gained, lost, kept = (
        number(value, 1) for value in (moved.gained_km2, moved.lost_km2, moved.kept_km2)
    )
    return [
        Change(
            Words("Area", "Zone"),
            Words("Outline", "Contour"),
            None,
            Words(
                f"{gained.en} km² came in, {lost.en} km² went out, {kept.en} km² stay",
                f"{gained.fr}\u00a0km² entrent, {lost.fr}\u00a0km² sortent, "
                f"{kept.fr}\u00a0km² restent",
            ),
        )
    ]
