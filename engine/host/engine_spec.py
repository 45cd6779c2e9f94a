"""Specification of an engine host, written by the server that starts it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from engine import machine
from engine.settings import EngineSettings

if TYPE_CHECKING:
    from context.prompt.families import Family
    from context.prompt.tokenizer import Tokenizer
    from engine.api import Engine

_CODE = Path(__file__).parents[1]
_NOT_THE_ENGINES = ("process", "linger_s")
"""Settings that change nothing about an engine, so that servers may differ in them."""

_FAKE_READ_S = 1e-5
"""As a card reads; were it nothing, the rates of a fake engine would be those of the noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSpec:
    """An engine, as data.

    Attributes:
        settings: the engine's.
        folder: of the converted model; None for a fake engine.
        memo: file that remembers what was learnt about this machine's devices.
        fake: the answer of a fake engine.
        fake_token_s: its seconds per token.
        version: of midfill.
    """

    settings: EngineSettings = field(default_factory=EngineSettings)
    folder: Path | None = None
    memo: Path | None = None
    fake: str = ""
    fake_token_s: float = 0.0
    version: str = ""

    def key(self) -> str:
        """Names all hosts that this plan could use: 20 letters and digits.

        A model that was replaced, other code of midfill's, another interpreter or machine make
        another.
        """
        facts = self._facts()
        for name in _NOT_THE_ENGINES:
            facts["settings"].pop(name, None)
        facts["python"] = [sys.executable, sys.version]
        facts["system"] = machine.running_system()  # homes on network drives have several
        facts["code"] = max(path.stat().st_mtime_ns for path in _CODE.rglob("*.py"))
        if self.folder is not None:
            manifest = (self.folder / "midfill.json").stat()
            facts["manifest"] = [manifest.st_ino, manifest.st_mtime_ns]
        text = json.dumps(facts, sort_keys=True)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]

    def to_json(self) -> str:
        """As text for a host's stdin."""
        return json.dumps(self._facts())

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What `to_json` wrote."""
        facts: dict[str, Any] = json.loads(text)
        for name in ("folder", "memo"):
            facts[name] = None if facts[name] is None else Path(facts[name])
        return cls(**{**facts, "settings": EngineSettings(**facts["settings"])})

    def load(self) -> Engine:
        """Load the engine; what is heavy is imported here.

        Raises:
            MidfillError: it could not be loaded.
        """
        if self.folder is None:
            from engine.fake import FakeEngine

            return FakeEngine(rest=self.fake, token_s=self.fake_token_s, read_s=_FAKE_READ_S)
        from engine.load import load

        return load(self.folder, self.settings, memo=self.memo)

    def reading(self) -> tuple[Tokenizer, Family]:
        """Tokenizer and family of the model, for the process that only makes prompts.

        Raises:
            MidfillError: the model's folder is damaged.
        """
        from context.prompt.families import FAMILIES

        if self.folder is None:
            from engine.fake import FakeEngine

            fake = FakeEngine()
            return fake.tokenizer, fake.family
        from engine import memory
        from engine.models.manifest import Manifest
        from engine.tokenizer import ModelTokenizer

        tokenizer = ModelTokenizer(self.folder / "tokenizer.json")
        memory.give_back()  # reading the vocabulary took twice what it needs
        return tokenizer, FAMILIES[Manifest.read(self.folder).family]

    def _facts(self) -> dict[str, Any]:
        facts = dataclasses.asdict(self)
        for name in ("folder", "memo"):
            facts[name] = None if facts[name] is None else str(facts[name])
        return facts
