"""Settings declared once, as the fields of a frozen dataclass, and read from four places.

The first place that gives a value wins: command line, environment, configuration file (TOML),
default. Command-line options, environment variables, keys of the file and the table in the manual
all follow from the declaration:

    @dataclass(frozen=True, slots=True, kw_only=True)
    class ProgramSettings:
        port: int = setting("TCP port to listen on.", default=8082, minimum=0, maximum=65535)

    loaded = load(
        ProgramSettings, prefix="DETENTE_PROGRAM", command_line={}, environment=os.environ
    )

A value that does not fit, or a key that nobody knows, is an error which names the place and the
remedy; all of them are found in one go.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import tomllib
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, TypeVar

from detente.errors import DetenteError

T = TypeVar("T")

Check = Callable[[Any], str | None]

_UNSET: Any = object()
_METADATA = "detente.setting"
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


class SettingsInvalid(DetenteError):
    """One or more settings cannot be used. `problems` tells each with its place and remedy."""

    code: ClassVar[str] = "settings.invalid"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        if len(problems) == 1:
            problem = problems[0]
            super().__init__(problem.message, where=problem.where, advice=problem.advice)
        else:
            lines = "".join(f"\n  {problem}" for problem in problems)
            super().__init__(f"{len(problems)} settings cannot be used:{lines}")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a setting, where it was given, and what to do."""

    message: str
    where: str | None = None
    advice: str | None = None

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text} {self.advice}" if self.advice else text


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
    default: Any = _UNSET,
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
    if default is _UNSET:
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
        return self.default is _UNSET

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
                default=_UNSET if entry.default is dataclasses.MISSING else entry.default,
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


@dataclass(frozen=True, slots=True)
class Loaded(Generic[T]):
    """Settings, where each given value came from, and what looks like a mistake but is none."""

    settings: T
    origins: Mapping[str, str]
    warnings: tuple[str, ...] = ()

    def where(self, field: str) -> str:
        """Where the value of a field was given, in words."""
        return self.origins.get(field, "default")


def load(
    cls: type[T],
    *,
    prefix: str,
    command_line: Mapping[str, Any],
    environment: Mapping[str, str],
    cross_check: Callable[[T], Iterable[Problem]] | None = None,
) -> Loaded[T]:
    """Read the settings of `cls`.

    Args:
        cls: a frozen dataclass whose fields are declared with `setting`.
        prefix: start of the environment variables; `PREFIX_CONFIG` names the configuration file.
        command_line: values by field name, None or () where not given; `config` names the file.
        environment: usually os.environ.
        cross_check: finds what single settings cannot show.

    Raises:
        SettingsInvalid: with all problems there are.
    """
    settings = declared(cls, prefix)
    problems: list[Problem] = []
    config = command_line.get("config") or environment.get(f"{prefix}_CONFIG")
    entries = _read_file(Path(config), settings, problems) if config else {}
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for entry in settings:
        raw, origin = _first_given(entry, command_line, environment, entries)
        if origin is None:
            if entry.required:
                problems.append(
                    Problem(
                        f"{entry.option} must be given.",
                        advice=f"Use the option, {entry.variable} or the key {entry.key}.",
                    )
                )
            continue
        origins[entry.field] = origin
        try:
            values[entry.field] = _parse(entry, raw)
        except _Unfit as error:
            problems.append(Problem(error.message, origin, error.advice))
    if problems:
        raise SettingsInvalid(problems)
    made = cls(**values)
    if cross_check is not None:
        problems.extend(cross_check(made))
    if problems:
        raise SettingsInvalid(problems)
    return Loaded(made, origins, tuple(_unknown_variables(settings, prefix, environment)))


def _first_given(
    entry: Setting,
    command_line: Mapping[str, Any],
    environment: Mapping[str, str],
    file: Mapping[str, tuple[Any, str]],
) -> tuple[Any, str | None]:
    given = command_line.get(entry.field)
    if given is not None and given != ():
        return given, f"option {entry.option}"
    text = environment.get(entry.variable)
    if text is not None and text != "":
        where = f"environment variable {entry.variable}"
        if entry.many:
            return tuple(part.strip() for part in text.split(",") if part.strip()), where
        return text, where
    return file.get(entry.field, (None, None))


def _read_file(
    path: Path, settings: Sequence[Setting], problems: list[Problem]
) -> dict[str, tuple[Any, str]]:
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except OSError as error:
        problems.append(
            Problem(f"The configuration file cannot be read: {error.strerror}.", str(path))
        )
        return {}
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        problems.append(Problem(f"The configuration file is not TOML: {error}.", str(path)))
        return {}
    by_key = {entry.key: entry for entry in settings}
    found: dict[str, tuple[Any, str]] = {}
    for key, value in content.items():
        where = f"{path}{_line_of(text, key)}: {key}"
        entry = by_key.get(key)
        if entry is None:
            near = difflib.get_close_matches(key.replace("_", "-"), by_key, 1, 0.6)
            advice = f"Did you mean {near[0]}?" if near else "See docs for the keys there are."
            problems.append(Problem("There is no such setting.", where, advice))
        elif entry.many and not isinstance(value, list):
            problems.append(Problem("This takes a list.", where, 'Write it as ["..."].'))
        else:
            found[entry.field] = (tuple(value) if entry.many else value, where)
    return found


def _line_of(text: str, key: str) -> str:
    pattern = re.compile(rf"""^\s*["']?{re.escape(key)}["']?\s*(=|\]|\.)""")
    opened = re.compile(rf"""^\s*\[\[?\s*["']?{re.escape(key)}\b""")
    for number, line in enumerate(text.splitlines(), start=1):
        if pattern.match(line) or opened.match(line):
            return f", line {number}"
    return ""


def _unknown_variables(
    settings: Sequence[Setting], prefix: str, environment: Mapping[str, str]
) -> Iterator[str]:
    known = {entry.variable for entry in settings} | {f"{prefix}_CONFIG"}
    for name in sorted(environment):
        if name.startswith(f"{prefix}_") and name not in known:
            near = difflib.get_close_matches(name, known, 1, 0.8)
            hint = f"; did you mean {near[0]}?" if near else ""
            yield f"environment variable {name} is not a setting{hint}"


class _Unfit(Exception):
    def __init__(self, message: str, advice: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


def _parse(entry: Setting, raw: Any) -> Any:
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
            raise _Unfit(f"{raw} is too small.", f"It must be at least {low:g}.")
        if above is not None and not value > above:
            raise _Unfit(f"{raw} is too small.", f"It must be more than {above:g}.")
        if high is not None and not value <= high:
            raise _Unfit(f"{raw} is too large.", f"It must be at most {high:g}.")
    wrong = declaration.check(value) if declaration.check is not None else None
    if wrong is not None:
        raise _Unfit(wrong)
    return value


def _convert(entry: Setting, raw: Any) -> Any:
    shown = "The value" if entry.declaration.secret else repr(raw)
    if entry.is_flag:
        if isinstance(raw, bool):
            return raw
        if isinstance(raw, str) and raw.lower() in _TRUE | _FALSE:
            return raw.lower() in _TRUE
        raise _Unfit(f"{shown} is neither on nor off.", "Use true or false.")
    if entry.kind is int or entry.kind is float:
        if isinstance(raw, bool) or not isinstance(raw, int | float | str):
            raise _Unfit(f"{shown} is not a number.")
        try:
            value = entry.kind(raw)
        except ValueError:
            what = "a whole number" if entry.kind is int else "a number"
            raise _Unfit(f"{shown} is not {what}.") from None
        if value != value or (entry.kind is int and isinstance(raw, float) and value != raw):
            raise _Unfit(f"{shown} is not a usable number.")
        return value
    if not isinstance(raw, str | Path):
        raise _Unfit(f"{shown} is not a text.", "Put it between quotation marks.")
    if entry.kind is Path:
        return Path(raw)
    choices = entry.choices()
    if choices and raw not in choices:
        raise _Unfit(f"{shown} is none of the choices.", f"Use one of: {', '.join(choices)}.")
    return str(raw)


def describe(loaded: Loaded[Any], prefix: str) -> Iterator[tuple[str, str, str]]:
    """Name, value and place of every setting, secrets hidden: what `--check` prints."""
    for entry in declared(type(loaded.settings), prefix):
        value = getattr(loaded.settings, entry.field)
        shown = dataclasses.replace(entry, default=value).default_text()
        if entry.many and value:
            shown = ", ".join(str(part) for part in value)
        if entry.declaration.secret and value is not None:
            shown = "(set, not shown)"
        yield entry.key, shown, loaded.where(entry.field)


def markdown_table(cls: type[Any], prefix: str) -> str:
    """Every setting, grouped, as Markdown: for the manual."""
    groups: dict[str, list[Setting]] = {}
    for entry in declared(cls, prefix):
        groups.setdefault(entry.declaration.group, []).append(entry)
    lines: list[str] = []
    for group, entries in groups.items():
        lines += [
            f"## {group}",
            "",
            "| option | environment | file | default | meaning |",
            "|---|---|---|---|---|",
        ]
        for entry in entries:
            option = f"`{entry.option}`"
            if entry.is_flag:
                option += f"<br>`--no-{entry.key}`"
            else:
                option += f" `{entry.metavar()}`".replace("|", "\\|")
            meaning = entry.declaration.help
            if entry.many:
                meaning += " Can be given several times."
            if entry.declaration.secret:
                meaning += " Never shown."
            lines.append(
                f"| {option} | `{entry.variable}` | `{entry.key}` | "
                f"{entry.default_text()} | {meaning} |"
            )
        lines.append("")
    return "\n".join(lines)
