"""Settings as they are declared: once, as the fields of a frozen dataclass."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

Check = Callable[[Any], str | None]

UNSET: Final[Any] = object()
_METADATA: Final = "detente.setting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What is known of a setting beside its name, type and default."""

    help: str
    group: str = "General"
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    check: Check | None = None
    secret: bool = False
    metavar: str | None = None


def setting(
    help: str,  # noqa: A002 - the word every reader knows for it
    *,
    default: Any = UNSET,
    group: str = "General",
    minimum: float | None = None,
    maximum: float | None = None,
    above: float | None = None,
    check: Check | None = None,
    secret: bool = False,
    metavar: str | None = None,
) -> Any:
    """Declare a setting; the field's annotation says its type.

    Types: str, int, float, bool, Path, Literal of strings, any of them `| None`, and tuples
    `tuple[T, ...]`, which can be given several times (with commas in an environment variable).

    Args:
        help: one or two sentences; units included.
        default: without one, the setting must be given.
        group: heading in the manual.
        minimum, maximum, above: bounds of a number; `above` excludes the bound itself.
        check: returns what is wrong with a value, or None.
        secret: never shown.
        metavar: stands for the value in help texts.
    """
    declaration = Declaration(
        help=help,
        group=group,
        minimum=minimum,
        maximum=maximum,
        above=above,
        check=check,
        secret=secret,
        metavar=metavar,
    )
    metadata = {_METADATA: declaration}
    if default is UNSET:
        return dataclasses.field(metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Setting:
    """One declared setting, with its names in every place."""

    field: str
    option: str
    variable: str
    key: str
    kind: Any
    many: bool
    optional: bool
    default: Any
    declaration: Declaration

    @property
    def required(self) -> bool:
        """Whether it has no default."""
        return self.default is UNSET

    @property
    def is_flag(self) -> bool:
        """Whether it is on or off."""
        return self.kind is bool

    def choices(self) -> tuple[str, ...]:
        """The values it can take, if they are few."""
        if typing.get_origin(self.kind) is Literal:
            return tuple(typing.get_args(self.kind))
        return ()

    def metavar(self) -> str:
        """What stands for the value in help texts."""
        if self.declaration.metavar is not None:
            return self.declaration.metavar
        if self.choices():
            return "|".join(self.choices())
        return {int: "N", float: "NUMBER", Path: "PATH", bool: "on|off"}.get(self.kind, "TEXT")

    def default_text(self) -> str:
        """The default, as a person would give it."""
        if self.required:
            return "(must be given)"
        if self.default is None or self.default == ():
            return "(none)"
        if self.is_flag:
            return "on" if self.default else "off"
        return f"{self.default:g}" if isinstance(self.default, float) else str(self.default)


def declared(cls: type[Any], prefix: str) -> list[Setting]:
    """The settings of a class, in order of declaration; `prefix` starts environment variables."""
    hints = typing.get_type_hints(cls)
    found = []
    for entry in dataclasses.fields(cls):
        kind, many, optional = _kind(hints[entry.name])
        option = entry.name.replace("_", "-")
        found.append(
            Setting(
                field=entry.name,
                option=f"--{option}",
                variable=f"{prefix}_{entry.name.upper()}",
                key=option,
                kind=kind,
                many=many,
                optional=optional,
                default=UNSET if entry.default is dataclasses.MISSING else entry.default,
                declaration=entry.metadata[_METADATA],
            )
        )
    return found


def _kind(hint: Any) -> tuple[Any, bool, bool]:
    optional = False
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        hint, *_ = (part for part in typing.get_args(hint) if part is not types.NoneType)
        optional = True
    if typing.get_origin(hint) is tuple:
        return typing.get_args(hint)[0], True, optional
    return hint, False, optional
