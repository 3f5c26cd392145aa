"""Canonical JSON (RFC 8785): one byte string for one value, so that hashes can be compared."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, ClassVar, cast

import msgspec
import rfc8785

from detente.errors import DetenteError


class NotCanonical(DetenteError):
    """A value has no canonical JSON form that everybody reads alike."""

    code: ClassVar[str] = "record.not_canonical"


# 2^53 - 1 is 9007199254740991; today's microseconds since 1970 have 16 digits, too.
_SIXTEEN = b"0" * 16
_DIGITS_ALIKE = bytes(ord("0") if chr(byte).isdecimal() else ord(" ") for byte in range(256))
_BEYOND_BMP = re.compile(rb"[\xf0-\xf4]")

_EXACT_TYPES = (
    msgspec.inspect.NoneType,
    msgspec.inspect.BoolType,
    msgspec.inspect.IntType,
    msgspec.inspect.StrType,
    msgspec.inspect.BytesType,
    msgspec.inspect.DateTimeType,
    msgspec.inspect.UUIDType,
    msgspec.inspect.LiteralType,
)


def canonical(value: object) -> bytes:
    """RFC 8785 bytes of a value made of dict, list, tuple, str, int, float, bool and None.

    Raises:
        NotCanonical: NaN, an infinity, an integer beyond 2^53 - 1, a lone surrogate, a member name
            that is not a string, or any other type.
    """
    try:
        return bytes(rfc8785.dumps(cast(Any, value)))
    except (rfc8785.CanonicalizationError, UnicodeEncodeError, TypeError) as error:
        raise NotCanonical(f"The value has no canonical JSON: {error}.") from error


def canonical_struct(struct: msgspec.Struct) -> bytes:
    """RFC 8785 bytes of a msgspec struct; about a hundred times faster where its types allow.

    The fast path is msgspec's encoder with sorted members. It differs from RFC 8785 in the spelling
    of floats, the order of member names beyond U+FFFF, and in letting large integers pass; whatever
    could meet one of these takes the slow path.

    Raises:
        NotCanonical: as `canonical`.
    """
    if not _never_has_floats(type(struct)):
        return _slowly(struct)
    try:
        encoded = msgspec.json.encode(struct, order="sorted")
    except UnicodeEncodeError as error:
        raise NotCanonical(f"The value has no canonical JSON: {error}.") from error
    if _may_hold_a_large_integer(encoded):
        return _slowly(struct)
    if not encoded.isascii() and _BEYOND_BMP.search(encoded) is not None:
        return _slowly(struct)
    return encoded


def _may_hold_a_large_integer(encoded: bytes) -> bool:
    """Whether 17 digits follow each other anywhere, or 16 that begin with a nine."""
    # A regular expression would look at every byte, and cost more than all else here.
    flat = encoded.translate(_DIGITS_ALIKE)
    at = flat.find(_SIXTEEN)
    while at >= 0:
        if encoded[at] == ord("9") or flat.startswith(b"0", at + 16):
            return True
        at = flat.find(_SIXTEEN, at + 16)
    return False


def _slowly(struct: msgspec.Struct) -> bytes:
    return canonical(msgspec.to_builtins(struct, str_keys=True))


@cache
def _never_has_floats(kind: type[msgspec.Struct]) -> bool:
    return _exact(msgspec.inspect.type_info(kind), set())


def _exact(info: msgspec.inspect.Type, seen: set[type]) -> bool:
    """Whether the fast path spells every value of a type as RFC 8785 does."""
    if isinstance(info, msgspec.inspect.StructType | msgspec.inspect.DataclassType):
        if info.cls in seen:
            return True
        seen.add(info.cls)
        return all(_exact(field.type, seen) for field in info.fields)
    if isinstance(info, msgspec.inspect.UnionType):
        return all(_exact(option, seen) for option in info.types)
    if isinstance(info, msgspec.inspect.ListType | msgspec.inspect.VarTupleType):
        return _exact(info.item_type, seen)
    if isinstance(info, msgspec.inspect.TupleType):
        return all(_exact(item, seen) for item in info.item_types)
    if isinstance(info, msgspec.inspect.DictType):
        return isinstance(info.key_type, msgspec.inspect.StrType) and _exact(info.value_type, seen)
    if isinstance(info, msgspec.inspect.EnumType):
        return all(isinstance(member.value, str | int) for member in info.cls)
    return isinstance(info, _EXACT_TYPES)
