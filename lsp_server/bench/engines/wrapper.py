"""Base class of engines that wrap another engine and report its properties."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from context.prompt.families import Family
    from context.prompt.tokenizer import Tokenizer
    from engine.api import Engine, EngineInfo
    from engine.errors import EngineLostError


class PassingEngine:
    """All of `engine.api.Engine` but requests and kept states, as the engine behind it has it."""

    def __init__(self, engine: Engine) -> None:
        """Stand in front of `engine`."""
        self._engine = engine

    @property
    def tokenizer(self) -> Tokenizer:
        """The model's."""
        return self._engine.tokenizer

    @property
    def family(self) -> Family:
        """The model's."""
        return self._engine.family

    @property
    def info(self) -> EngineInfo:
        """The engine's."""
        return self._engine.info

    def on_lost(self, tell: Callable[[EngineLostError], None]) -> None:
        """The engine's."""
        self._engine.on_lost(tell)

    def abort(self, *, hung: bool = False) -> None:
        """The engine's."""
        self._engine.abort(hung=hung)

    def close(self) -> None:
        """Close the engine."""
        self._engine.close()
