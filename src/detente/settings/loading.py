"""Settings as they are read: from the command line, the environment, a file, the default."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from .declaring import Setting, declared
from .problems import Problem, SettingsInvalid
from .values import Unfit, parse

T = TypeVar("T")


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
            values[entry.field] = parse(entry, raw)
        except Unfit as error:
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
