"""JSON that everybody reads alike (I-JSON, RFC 7493), read strictly and written canonically.

What one reader takes and another refuses, or understands otherwise, cannot be evidence: names that
occur twice, NaN, integers that a double cannot hold, lone surrogates, bottomless nesting.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import ClassVar, NoReturn, TypeAlias, cast

import msgspec

from detente import formats
from detente.errors import DetenteError

from .canonical import NotCanonical, canonical

JsonValue: TypeAlias = (
    "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
)
"""What JSON can say. `parse` gives lists and dicts; tuples and other mappings can be written."""

_IN_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_BRACKETS = re.compile(rb"[\[\]{}]")
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
_TIME_PATTERN = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z", re.ASCII
)


class JsonMalformed(DetenteError):
    """Bytes are not JSON that everybody reads alike."""

    code: ClassVar[str] = "record.json"


def parse(
    data: bytes,
    *,
    depth_max: int = formats.JSON_DEPTH_MAX,
    bytes_max: int = 2 * formats.PAYLOAD_BYTES_MAX,
) -> JsonValue:
    """The value that I-JSON bytes stand for. Objects become dicts, arrays lists.

    Raises:
        JsonMalformed: not JSON in UTF-8, longer than `bytes_max`, nested deeper than `depth_max`,
            a member name twice in one object, NaN or an infinity (also by overflow), an integer
            beyond 2^53 - 1, or a lone surrogate.
    """
    if len(data) > bytes_max:
        raise JsonMalformed(f"It has {len(data)} bytes; {bytes_max} are allowed.")
    _check_depth(data, depth_max)
    try:
        value = cast(JsonValue, _DECODER.decode(data.decode()))
    except UnicodeDecodeError as error:
        raise JsonMalformed("It is not UTF-8.", where=f"byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise JsonMalformed(f"It is not JSON: {error.msg}.", where=f"byte {error.pos}") from None
    if _SURROGATE_ESCAPE.search(data) is not None:
        _check_text(value)
    return value


def parse_object(
    data: bytes,
    *,
    depth_max: int = formats.JSON_DEPTH_MAX,
    bytes_max: int = 2 * formats.PAYLOAD_BYTES_MAX,
) -> dict[str, JsonValue]:
    """As `parse`, for bytes that must be an object.

    Raises:
        JsonMalformed: as `parse`, or it is something else than an object.
    """
    value = parse(data, depth_max=depth_max, bytes_max=bytes_max)
    if not isinstance(value, dict):
        raise JsonMalformed("It is not a JSON object.")
    return value


def canonical_json(value: JsonValue) -> bytes:
    """RFC 8785 bytes of a value; ten times faster than `canonical` for what has no floats.

    Raises:
        NotCanonical: as `canonical`, or nested too deeply.
    """
    # msgspec spells these as RFC 8785 does, except for what _plain looks for; see canonical.py.
    try:
        if not _plain(value, formats.JSON_DEPTH_MAX):
            return canonical(value)
        return msgspec.json.encode(value, order="sorted")
    except (UnicodeEncodeError, TypeError, RecursionError) as error:
        raise NotCanonical(f"The value has no canonical JSON: {error}.") from error


def format_time(moment: datetime) -> str:
    """A time as every format of ours has it: RFC 3339, UTC, six decimals, Z.

    Raises:
        ValueError: the time has no zone, or in UTC no year of four digits.
    """
    if moment.tzinfo is not UTC:
        if moment.tzinfo is None:
            raise ValueError("a time without zone is no time")
        try:
            moment = moment.astimezone(UTC)
        except OverflowError:
            raise ValueError("the time is before year 1 or after year 9999") from None
    return moment.isoformat(timespec="microseconds")[:26] + "Z"


def parse_time(text: str) -> datetime:
    """Inverse of `format_time`.

    Raises:
        ValueError: it has not exactly that form, or there is no such time.
    """
    if _TIME_PATTERN.fullmatch(text) is None:
        raise ValueError("a time is like 2026-11-22T20:34:37.123456Z")
    moment = datetime.fromisoformat(text[:26]).replace(tzinfo=UTC)
    # Some versions of Python read 24:00:00 as the next day.
    if moment.isoformat(timespec="microseconds")[:26] != text[:26]:
        raise ValueError("there is no such time")
    return moment


def _plain(value: JsonValue, depth: int) -> bool:
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return True
    if kind is int:
        return -formats.JSON_INTEGER_MAX <= cast(int, value) <= formats.JSON_INTEGER_MAX
    if not depth:
        raise NotCanonical(f"The value is nested more than {formats.JSON_DEPTH_MAX} deep.")
    if kind is dict:
        for name, member in cast("dict[str, JsonValue]", value).items():
            # The order of names differs beyond U+FFFF only; other scripts take the slow path too.
            if type(name) is not str or not name.isascii() or not _plain(member, depth - 1):
                return False
        return True
    if kind is list or kind is tuple:
        return all(_plain(item, depth - 1) for item in cast("Sequence[JsonValue]", value))
    return False


def _check_depth(data: bytes, depth_max: int) -> None:
    if data.count(b"[") + data.count(b"{") <= depth_max:
        return
    depth = 0
    for bracket in _BRACKETS.findall(_IN_STRINGS.sub(b"", data)):
        depth += 1 if bracket in b"[{" else -1
        if depth > depth_max:
            raise JsonMalformed(f"It is nested more than {depth_max} deep.")


def _check_text(value: JsonValue) -> None:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise JsonMalformed("A text has half of a surrogate pair.") from None
    elif isinstance(value, Mapping):
        for name, member in value.items():
            _check_text(name)
            _check_text(member)
    elif isinstance(value, Sequence):
        for item in value:
            _check_text(item)


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise JsonMalformed("An object has two members of one name.")
    return made


def _integer(text: str) -> int:
    # Length first: Python refuses to convert very long ones with an error of its own.
    value = int(text) if len(text) <= 17 else formats.JSON_INTEGER_MAX + 1
    if abs(value) > formats.JSON_INTEGER_MAX:
        raise JsonMalformed("An integer is beyond 2^53 - 1.")
    return value


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise JsonMalformed("A number is too large for a double.")
    return value


def _constant(text: str) -> NoReturn:
    raise JsonMalformed(f"{text} is not JSON.")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)
