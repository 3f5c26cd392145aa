from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.postgres import PostgresServer
from tests.support.postgres import postgres as postgres  # a fixture

from detente.record import generate_key, save_key


@pytest.fixture
def pool_storage(postgres: PostgresServer, tmp_path: Path) -> Iterator[list[str]]:
    """Options of an instance whose log is a fresh database."""
    key = tmp_path / "log.key"
    save_key(generate_key("detente-exchange"), key)
    with postgres.database() as url:
        yield ["--database", url, "--log-key", str(key)]
