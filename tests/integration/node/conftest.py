"""What tests of a running node share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.node_api import AttackedNode, attacked_node


@pytest.fixture(scope="session")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AttackedNode]:
    """One node for all attacks; those that use it are in the group `node-api`."""
    with attacked_node(tmp_path_factory.mktemp("attacked")) as node:
        yield node
