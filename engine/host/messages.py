"""Messages between a server and the engine host: small explicit frames.

Nothing here is ever unpickled. The first byte says what a frame is; hot frames are fixed structs,
seldom ones JSON. Both ends are the same version of midfill (it is part of the rendezvous key), so
there is no negotiation.

    server -> host                           host -> server
    G  generate: ids and limits              T  one token: id, log-probability, text
    V  verdict on a token: go on or stop     D  the end of a request and what it cost
    X  cancel a request                      E  a request failed: class and message
    R  recycle                               J  news: ready, failed, states, refused
"""

from __future__ import annotations

import hashlib
import json
import struct
import sys
from array import array
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final, Self

from engine import errors
from engine.api import Generation, Request, StopReason, Token
from engine.errors import EngineError, MidfillError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NOTHING: Final = Generation((), 0, StopReason.CANCELLED, 0, 0, 0.0, 0.0)
"""What is told of a request that was cancelled before its turn."""

_REASONS: Final = tuple(StopReason)
_ASKED = struct.Struct("<cIIIIBBBB")
_JUDGED = struct.Struct("<cIIB")
_NUMBER = struct.Struct("<cI")
_CAME = struct.Struct("<cIIId")
_DONE = struct.Struct("<cIIBIIdd")


class WireError(EngineError):
    """The other end is not who it should be, or speaks nonsense."""


class TokenVerdict(IntEnum):
    """What a server says to a token."""

    GO_ON = 0
    STOP = 1
    SPARE = 2  # go on, but nobody waits for it: others first


@dataclass(frozen=True, slots=True)
class RequestMessage:
    """A request as it arrives at the host; `spare` as in `engine.api.CancelToken`."""

    number: int
    request: Request
    spare: bool

    def pack(self) -> bytes:
        """As bytes."""
        asked = self.request
        lengths = len(asked.stable), len(asked.live), asked.max_new_tokens
        flags = asked.keep, asked.heal, self.spare, asked.alternatives
        head = _ASKED.pack(b"G", self.number, *lengths, *flags)
        return head + pack_ids(asked.stable) + pack_ids(asked.live)

    @classmethod
    def read(cls, data: bytes) -> Self:
        """From bytes."""
        _, number, stable, live, limit, keep, heal, spare, several = _ASKED.unpack_from(data)
        ids = _unpack_ids(data[_ASKED.size :])
        if len(ids) != stable + live or not live:
            raise ValueError("the lengths do not fit")
        parts = ids[:stable], ids[stable:], limit
        request = Request(*parts, keep=bool(keep), heal=bool(heal), alternatives=several)
        return cls(number, request, bool(spare))


@dataclass(frozen=True, slots=True)
class VerdictMessage:
    """A verdict on token `count` (from 1) of a request."""

    number: int
    count: int
    verdict: TokenVerdict

    def pack(self) -> bytes:
        """As bytes."""
        return _JUDGED.pack(b"V", self.number, self.count, self.verdict)

    @classmethod
    def read(cls, data: bytes) -> Self:
        """From bytes."""
        _, number, count, verdict = _JUDGED.unpack(data)
        return cls(number, count, TokenVerdict(verdict))


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A request is no longer wanted."""

    number: int

    def pack(self) -> bytes:
        """As bytes."""
        return _NUMBER.pack(b"X", self.number)

    @classmethod
    def read(cls, data: bytes) -> Self:
        """From bytes."""
        return cls(_NUMBER.unpack(data)[1])


@dataclass(frozen=True, slots=True)
class Recycled:
    """Kept states may go, when nobody else uses them."""

    number: int

    def pack(self) -> bytes:
        """As bytes."""
        return _NUMBER.pack(b"R", self.number)

    @classmethod
    def read(cls, data: bytes) -> Self:
        """From bytes."""
        return cls(_NUMBER.unpack(data)[1])


@dataclass(frozen=True, slots=True)
class Came:
    """Token `count` (from 1) of a request."""

    number: int
    count: int
    token: Token

    def pack(self) -> bytes:
        """As bytes."""
        head = _CAME.pack(b"T", self.number, self.count, self.token.id, self.token.log_prob)
        return head + self.token.text.encode("utf-8", "surrogatepass")

    @classmethod
    def read(cls, data: bytes) -> Self:
        """From bytes."""
        _, number, count, index, log_prob = _CAME.unpack_from(data)
        text = data[_CAME.size :].decode("utf-8", "surrogatepass")
        return cls(number, count, Token(index, text, log_prob))


@dataclass(frozen=True, slots=True)
class Done:
    """A request ended well; its tokens came before, `generation` has none."""

    number: int
    generation: Generation

    def pack(self) -> bytes:
        """As bytes."""
        done = self.generation
        counts = done.decoded, _REASONS.index(done.reason), done.read_tokens, done.reused_tokens
        head = _DONE.pack(b"D", self.number, *counts, done.prefill_ms, done.decode_ms)
        return head + _json(done.texts) if done.texts else head

    @classmethod
    def read(cls, data: bytes) -> Self:
        """From bytes."""
        _, number, decoded, reason, *cost = _DONE.unpack_from(data)
        texts = tuple(map(str, json.loads(data[_DONE.size :] or b"[]")))
        return cls(number, replace(Generation((), decoded, _REASONS[reason], *cost), texts=texts))


@dataclass(frozen=True, slots=True)
class Failed:
    """A request failed."""

    number: int
    error: MidfillError

    def pack(self) -> bytes:
        """As bytes."""
        return _NUMBER.pack(b"E", self.number) + _json(pack_error(self.error))

    @classmethod
    def read(cls, data: bytes) -> Self:
        """From bytes."""
        _, number = _NUMBER.unpack_from(data)
        return cls(number, unpack_error(json.loads(data[_NUMBER.size :])))


@dataclass(frozen=True, slots=True)
class News:
    """Anything else: `event` and what belongs to it."""

    event: str
    facts: dict[str, Any]

    def pack(self) -> bytes:
        """As bytes."""
        return b"J" + _json({"event": self.event, **self.facts})

    @classmethod
    def read(cls, data: bytes) -> Self:
        """From bytes."""
        facts = json.loads(data[1:])
        return cls(facts.pop("event"), facts)


Frame = RequestMessage | VerdictMessage | Cancelled | Recycled | Came | Done | Failed | News

_READERS: Final[Mapping[bytes, Callable[[bytes], Frame]]] = {
    b"G": RequestMessage.read,
    b"V": VerdictMessage.read,
    b"X": Cancelled.read,
    b"R": Recycled.read,
    b"T": Came.read,
    b"D": Done.read,
    b"E": Failed.read,
    b"J": News.read,
}


def decode(data: bytes) -> Frame:
    """The frame in `data`.

    Raises:
        WireError: there is none.
    """
    try:
        return _READERS[data[:1]](data)
    except (struct.error, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise WireError(f"an unreadable frame of {len(data)} bytes; it is a bug") from error


def pack_ids(ids: tuple[int, ...]) -> bytes:
    """Token ids as little-endian 32-bit numbers."""
    numbers = array("I", ids)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def _unpack_ids(data: bytes) -> tuple[int, ...]:
    numbers = array("I")
    numbers.frombytes(data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return tuple(numbers)


def digest(stable: tuple[int, ...]) -> str:
    """A short name of a stable part, under which both ends know its state."""
    return hashlib.blake2b(pack_ids(stable), digest_size=16).hexdigest()


def pack_error(error: Exception) -> dict[str, str]:
    """Class and reason."""
    return {"kind": type(error).__name__, "text": errors.reason(error)}


def unpack_error(facts: dict[str, str]) -> MidfillError:
    """The same error at the other end; an `EngineError` when the class is not midfill's."""
    kind = getattr(errors, facts["kind"], None)
    known = isinstance(kind, type) and issubclass(kind, MidfillError)
    return kind(facts["text"]) if known else EngineError(facts["text"])  # type: ignore[misc]  # checked


def _json(facts: dict[str, Any] | tuple[str, ...]) -> bytes:
    return json.dumps(facts).encode()
