"""What was given for a setting, as a value of its type."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from .declaring import Setting

_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"0", "false", "no", "off"})


class Unfit(Exception):
    """A value does not fit its setting; says why, and what would."""

    def __init__(self, message: str, advice: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


def parse(entry: Setting, raw: Any) -> Any:
    """The value that was meant: a text of a variable, or what TOML or the command line gave.

    Raises:
        Unfit: it is of another type, out of bounds, or refused by the setting's check.
    """
    if entry.many:
        return tuple(_parse_one(entry, part) for part in raw)
    if entry.optional and isinstance(raw, str) and raw.lower() == "off" and not entry.is_flag:
        return None
    return _parse_one(entry, raw)


def _parse_one(entry: Setting, raw: Any) -> Any:
    value = _convert(entry, raw)
    declaration = entry.declaration
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high, above = declaration.minimum, declaration.maximum, declaration.above
        if low is not None and value < low:
            raise Unfit(f"{raw} is too small.", f"It must be at least {low:g}.")
        if above is not None and not value > above:
            raise Unfit(f"{raw} is too small.", f"It must be more than {above:g}.")
        if high is not None and not value <= high:
            raise Unfit(f"{raw} is too large.", f"It must be at most {high:g}.")
    wrong = declaration.check(value) if declaration.check is not None else None
    if wrong is not None:
        raise Unfit(wrong)
    return value


def _convert(entry: Setting, raw: Any) -> Any:
    shown = "The value" if entry.declaration.secret else repr(raw)
    if entry.is_flag:
        if isinstance(raw, bool):
            return raw
        if isinstance(raw, str) and raw.lower() in _TRUE | _FALSE:
            return raw.lower() in _TRUE
        raise Unfit(f"{shown} is neither on nor off.", "Use true or false.")
    if entry.kind is int or entry.kind is float:
        if isinstance(raw, bool) or not isinstance(raw, int | float | str):
            raise Unfit(f"{shown} is not a number.")
        try:
            value = entry.kind(raw)
        except ValueError:
            what = "a whole number" if entry.kind is int else "a number"
            raise Unfit(f"{shown} is not {what}.") from None
        if value != value or (entry.kind is int and isinstance(raw, float) and value != raw):
            raise Unfit(f"{shown} is not a usable number.")
        return value
    if not isinstance(raw, str | Path):
        raise Unfit(f"{shown} is not a text.", "Put it between quotation marks.")
    if entry.kind is Path:
        return Path(raw)
    choices = entry.choices()
    if choices and raw not in choices:
        raise Unfit(f"{shown} is none of the choices.", f"Use one of: {', '.join(choices)}.")
    return str(raw)
