"""The reference of the document, made of its types: `docs/agreement-fields.md`."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from detente.agreement.document import Document
from detente.agreement.rules import RULES, RulesRegistry


def fields_page(note: str, registry: RulesRegistry = RULES) -> str:
    """Every table and field of `agreement.toml`, and every registered section of rules.

    Args:
        note: a line below the title, such as where the page comes from.
        registry: sections of rules.
    """
    lines = ["# Fields of an agreement", "", note, ""]
    for title, kind in tables(Document, ""):
        lines += _table(f"`{title}`" if title else "At the top", kind)
    lines += ["## Sections of rules", ""]
    if not len(registry):
        lines += [
            "No capability of this version brings rules: a `[rules.…]` table is a fault. "
            "What no program applies belongs into an annex.",
            "",
        ]
    for section in registry:
        lines += [f"### {section.title.en}", "", section.documentation.strip(), ""]
        for title, kind in tables(section.schema, f"[rules.{section.name}]"):
            lines += _table(f"`{title}`", kind, level=4)
    return "\n".join(lines)


def tables(kind: type[msgspec.Struct], title: str) -> Iterator[tuple[str, type[msgspec.Struct]]]:
    """A struct and every struct in it, with how their tables are headed."""
    yield title, kind
    prefix = title.strip("[]")
    for field in msgspec.structs.fields(kind):
        inner, many = _struct_in(field.type)
        if inner is not None:
            name = f"{prefix}.{field.encode_name}" if prefix else field.encode_name
            yield from tables(inner, f"[[{name}]]" if many else f"[{name}]")


def _table(title: str, kind: type[msgspec.Struct], level: int = 2) -> list[str]:
    summary = (kind.__doc__ or "").strip().splitlines()[0]
    lines = [
        f"{'#' * level} {title}",
        "",
        summary,
        "",
        "| field | kind | meaning |",
        "|---|---|---|",
    ]
    for field in msgspec.structs.fields(kind):
        needed = "" if field.required else ", optional"
        about = _description(field.type)
        lines.append(f"| `{field.encode_name}` | {_kind(field.type)}{needed} | {about} |")
    return [*lines, ""]


def _description(kind: Any) -> str:
    told = [meta.description for meta in get_args(kind)[1:] if getattr(meta, "description", None)]
    return str(told[-1]) if told and get_origin(kind) is Annotated else ""


def _kind(kind: Any) -> str:
    limits = ""
    if get_origin(kind) is Annotated:
        inner, *metas = get_args(kind)
        limits = "".join(_limits(meta) for meta in metas)
        kind = inner
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return "one of " + ", ".join(f"`{option}`" for option in arguments)
    if origin in (Union, types.UnionType):
        return _kind(next(option for option in arguments if option is not types.NoneType))
    if origin is list:
        return f"list of {_kind(arguments[0])}{limits}"
    if origin is dict:
        return "texts by language"
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return "table"
    names = {"str": "text", "int": "integer", "float": "number", "datetime": "time with offset"}
    return names.get(getattr(kind, "__name__", ""), "value") + limits


def _limits(meta: msgspec.Meta) -> str:
    if meta.ge is not None and meta.le is not None:
        return f" {meta.ge:,} to {meta.le:,}"
    if meta.max_length is not None:
        return f" ({meta.min_length or 0:,} to {meta.max_length:,})"
    return ""


def _struct_in(kind: Any) -> tuple[type[msgspec.Struct] | None, bool]:
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind, False
    if get_origin(kind) is list:
        inner, _ = _struct_in(get_args(kind)[0])
        return inner, True
    if get_origin(kind) in (Union, types.UnionType):
        for option in get_args(kind):
            inner, many = _struct_in(option)
            if inner is not None:
                return inner, many
    return None, False
