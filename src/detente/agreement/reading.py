"""A tree of TOML as typed structs: every fault is told, not the first one only."""

from __future__ import annotations

import difflib
import math
import types
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin

import msgspec

from detente.agreement.faults import Faults
from detente.agreement.toml_source import Path, Source

S = TypeVar("S", bound=msgspec.Struct)

_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
# Joiners change how letters of some scripts connect; they belong to the spelling there.
_ALLOWED = {"\n", "\t", "\u200c", "\u200d"}


def near(word: str, known: Sequence[str]) -> str:
    """A question after what was probably meant, or what there is to choose from."""
    close = difflib.get_close_matches(word[:100], known, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {close[0]}?"
    return f"Known here: {', '.join(known)}." if known else "Nothing is known here."


def dotted(path: Path) -> str:
    """A path as people write it: `parties[0].name.en`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part[:60]}" if text else part[:60]
    return text or "the document"


@cache
def _fields(kind: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    """By name. Finding them out evaluates annotations: half of what reading an agreement takes."""
    return {field.encode_name: field for field in msgspec.structs.fields(kind)}


@dataclass(frozen=True, slots=True)
class Reader:
    """Turns parts of a source into structs, and notes what is wrong with them."""

    source: Source
    faults: Faults

    def fault(self, path: Path, code: str, message: str, remedy: str) -> None:
        """Note a fault at the line of a path."""
        self.faults.add(self.source.name, self.source.line(path), code, message, remedy)

    def struct(
        self, kind: type[S], tree: object, path: Path = (), *, aside: Sequence[str] = ()
    ) -> S | None:
        """A table as a struct; None where something in it is wrong.

        Args:
            aside: names in the table that others read.
        """
        if not isinstance(tree, dict):
            self.fault(
                path,
                "field.wrong",
                f"{dotted(path)} is {_a(tree)}; it should be a table.",
                f"Write [{dotted(path)}], and its fields below, or {{ … }}.",
            )
            return None
        before = len(self.faults) + self.faults.left_out
        fields = _fields(kind)
        names = [*fields, *aside]
        for name in tree:
            if name not in names:
                # What is close to a word takes time to find out; thousands are an attack.
                remedy = "" if self.faults.full else near(name, names)
                self.fault(
                    (*path, name),
                    "field.unknown",
                    f"{dotted((*path, name))} is not a field of an agreement.",
                    remedy,
                )
        values: dict[str, object] = {}
        for name, field in fields.items():
            if name in tree:
                values[field.name] = self._value(field.type, tree[name], (*path, name))
            elif field.required:
                self.fault(
                    path,
                    "field.missing",
                    f"{dotted((*path, name))} is missing.",
                    f"Add it: {_description(field.type)}",
                )
        if len(self.faults) + self.faults.left_out > before:
            return None
        return kind(**values)

    def _value(self, kind: Any, value: object, path: Path) -> object:
        inner = _bare(kind)
        origin, arguments = get_origin(inner), get_args(inner)
        if origin in (Union, types.UnionType):
            options = [option for option in arguments if option is not types.NoneType]
            structs = [option for option in options if _is_struct(option)]
            if len(structs) == len(options) == 1:
                return self.struct(structs[0], value, path)
        if _is_struct(inner):
            return self.struct(inner, value, path)
        if origin is list and isinstance(value, list):
            items = [self._value(arguments[0], item, (*path, i)) for i, item in enumerate(value)]
            # The number of items, as the type wants it; what is in them was read above.
            self._leaf(_counted(kind), [0] * len(value), path, kind)
            return items
        if origin is dict and isinstance(value, dict):
            made = {
                self._leaf(arguments[0], key, (*path, key)): self._value(
                    arguments[1], item, (*path, key)
                )
                for key, item in value.items()
            }
            if not value:
                self._leaf(kind, {}, path)
            return made
        return self._leaf(kind, value, path)

    def _leaf(self, kind: Any, value: object, path: Path, told: Any = None) -> object:
        wanted = _description(kind if told is None else told)
        if isinstance(value, datetime | date | time) and (
            not isinstance(value, datetime) or value.utcoffset() is None
        ):
            self.fault(
                path,
                "time.offset",
                f"{dotted(path)} is {_a(value)} without an offset from UTC.",
                "Write date, time and offset, such as 2026-12-01T00:00:00Z.",
            )
            return None
        if isinstance(value, float) and not math.isfinite(value):
            self.fault(path, "field.wrong", f"{dotted(path)} is no finite number.", wanted)
            return None
        if isinstance(value, str) and not self._visible(value, path):
            return None
        try:
            return cast(object, msgspec.convert(value, kind, strict=True))
        except (msgspec.ValidationError, OverflowError) as error:
            self.fault(
                path,
                "field.wrong",
                f"{dotted(path)} is {_shown(value)}: {_lower(_reason(error))}.",
                f"It should be: {wanted}{_choice(kind, value)}",
            )
            return None

    def _visible(self, text: str, path: Path) -> bool:
        for char in text:
            if unicodedata.category(char) in _INVISIBLE and char not in _ALLOWED:
                self.fault(
                    path,
                    "text.hidden",
                    f"{dotted(path)} holds the character U+{ord(char):04X}, which is not seen or "
                    "changes how the text around it reads.",
                    "Take it out: what is signed must be what is read.",
                )
                return False
        if text.startswith("‹") and text.endswith("›"):
            self.fault(
                path,
                "text.placeholder",
                f"{dotted(path)} is still the placeholder {_shown(text)}.",
                "Write what is to be agreed.",
            )
            return False
        return True


def each(reader: Callable[[object, int], S | None], items: object) -> list[S]:
    """The good ones of a list's items."""
    if not isinstance(items, list):
        return []
    made = (reader(item, i) for i, item in enumerate(items))
    return [one for one in made if one is not None]


def _bare(kind: Any) -> Any:
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    return kind


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _counted(kind: Any) -> Any:
    """The type of a list without that of its items: its lengths stay."""
    if get_origin(kind) is Annotated:
        return Annotated[(_counted(get_args(kind)[0]), *get_args(kind)[1:])]
    return list[int]


def _description(kind: Any) -> str:
    if get_origin(kind) is Annotated:
        inner, *metas = get_args(kind)
        told = [meta.description for meta in metas if getattr(meta, "description", None)]
        # Nested aliases are flattened, the outermost last: the field's own words come first.
        return " ".join(_sentence(text) for text in reversed(told)) or _description(inner)
    if get_origin(kind) is Literal:
        return f"One of {', '.join(map(str, get_args(kind)))}."
    return _sentence((getattr(kind, "__doc__", None) or str(kind)).splitlines()[0])


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _choice(kind: Any, value: object) -> str:
    inner = _bare(kind)
    if get_origin(inner) is not Literal:
        return ""
    return f" {near(str(value), [str(option) for option in get_args(inner)])}"


def _reason(error: Exception) -> str:
    text = str(error).split(" - at ", 1)[0].rstrip(".")
    return "it has not the form that it needs" if "matching regex" in text else text


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _shown(value: object) -> str:
    if isinstance(value, str | int | float | bool):
        # An integer of a thousand digits is not worth its conversion.
        if isinstance(value, int) and value.bit_length() > 200:
            return "a very large integer"
        text = repr(value) if isinstance(value, str) else str(value)
        return text if len(text) <= 60 else f"{text[:57]}…"
    return _a(value)


def _a(value: object) -> str:
    names = {
        dict: "a table",
        list: "a list",
        str: "a text",
        bool: "true or false",
        int: "an integer",
        float: "a number",
        datetime: "a date and time",
        date: "a date",
        time: "a time of day",
    }
    return names.get(type(value), "something else")
