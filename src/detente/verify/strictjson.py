"""Strict I-JSON (RFC 7493), and whether bytes are its one canonical form (RFC 8785).

Python's parser takes the last of two equal names, NaN, 1e999 and lone surrogates. Here each of
them is refused, because another reader may take the first, or stop.
"""

from __future__ import annotations

import json
import math
import re
from typing import Final, TypeAlias

from detente.formats import JSON_DEPTH_MAX, JSON_INTEGER_MAX, JSON_VALUES_MAX

from .errors import VerifyError

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
JsonObject: TypeAlias = dict[str, Json]

_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
"""Possessive, as a way back for each character would cost a hundred times the text."""


class _Refused(ValueError):
    """Leaves the parser; its text says why."""


class _HasFloat(_Refused):
    """Canonical numbers with fractions need a slower look."""


def parse(data: bytes, where: str, code: str = "json.malformed") -> Json:
    """A value; objects as dicts.

    Raises:
        VerifyError: `code`; the text is not I-JSON, or nested too deeply.
    """
    _check_depth(data, where, code)
    try:
        value: Json = _strict.decode(data.decode("utf-8"))
        _check_strings(data, value)
    except (ValueError, RecursionError) as error:
        raise VerifyError(code, where, _reason(error)) from None
    return value


def parse_object(data: bytes, where: str, code: str = "json.malformed") -> JsonObject:
    """Like `parse`, for objects only."""
    value = parse(data, where, code)
    if not isinstance(value, dict):
        raise VerifyError(code, where, "not an object")
    return value


def parse_canonical(data: bytes, where: str, code: str = "json.malformed") -> JsonObject:
    """An object whose bytes are exactly its RFC 8785 form.

    Raises:
        VerifyError: `code`; it is something else.
    """
    _check_depth(data, where, code)
    try:
        # Equal bytes after writing it again leave no room for double names, spaces or escapes.
        value: Json = _quick.decode(data.decode("utf-8"))
        same = _quick_writer(value).encode("utf-8") == data and _names_are_plain(data)
    except _HasFloat:
        same = False
        value = None
    except (ValueError, RecursionError) as error:
        raise VerifyError(code, where, _reason(error)) from None
    if not same:
        value = parse(data, where, code)
        if canonical(value) != data:
            raise VerifyError(code, where, "not in canonical form (RFC 8785)")
    if not isinstance(value, dict):
        raise VerifyError(code, where, "not an object")
    return value


def canonical(value: Json) -> bytes:
    """RFC 8785. The value must have come from `parse`."""
    return _write(value).encode("utf-8")


def _check_depth(data: bytes, where: str, code: str) -> None:
    if len(data) > JSON_VALUES_MAX and data.count(b",") > JSON_VALUES_MAX:
        raise VerifyError(code, where, f"more than {JSON_VALUES_MAX} values")
    if data.count(b"{") + data.count(b"[") <= JSON_DEPTH_MAX:
        return
    depth = 0
    for character in _STRING.sub(b"", data):
        if character in b"{[":
            depth += 1
            if depth > JSON_DEPTH_MAX:
                raise VerifyError(code, where, f"nested deeper than {JSON_DEPTH_MAX}")
        elif character in b"}]":
            depth -= 1


def _check_strings(data: bytes, value: Json) -> None:
    # A lone surrogate can only come from an escape.
    if b"\\u" in data:
        json.dumps(value, ensure_ascii=False).encode("utf-8")


def _reason(error: Exception) -> str:
    if isinstance(error, _Refused):
        return str(error)
    if isinstance(error, UnicodeError):
        return "not UTF-8, or a lone surrogate"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return "not JSON"


def _integer(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > JSON_INTEGER_MAX:
        raise _Refused("an integer beyond 2^53-1")
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _Refused("a number out of range")
    return number


def _no_float(text: str) -> float:
    raise _HasFloat(text)


def _constant(text: str) -> float:
    raise _Refused(f"{text} is not JSON")


def _pairs(pairs: list[tuple[str, Json]]) -> JsonObject:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Refused("a name occurs twice in one object")
    return found


_strict: Final = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=_integer, parse_float=_float, parse_constant=_constant
)
_quick: Final = json.JSONDecoder(
    parse_int=_integer, parse_float=_no_float, parse_constant=_constant
)
_quick_writer: Final = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":")
).encode


def _names_are_plain(data: bytes) -> bool:
    # Beyond the basic plane, names sort otherwise by UTF-16 units than by code points. All such
    # characters begin with a byte of 0xf0 or more in UTF-8.
    return data.isascii() or not any(lead in data for lead in _ASTRAL)


_ASTRAL: Final = tuple(bytes([lead]) for lead in range(0xF0, 0xF5))


def _write(value: Json) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return ecmascript_number(value)
    if isinstance(value, list):
        return "[" + ",".join(map(_write, value)) + "]"
    names = sorted(value, key=lambda name: name.encode("utf-16-be"))
    return "{" + ",".join(f"{_write(name)}:{_write(value[name])}" for name in names) + "}"


def ecmascript_number(number: float) -> str:
    """As ECMAScript writes it (RFC 8785 section 3.2.2.3); finite numbers only."""
    if number == 0:
        return "0"
    sign = "-" if number < 0 else ""
    mantissa, _, exponent = f"{abs(number)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    if fraction == "0":
        fraction = ""
    digits = whole + fraction
    # The value is 0.digits times ten to the power of point.
    point = len(whole) + int(exponent or "0")
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    digits = stripped.rstrip("0")
    count = len(digits)
    if count <= point <= 21:
        return sign + digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    power = point - 1
    tail = f"e{'+' if power > 0 else '-'}{abs(power)}"
    return f"{sign}{digits[0]}{'.' + digits[1:] if count > 1 else ''}{tail}"
