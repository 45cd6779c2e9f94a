"""Results as one self-contained HTML page: tables and plots, no scripts."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from lsp_server.bench.keystrokes.tables import ROWS, say, with_efficiency
from lsp_server.bench.keystrokes.timeline import timeline
from lsp_server.report.page import document, figure, paragraphs, ran_on, table
from lsp_server.report.plots import bars, latency_curves

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lsp_server.bench.keystrokes.results import ReplayResults, Run


def page(results: ReplayResults) -> str:
    """The whole report."""
    parts = [
        _about(results),
        *_warnings(results),
        "<h2>Figures</h2>",
        _figures(results),
        "<h2>Keys saved by language</h2>",
        figure(bars(_saved_by_language(results)), "Share of the keys that did not have to be hit."),
        "<h2>Request latency by source</h2>",
        *_latency(results),
        "<h2>One session</h2>",
        *_sessions(results),
        "<h2>The benchmark's check of itself</h2>",
        _guards(results),
    ]
    return document("Keystroke replay", parts)


def _about(results: ReplayResults) -> str:
    user, typing = results.options.get("user", {}), results.options.get("typing", {})
    typed_by = (
        f"The user takes what is right after {user.get('reaction_ms')} ms, mode "
        f"{user.get('mode')}; a key every {typing.get('base_ms')} ms; speed "
        f"{typing.get('speed')}; seed {typing.get('seed')}."
    )
    whats = (f"{run.name}: {run.what}" for run in results.runs)
    return paragraphs([ran_on(results.environment), typed_by, *whats])


def _warnings(results: ReplayResults) -> Iterable[str]:
    if results.interrupted:
        yield '<p class="warn">The run was interrupted; these are the results until then.</p>'
    for run in results.runs:
        failed = [task for task in run.tasks if task.error]
        if failed:
            text = f"{run.name}: {len(failed)} tasks failed, the first with: {failed[0].error}"
            yield f'<p class="warn">{escape(text)}</p>'


def _figures(results: ReplayResults) -> str:
    figures = with_efficiency(results)
    rows = ([label, *(say(key, one[key]) for one in figures.values())] for key, label in ROWS)
    return table(["", *figures], (row for row in rows if set(row[1:]) != {"-"}))


def _saved_by_language(results: ReplayResults) -> dict[str, dict[str, float]]:
    return {
        run.name: {
            language: values["keystrokes_saved"] for language, values in run.by_language().items()
        }
        for run in results.runs
    }


def _latency(results: ReplayResults) -> Iterable[str]:
    for run in results.runs:
        samples: dict[str, list[float]] = {}
        for task in run.finished:
            for ms, source in zip(task.counts.latency_ms, task.counts.sources, strict=False):
                samples.setdefault(source, []).append(ms)
        if not samples:
            continue
        yield figure(
            latency_curves(samples),
            f"{run.name}: share of answers that took at most so many milliseconds.",
        )
        rows = (
            [source, f"{row['answers']:.0f}", *(say("", row[f"latency_{p}"]) for p in _PERCENTILES)]
            for source, row in run.by_source().items()
        )
        yield table(["source", "answers", *_PERCENTILES], rows)


_PERCENTILES = ("p50", "p95", "p99")


def _sessions(results: ReplayResults) -> Iterable[str]:
    """The same task in every run: the one that is nearest to the first run's middle."""
    chosen = _typical(results.runs)
    for run in results.runs:
        for task in run.finished:
            if task.id == chosen and task.events:
                caption = (
                    f"{run.name}, {task.id}: characters in the text over time; accepts are marked. "
                    "Below: when a text was shown, and when a request was pending."
                )
                yield figure(timeline(task.events, task.counts.chars), caption)


def _typical(runs: Sequence[Run]) -> str:
    tasks = [task for run in runs[:1] for task in run.finished]
    if not tasks:
        return ""
    by_accepts = sorted(tasks, key=lambda task: task.counts.accepted_chars / task.counts.chars)
    return by_accepts[len(by_accepts) // 2].id


def _guards(results: ReplayResults) -> str:
    rows = (
        [
            str(guard["name"]),
            say("keystrokes_saved", guard["keystrokes_saved"]),
            say("wrong_per_100", guard["wrong_per_100"]),
            "holds" if guard["holds"] else "FAILS",
        ]
        for guard in results.guards
    )
    return table(["simulated server", "saved", "wrong / 100", ""], rows)
