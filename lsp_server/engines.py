"""Which engine the server runs: the real one from the store, or the fake one for try-outs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsp_server import paths

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.api import Engine
    from lsp_server.settings import Settings


def maker(settings: Settings, kind: str) -> Callable[[], Engine]:
    """A function that loads an engine; nothing heavy is imported before it is called.

    Args:
        settings: all settings.
        kind: `real`, or `fake:TEXT` for an engine that answers TEXT to everything.
    """

    def make() -> Engine:
        if kind.startswith("fake"):
            from engine.fake import FakeEngine

            return FakeEngine(rest=kind.partition(":")[2])
        from engine.load import load, wanted

        folder = wanted(settings.engine).path
        return load(folder, settings.engine, memo=paths.state_dir() / "devices.json")

    return make
