"""What is counted while typing, and the figures computed from it."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass
class Counts:
    """What happened while typing; lists hold one entry an event, times in milliseconds.

    `answer_numbers`, `latency_ms` and `sources` run in parallel. `decoded_tokens` and the other
    fields that a server reports are nan where it does not. A person at an editor counts from
    `broken` to `changed_accepted_chars`; `changed` means lines that were there before.
    """

    chars: int = 0
    keys: int = 0
    accepts: int = 0
    accepted_chars: int = 0
    free_chars: int = 0
    requests: int = 0
    answered: int = 0
    cancelled: int = 0
    stale: int = 0
    empty: int = 0
    offers: int = 0
    grown: int = 0
    growth_requests: int = 0
    seen: int = 0
    seen_wrong: int = 0
    wrong_chars: int = 0
    typed_through: int = 0
    flicker: int = 0
    blink: int = 0
    overrun: int = 0
    broken: int = 0
    undone: int = 0
    removals: int = 0
    shown_after_removal: int = 0
    removed_shown: int = 0
    changed_keys: int = 0
    changed_accepts: int = 0
    changed_accepted_chars: int = 0
    duration_ms: float = 0
    decoded_tokens: float = 0
    prompt_tokens: float = 0
    cached_prompt_tokens: float = 0
    busy_ms: float = 0
    cpu_s: float = 0
    latency_ms: list[float] = field(default_factory=list)
    answer_numbers: list[int] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    ghost_ms: list[float] = field(default_factory=list)
    ack_ms: list[float] = field(default_factory=list)
    ping_ms: list[float] = field(default_factory=list)
    rss_mb: list[float] = field(default_factory=list)


def total(counts: Iterable[Counts]) -> Counts:
    """Counts of several tasks together."""
    result = Counts()
    for one in counts:
        for item in fields(Counts):
            setattr(result, item.name, getattr(result, item.name) + getattr(one, item.name))
    return result


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest-rank percentile; nan for no values.

    >>> percentile([40, 10, 30, 20], 0.5)
    20
    """
    if not values:
        return math.nan
    place = math.ceil(share * len(values)) - 1
    return sorted(values)[min(len(values) - 1, max(0, place))]


def figures(counts: Sequence[Counts]) -> dict[str, float]:
    """The figures that docs/lab/benchmarks.md defines, over all tasks together."""
    c = total(counts)
    actions = c.keys + c.accepts
    entered = c.keys + c.accepted_chars
    changed = c.changed_keys + c.changed_accepted_chars
    to_type = max(1, c.chars - c.free_chars)

    def per_100(count: int) -> float:
        return 100 * count / to_type

    return {
        "tasks": len(counts),
        "chars": c.chars,
        "keystrokes_saved": 1 - actions / entered if entered else 0.0,
        "completed_code": c.accepted_chars / max(1, entered),
        "accept_rate": c.accepts / max(1, c.seen + c.accepts + c.typed_through),
        "accepts_per_100": per_100(c.accepts),
        "offers_per_100": per_100(c.offers),
        "seen_per_100": per_100(c.seen),
        "typed_through_per_100": per_100(c.typed_through),
        "wrong_per_100": per_100(c.seen_wrong),
        "wrong_chars_per_char": c.wrong_chars / to_type,
        "overrun": c.overrun / max(1, c.offers),
        "broken_accepts": _share(c.broken, c.accepts),
        "undone_accepts": _share(c.undone, c.accepts),
        "shown_after_removal": _share(c.shown_after_removal, c.removals),
        "removed_shown": _share(c.removed_shown, c.removals),
        "changed_saved": 1 - _share(c.changed_keys + c.changed_accepts, changed),
        "flicker_per_100": per_100(c.flicker),
        "blink_per_100": per_100(c.blink),
        "grown_per_100": per_100(c.grown),
        "requests_per_key": c.requests / max(1, actions),
        "growth_requests_per_key": c.growth_requests / max(1, actions),
        "answered": c.answered / max(1, c.requests),
        "stale": c.stale / max(1, c.answered),
        "empty": c.empty / max(1, c.answered),
        **_spread("latency", c.latency_ms),
        **_spread("ghost", c.ghost_ms),
        **_spread("other_request", c.ping_ms),
        "ack_p95": percentile(c.ack_ms, 0.95),
        "tokens_per_accepted_char": _share(c.decoded_tokens, c.accepted_chars),
        "prompt_reuse": _share(c.cached_prompt_tokens, c.prompt_tokens),
        "busy_share": _share(c.busy_ms, c.duration_ms),
        "cpu_s_per_100_keys": _share(100 * c.cpu_s, actions),
        "rss_mb_max": max(c.rss_mb, default=math.nan),
        "rss_mb_last": c.rss_mb[-1] if c.rss_mb else math.nan,
    }


def by_source(counts: Sequence[Counts]) -> dict[str, dict[str, float]]:
    """Request latency by where the answer came from: number, p50, p95, p99."""
    c = total(counts)
    groups: dict[str, list[float]] = defaultdict(list)
    for milliseconds, source in zip(c.latency_ms, c.sources, strict=False):
        groups[source].append(milliseconds)
    return {
        source: {"answers": len(values), **_spread("latency", values)}
        for source, values in sorted(groups.items())
    }


def _spread(name: str, values: Sequence[float]) -> dict[str, float]:
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    return {f"{name}_{which}": percentile(values, share) for which, share in shares.items()}


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
