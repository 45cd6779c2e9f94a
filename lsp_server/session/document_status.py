"""Why a document gets no suggestions: a reason code, and a message for people.

What holds for the whole server (no model yet, say) is part of its status. What holds for one
document is judged here by rules, when the document is opened, saved, greatly changed, or when the
settings change; in between an answer costs one look-up.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from context.language_names import languages_in, same_language

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from context.text import Text
    from lsp_server.documents.mirror import Document
    from lsp_server.settings.model import SuggestionSettings

GREAT_CHANGE = 1 << 16
"""Characters of a change after which a document is judged again."""

_KIB = 1 << 10


class StatusReason(StrEnum):
    """What clients can tell apart; the names are part of the protocol."""

    LOADING = "loading"
    NO_MODEL = "no-model"
    FAILED = "failed"
    RESTARTED = "restarted"
    SLOW = "slow"
    DISABLED = "disabled"
    SNOOZED = "snoozed"
    TOO_LARGE = "too-large"
    IGNORED = "ignored"
    OUT_OF_SYNC = "out-of-sync"
    NOT_OPEN = "not-open"


@dataclass(frozen=True, slots=True)
class Silence:
    """A reason, and a sentence that says it and what to do."""

    reason: StatusReason
    message: str


if TYPE_CHECKING:
    Rule = Callable[[Document], Silence | None]
    """Judges a document: None where suggestions may be made."""


class Silences:
    """The verdicts on the open documents."""

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        """Args: rules, asked in order; the first that objects decides."""
        self.rules = list(rules)
        self._held: dict[str, Silence] = {}

    def of(self, uri: str) -> Silence | None:
        """The last verdict on a document, None where nothing speaks against suggestions."""
        return self._held.get(uri)

    def judge(self, document: Document) -> bool:
        """Judge a document anew; whether the verdict is another one than before."""
        before = self._held.pop(document.uri, None)
        verdicts = (rule(document) for rule in self.rules)
        verdict = next((each for each in verdicts if each is not None), None)
        if verdict is not None:
            self._held[document.uri] = verdict
        return verdict != before

    def forget(self, uri: str) -> None:
        """The document was closed."""
        self._held.pop(uri, None)


def snooze_rule(until: Callable[[], float]) -> Rule:
    """Silence for a while.

    Args:
        until: gives the end, in seconds since the epoch; 0 for none.
    """

    def judged(_: Document) -> Silence | None:
        end = until()
        if end <= time.time():
            return None
        moment = time.strftime("%H:%M", time.localtime(end))
        return Silence(StatusReason.SNOOZED, f"snoozed until {moment}; snooze 0 minutes to end it")

    return judged


def settings_rule(settings: Callable[[], SuggestionSettings]) -> Rule:
    """Silence where the settings ask for it.

    Args:
        settings: gives those in force.
    """

    def judged(document: Document) -> Silence | None:
        now = settings()
        if not now.enabled:
            return Silence(StatusReason.DISABLED, "turned off by the setting suggestions.enabled")
        off, _ = languages_in(now.languages_off)
        if same_language(document.language) in off:
            message = f"turned off for {document.language} by the setting suggestions.languages_off"
            return Silence(StatusReason.DISABLED, message)
        if (size := _characters(document.text)) > now.max_file_kb * _KIB:
            message = (
                f"this file has {size // _KIB} KiB, more than the {now.max_file_kb} KiB of the "
                "setting suggestions.max_file_kb; raise that to have suggestions here"
            )
            return Silence(StatusReason.TOO_LARGE, message)
        return None

    return judged


def _characters(text: Text) -> int:
    return sum(map(len, text.lines(0, len(text))))
