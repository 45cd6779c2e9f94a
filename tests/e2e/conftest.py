"""Servers for tests: one process shared by a module where no test harms it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def shared() -> Iterator[Wire]:
    """A ready server that answers `return a + b` to everything; each test opens its own file."""
    with Wire() as wire:
        wire.initialize()
        yield wire.ready()
        assert wire.leave() == 0


@pytest.fixture
def uri(request: pytest.FixtureRequest) -> str:
    """A document of the test's own."""
    return f"file:///space/app/{abs(hash(request.node.nodeid))}.py"
