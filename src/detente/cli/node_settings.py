"""Settings of a node on the command line: for its file, and to be looked at before a start."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from detente.cli.settings_check import tell_check
from detente.errors import DetenteError
from detente.node.beginning import SettingValue
from detente.node.home import Home, find
from detente.node.settings import NODE_FILE, PREFIX, NodeSettings, cross_check
from detente.settings import Loaded, Problem, SettingsInvalid, declared, load

# What officers' commands read: no settings of a node, and nothing to be warned of.
_OF_OFFICERS: Final = ("DETENTE_NODE_CA", "DETENTE_NODE_SESSION")


def for_file(given: Sequence[str]) -> dict[str, SettingValue]:
    """`KEY=VALUE` texts as what stands in `node.toml`, judged as at a start.

    Raises:
        SettingsInvalid: with all problems there are.
    """
    settings = {entry.key: entry for entry in declared(NodeSettings, PREFIX)}
    texts: dict[str, list[str]] = {}
    problems = []
    for text in given:
        key, equals, value = text.partition("=")
        if not equals or key not in settings:
            problems.append(Problem(f"{text!r} is not KEY=VALUE of a setting.", "--set"))
        else:
            texts.setdefault(key, []).append(value)
    if problems:
        raise SettingsInvalid(problems)
    line = {
        settings[key].field: tuple(values) if settings[key].many else values[-1]
        for key, values in texts.items()
    }
    made = load(
        NodeSettings, prefix=PREFIX, command_line=line, environment={}, cross_check=cross_check
    ).settings
    found: dict[str, SettingValue] = {}
    for key in texts:
        value = getattr(made, settings[key].field)
        if isinstance(value, tuple):
            found[key] = [str(part) for part in value]
        else:
            found[key] = value if isinstance(value, bool | int | float) else str(value)
    return found


def check_node(home: Home, loaded: Loaded[NodeSettings]) -> int:
    """Try what a start would need, change nothing, and say what was found."""
    return tell_check(loaded, PREFIX, _findings(home, loaded.settings))


def _findings(home: Home, settings: NodeSettings) -> Iterator[tuple[str, str | DetenteError]]:
    from detente.http import CannotListen, bind, tls_context

    try:
        yield "keys", f"{len(home.signers())} private key(s) in {home.keys}"
    except DetenteError as error:
        yield "keys", error
    try:
        agreement = home.agreements()[-1].document
        yield "agreement", f"{agreement.id}, version {agreement.version}"
    except DetenteError as error:
        yield "agreement", error
    if home.witness_file.exists():
        yield "witness", str(home.witness_file)
    else:
        yield "witness", CannotListen("There is no witness here.", where=str(home.witness_file))
    if not os.access(home.directory, os.W_OK | os.X_OK):
        yield "directory", CannotListen("It cannot be written.", where=str(home.directory))
    if settings.api_tls_cert is not None:
        try:
            tls_context(settings.api_tls_cert, settings.api_tls_key)
        except CannotListen as error:
            yield "TLS", error
        else:
            yield "TLS", str(settings.api_tls_cert)
    listeners = [
        ("officers", settings.api_host, settings.api_port),
        ("line", settings.peer_host, settings.peer_port),
    ]
    if settings.plans:
        from detente.node.uss.checking import planning_findings

        yield from planning_findings(settings)
        listeners.append(("other USSs", settings.uss_host, settings.uss_port))
    for name, host, port in listeners:
        try:
            bind(host, port).close()
        except CannotListen as error:
            # A node that runs already is the usual reason, and no reason to refuse its settings.
            yield name, f"cannot be bound now ({error.message} {error.where})"
        else:
            yield name, f"would listen at {host}:{port}"


def loaded_settings(directory: Path, given: dict[str, Any]) -> Loaded[NodeSettings]:
    """The settings of a node: options, environment, its node.toml.

    Raises:
        SettingsInvalid: with all problems there are.
    """
    own = directory / NODE_FILE
    if given.get("config") is None and own.exists():
        given = {**given, "config": own}
    return load(
        NodeSettings,
        prefix=PREFIX,
        command_line=given,
        environment={k: v for k, v in os.environ.items() if k not in _OF_OFFICERS},
        cross_check=cross_check,
    )


def home_of(directory: Path) -> Home:
    """A node's directory, with the database that its settings name.

    Raises:
        SettingsInvalid: with all problems there are.
        RecordDirectoryUnusable: there is no record.
    """
    return find(directory, loaded_settings(directory, {}).settings.database)
