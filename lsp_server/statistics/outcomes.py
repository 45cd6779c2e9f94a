"""Outcomes of suggestions: shown, accepted, partly accepted, typed, rejected, kept.

Accepted texts stay in memory until their last check. Only numbers are written, on another thread.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from context.languages import LANGUAGES
from lsp_server.background import Background
from lsp_server.statistics import store
from lsp_server.statistics.kept_rate import survival

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from context.snapshot import Snapshot
    from context.text import Text
    from lsp_server.settings.model import StatisticsSettings

_MOST_OFFERS: Final = 200
_MOST_LOOKS: Final = 500
_MOST_LINES: Final = 20
"""Of an offer that is looked for in a document."""
FLUSH_S: Final = 20.0


@dataclass(slots=True)
class _Offer:
    """One suggestion, however many requests it answered while it was typed into."""

    uri: str
    language: str
    source: str
    line: int
    before: str
    text: str
    shown: bool = False
    fate: str = ""


class OutcomeTracker:
    """Tracks the suggestions of one session. Call all methods on the event loop."""

    def __init__(
        self,
        current: Callable[[], StatisticsSettings],
        text_of: Callable[[str], Text | None],
        file: Path | None = None,
        survival_s: tuple[int, ...] = store.SURVIVAL_S,
    ) -> None:
        """Prepare; nothing is written before there is something to write.

        Args:
            current: says whether statistics are wanted now.
            text_of: the text of an open document.
            file: where they are kept; the usual place when None.
            survival_s: seconds until each look at accepted text, as many as `SURVIVAL_S`.
        """
        self._current = current
        self._text_of = text_of
        self._file = file
        self._after = tuple(zip(survival_s, store.SURVIVAL_S, strict=True))
        self._offers: OrderedDict[str, tuple[_Offer, str]] = OrderedDict()
        self._last: dict[str, _Offer] = {}
        self._sums: dict[store.Key, Counter[str]] = {}
        self._looks: set[asyncio.TimerHandle] = set()
        self._flushing: asyncio.TimerHandle | None = None
        self._thread = Background("statistics")

    def reconfigured(self) -> None:
        """Forget everything where statistics are not wanted any more."""
        if not self._current().enabled:
            self._forget_all()

    def offered(self, answer_id: str, snapshot: Snapshot, text: str, source: str) -> None:
        """An answer with text was given."""
        if not self._current().enabled or not text:
            return
        last = self._last.get(snapshot.uri)
        whole = _goes_on(last, snapshot, text) if last is not None else ""
        if last is not None and whole:
            last.text = whole[len(last.before) :]
        else:
            self._settle(snapshot.uri, snapshot)
            language = snapshot.language if snapshot.language in LANGUAGES else "other"
            line = snapshot.cursor.line
            last = _Offer(snapshot.uri, language, source, line, snapshot.line_before, text)
            self._last[snapshot.uri] = last
            self._count(last, "offered")
        self._name(answer_id, last, last.text)

    def offered_instead(self, item_id: str, answer_id: str, snapshot: Snapshot, text: str) -> None:
        """Record an alternative of the same answer; both count as one suggestion."""
        offer, _ = self._offers.get(answer_id, (None, ""))
        if offer is not None:
            # counted, as the offer's own text, from where that began
            whole = snapshot.line_before + text
            self._name(item_id, offer, whole[len(offer.before) :])

    def shown(self, answer_id: str) -> None:
        """Record that the editor showed an answer."""
        offer, _ = self._offers.get(answer_id, (None, ""))
        if offer is not None and not offer.shown:
            offer.shown = True
            self._count(offer, "shown")

    def accepted(self, answer_id: str) -> None:
        """Record that the user accepted a whole answer."""
        offer, text = self._offers.get(answer_id, (None, ""))
        if offer is not None:
            self._take(offer, "accepted", text)

    def accepted_part(self, answer_id: str, chars: int) -> None:
        """Record that the user accepted a word or a line of an answer."""
        offer, text = self._offers.get(answer_id, (None, ""))
        if offer is not None:
            self._take(offer, "partly", text[: max(0, chars - len(offer.before))])

    def closed(self, uri: str) -> None:
        """Settle a document that was closed."""
        self._settle(uri, None)

    def close(self) -> None:
        """Write what is left, and stop."""
        for uri in list(self._last):
            self._settle(uri, None)
        sums = self._sums
        self._forget_all()
        self._thread.close()
        if sums:
            store.add(self._file or store.path(), sums)

    def _name(self, item_id: str, offer: _Offer, text: str) -> None:
        self._offers[item_id] = offer, text
        while len(self._offers) > _MOST_OFFERS:
            self._offers.popitem(last=False)

    def _take(self, offer: _Offer, how: str, text: str) -> None:
        if offer.fate in {"accepted", how}:
            return
        known, offer.fate = offer.fate, how
        if known:  # a later request took it for rejected, or a part of it was accepted first
            self._count(offer, known, -1)
        self._count(offer, how)
        if known == "partly":
            return  # it is looked at again already
        if not text.strip() or len(self._looks) > _MOST_LOOKS:
            return
        for seconds, name in self._after:
            self._later(seconds, lambda name=name: self._look(offer, text, name))  # type: ignore[misc]  # bound at once

    def _later(self, seconds: float, job: Callable[[], None]) -> None:
        def run() -> None:
            self._looks.discard(handle)
            job()

        handle = asyncio.get_running_loop().call_later(seconds, run)
        self._looks.add(handle)

    def _look(self, offer: _Offer, accepted: str, name: int) -> None:
        """Measure what is left of an accepted text; skipped if the document was closed."""
        text = self._text_of(offer.uri)
        if text is None or not self._current().enabled:
            return
        loop = asyncio.get_running_loop()

        def measure() -> None:
            left = survival(accepted, text, offer.line)
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(self._kept, offer, name, left)

        self._thread.post(measure)

    def _kept(self, offer: _Offer, name: int, left: float) -> None:
        self._count(offer, f"looked_{name}")
        self._count(offer, f"kept_{name}", left)

    def _settle(self, uri: str, now: Snapshot | None) -> None:
        """Decide the outcome of a document's last suggestion: accepted, typed, or rejected."""
        offer = self._last.pop(uri, None)
        if offer is None or offer.fate:
            return
        text = self._text_of(uri) if now is None else now.text
        lines = (
            () if text is None else text.lines(offer.line, min(len(text), offer.line + _MOST_LINES))
        )
        there = "".join(lines).replace("\r\n", "\n")
        offer.fate = "typed" if there.startswith(offer.before + offer.text) else "rejected"
        self._count(offer, offer.fate)

    def _count(self, offer: _Offer, what: str, amount: float = 1) -> None:
        if not self._current().enabled:
            return
        sums = self._sums.setdefault((offer.language, offer.source), Counter())
        sums[what] += amount  # type: ignore[assignment]  # shares are no whole numbers
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().call_later(FLUSH_S, self._flush)

    def _flush(self) -> None:
        self._flushing = None
        sums, self._sums = self._sums, {}
        file = self._file or store.path()
        self._thread.post(lambda: store.add(file, sums))

    def _forget_all(self) -> None:
        for handle in self._looks:
            handle.cancel()
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        self._looks.clear()
        self._offers.clear()
        self._last.clear()
        self._sums = {}


def _goes_on(offer: _Offer, now: Snapshot, text: str) -> str:
    """An offer's line with what is offered now, if that is the offer typed into, or grown."""
    line = now.cursor.line
    if not offer.line <= line <= offer.line + _MOST_LINES:
        return ""
    head = "".join(now.text.lines(offer.line, line)).replace("\r\n", "\n") + now.line_before
    was, whole = offer.before + offer.text, head + text
    inside = len(offer.before) <= len(head) < len(was)
    return whole if inside and (whole.startswith(was) or was.startswith(whole)) else ""
