"""Results as one HTML page that needs nothing else: tables and plots drawn here, no scripts."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from lsp_server.bench.keystrokes.tables import ROWS, say, with_efficiency
from lsp_server.report.plots import bars, latency_curves, timeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lsp_server.bench.keystrokes.results import Results, Run

STYLE = """
:root { color-scheme: light dark; --ink: #1d2330; --soft: #667; --line: #d5d9e2; --back: #fff;
  --c0: #2563eb; --c1: #d97706; --c2: #059669; --c3: #9333ea; --c4: #dc2626; --c5: #0891b2; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9f0; --soft: #9aa3b5; --line: #363d4d;
  --back: #14171f; --c0: #6ea0ff; --c1: #f5b04c; --c2: #3ecf9a; --c3: #c08bff; --c4: #ff7b72;
  --c5: #4cc9e0; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
p, figcaption { color: var(--soft); } figure { margin: 1rem 0; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .15rem .8rem .15rem 0; border-bottom: 1px solid var(--line); text-align: right; }
th:first-child, td:first-child { text-align: left; }
svg { width: 100%; height: auto; } svg text { fill: var(--soft); font: 11px system-ui, sans-serif; }
.grid { stroke: var(--line); } .warn { color: var(--c4); }
"""


def page(results: Results) -> str:
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


def document(title: str, parts: Iterable[str]) -> str:
    """A whole page of these parts, below its title as a heading."""
    body = "\n".join((f"<h1>{escape(title)}</h1>", *parts))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>\n{body}\n"
        "</body></html>\n"
    )


def _about(results: Results) -> str:
    user, typing = results.options.get("user", {}), results.options.get("typing", {})
    typed_by = (
        f"The user takes what is right after {user.get('reaction_ms')} ms, mode "
        f"{user.get('mode')}; a key every {typing.get('base_ms')} ms; speed "
        f"{typing.get('speed')}; seed {typing.get('seed')}."
    )
    whats = (f"{run.name}: {run.what}" for run in results.runs)
    return paragraphs([ran_on(results.environment), typed_by, *whats])


def paragraphs(lines: Iterable[str]) -> str:
    """Each line as one."""
    return "".join(f"<p>{escape(line)}</p>" for line in lines)


def ran_on(machine: Mapping[str, Any]) -> str:
    """What `environment.describe` found, in one line."""
    packages = ", ".join(f"{k} {v}" for k, v in machine.get("packages", {}).items())
    return (
        f"{machine.get('date')}: {machine.get('cpu')}, {machine.get('cores')} cores, "
        f"{machine.get('memory_gb')} GB, {machine.get('os')}, Python {machine.get('python')}; "
        f"{packages}; load {machine.get('load')} at the start, {machine.get('load_at_end', '-')} "
        "at the end."
    )


def _warnings(results: Results) -> Iterable[str]:
    if results.interrupted:
        yield '<p class="warn">The run was interrupted; these are the results until then.</p>'
    for run in results.runs:
        failed = [task for task in run.tasks if task.error]
        if failed:
            text = f"{run.name}: {len(failed)} tasks failed, the first with: {failed[0].error}"
            yield f'<p class="warn">{escape(text)}</p>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table that scrolls by itself where the window is narrow."""
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f'<div class="wide"><table><tr>{top}</tr>{body}</table></div>'


def _figures(results: Results) -> str:
    figures = with_efficiency(results)
    rows = ([label, *(say(key, one[key]) for one in figures.values())] for key, label in ROWS)
    return table(["", *figures], (row for row in rows if set(row[1:]) != {"-"}))


def figure(drawing: str, caption: str) -> str:
    """A drawing (SVG text) with a caption."""
    return f"<figure>{drawing}<figcaption>{escape(caption)}</figcaption></figure>"


def _saved_by_language(results: Results) -> dict[str, dict[str, float]]:
    return {
        run.name: {
            language: values["keystrokes_saved"] for language, values in run.by_language().items()
        }
        for run in results.runs
    }


def _latency(results: Results) -> Iterable[str]:
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


def _sessions(results: Results) -> Iterable[str]:
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


def _guards(results: Results) -> str:
    rows = (
        [
            str(guard["name"]),
            say("keystrokes_saved", guard["keystrokes_saved"]),
            say("wrong_per_100", guard["wrong_per_100"]),
            "holds" if guard["holds"] else "FAILS",
        ]
        for guard in results.guards
    )
    return table(["made-up server", "saved", "wrong / 100", ""], rows)
