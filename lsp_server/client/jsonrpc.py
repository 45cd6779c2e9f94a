"""JSON-RPC as a language client speaks it, without pipes: bytes come in and go out."""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NOT_FOUND: Final = -32601
_LENGTH: Final = re.compile(rb"(?:^|\r\n)Content-Length: *(\d+)(?:\r\n|$)", re.IGNORECASE)
_LONGEST_HEADER: Final = 4096


def framed(message: Mapping[str, Any]) -> bytes:
    """A message with its header, ready for a pipe."""
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


class JsonRpc:
    """One side of a conversation: numbers requests, puts messages together, answers the server."""

    def __init__(
        self, write: Callable[[bytes], object], take: Callable[[dict[str, Any]], object]
    ) -> None:
        """Prepare.

        Args:
            write: sends bytes to the other side.
            take: gets each message of the other side; its requests have been answered then.
        """
        self.answers: dict[str, Callable[[Any], Any]] = {}
        """What the other side's requests are answered, by method. Without an entry that is null,
        or a list of nulls for a request that names items (`workspace/configuration`)."""
        self.silent: set[str] = set()
        """The other side's requests that are never answered, by method."""
        self.unread = bytearray()
        """What came since the last whole message."""
        self._write = write
        self._take = take
        self._numbers = itertools.count(1)

    def request(self, method: str, params: object) -> int:
        """Send a request; returns its number."""
        number = next(self._numbers)
        self.send({"id": number, "method": method}, params)
        return number

    def notify(self, method: str, params: object) -> None:
        """Send a notification."""
        self.send({"method": method}, params)

    def send(self, message: Mapping[str, Any], params: object = None) -> None:
        """Send a message, with parameters where there are some."""
        self._write(framed(message if params is None else {**message, "params": params}))

    def feed(self, data: bytes) -> None:
        """Take in bytes that came, and hand on each message that they end.

        Raises:
            ValueError: they are not LSP.
        """
        self.unread += data
        while (message := self._next()) is not None:
            if "id" in message and "method" in message and message["method"] not in self.silent:
                self.send({"id": message["id"], "result": self._answer(message)})
            self._take(message)

    def _next(self) -> dict[str, Any] | None:
        end = self.unread.find(b"\r\n\r\n", 0, _LONGEST_HEADER)
        if end < 0:
            if len(self.unread) >= _LONGEST_HEADER:
                message = "a header without an end"
                raise ValueError(message)
            return None
        length = _LENGTH.search(self.unread, 0, end)
        if length is None:
            message = f"no header: {bytes(self.unread[:end])[:80]!r}"
            raise ValueError(message)
        last = end + 4 + int(length[1])
        if len(self.unread) < last:
            return None
        message = json.loads(self.unread[end + 4 : last].decode())
        del self.unread[:last]
        if not isinstance(message, dict):
            reason = "a message that is no object"
            raise ValueError(reason)  # noqa: TRY004 -- one kind of error for all that is not LSP
        return message

    def _answer(self, message: Mapping[str, Any]) -> Any:
        params = message.get("params")
        if answer := self.answers.get(message["method"]):
            return answer(params)
        items = params.get("items") if isinstance(params, dict) else None
        return [None] * len(items) if isinstance(items, list) else None
