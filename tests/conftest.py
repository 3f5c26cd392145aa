"""Fixtures that every kind of test may use."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

settings.register_profile(
    "default", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("default")

# Hypothesis also draws the constants of every module that is loaded, and that depends on the tests
# that ran before in the same process: a search without chance would be another one every time.
pytest.MonkeyPatch().setattr(providers, "_get_local_constants", Constants)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Have tests of one `xdist_group` run on one worker.

    pytest-xdist 3.8 tells groups by a suffix of the test's id, and sets that in a way that pytest
    from 9.1 on does not read: without this, what a module shares is made once for each worker.
    """
    if not config.getoption("loadgroup", False):
        return
    for item in items:
        groups = sorted({str(mark.args[0]) for mark in item.iter_markers("xdist_group")})
        suffix = f"@{'_'.join(groups)}"
        if groups and not item.nodeid.endswith(suffix) and hasattr(item, "_id"):
            item._id = type(item._id).parse(item.nodeid + suffix)
