"""A host whose card is lost ends, so that a fresh process can take its place."""

from __future__ import annotations

import threading
from multiprocessing.connection import Pipe

import pytest

from engine.api import CancelToken, Request
from engine.errors import EngineClosedError, EngineLostError, GenerationError
from engine.fake import FakeEngine
from engine.host import channel
from engine.host.connect import HostConnection
from engine.host.endpoint import HostRecord
from engine.host.host import Host
from engine.host.remote import RemoteEngine
from tests.conftest import PATIENCE_S

LOST = "CUDA failed with error unspecified launch failure"
SECRET = b"secret"


class LostCard(FakeEngine):
    """A card that was removed or reset: whatever touches it raises, closing included."""

    def __init__(self) -> None:
        """It fails from the first generation on."""
        super().__init__([GenerationError(f"cuda:0 failed after 0 tokens: {LOST}")] * 2)

    def recycle(self) -> None:
        """Unloading touches the card."""
        raise RuntimeError(LOST)

    def close(self) -> None:
        """So does this."""
        raise RuntimeError(LOST)


class Removed(LostCard):
    """A card that can still be unloaded from, and never answers again."""

    def recycle(self) -> None:
        """Nothing is wrong so far."""


@pytest.mark.parametrize(("engine", "answers"), [(LostCard(), 1), (Removed(), 2)])
def test_a_lost_card_ends_its_host(engine: FakeEngine, answers: int) -> None:
    """CUDA's context cannot be mended in the process that lost it: it ends, and says why."""
    host = Host(lambda: engine, SECRET, linger_s=3600)
    ours, theirs = Pipe()
    host.admit(theirs)
    channel.prove_to_host(ours, SECRET)
    running = threading.Thread(target=host.run, args=(lambda: True,), daemon=True)
    running.start()
    far = RemoteEngine(HostConnection(ours, HostRecord(SECRET)), engine.tokenizer, engine.family)
    for _ in range(answers):
        with pytest.raises(GenerationError, match="unspecified launch failure"):
            far.generate(Request((1,), (2,), 4), lambda _: False, CancelToken())
    running.join(PATIENCE_S)
    assert not running.is_alive()
    far.close()
    with pytest.raises((EngineLostError, EngineClosedError)):
        far.generate(Request((1,), (2,), 4), lambda _: False, CancelToken())
