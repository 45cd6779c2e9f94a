"""What handlers need of the editor at the other end, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lsprotocol import types

    from lsp_server.session.session import Session


class Editor(Protocol):
    """An editor that can be told something."""

    def notify(self, method: str, params: Mapping[str, object]) -> None:
        """Send a notification of midfill's own, if the editor asked for its kind."""

    def warn(self, message: str) -> None:
        """Write a warning where the user looks for the server's messages."""


class AnsweringEditor(Editor, Protocol):
    """An editor that can be asked something, too."""

    @property
    def client_capabilities(self) -> types.ClientCapabilities:
        """What it can do."""

    async def ask(self, method: str, params: object) -> Any:
        """Send a request; the answer may never come, so nothing may need it in order to go on.

        Raises:
            JsonRpcException: the editor refuses.
        """


if TYPE_CHECKING:
    Handler = Callable[[Session, Editor, Any], object]
    """What is done with the parameters of one kind of message."""
