"""The command `midfill.snooze`: no suggestions for some minutes, in every document."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from lsp_server.lsp import document_status

if TYPE_CHECKING:
    from lsp_server.lsp.editor import Editor
    from lsp_server.session.session import Session

SNOOZE: Final = "midfill.snooze"
MINUTES: Final = 10.0
_MOST_MINUTES: Final = 24 * 60.0


def snooze(session: Session, editor: Editor, minutes: object = None) -> None:
    """Begin, change or end a snooze; every document's status says until when.

    Args:
        session: the session.
        editor: told of each document whose status changes, now and at the end.
        minutes: how long; 0 ends it, and what is no number means `MINUTES`.
    """
    given = minutes if isinstance(minutes, int | float) else MINUTES
    seconds = 60 * max(0.0, min(float(given), _MOST_MINUTES))
    session.snoozed_until = time.time() + seconds if seconds else 0.0
    _judge_all(session, editor)
    if seconds:
        asyncio.get_running_loop().call_later(seconds + 0.1, _judge_all, session, editor)


def _judge_all(session: Session, editor: Editor) -> None:
    for document in session.documents:
        document_status.judge(session, editor, document)
