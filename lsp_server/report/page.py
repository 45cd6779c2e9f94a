"""One HTML page that needs nothing else: its style, headings, tables and figures."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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


def document(title: str, parts: Iterable[str]) -> str:
    """A whole page of these parts, below its title as a heading."""
    body = "\n".join((f"<h1>{escape(title)}</h1>", *parts))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>\n{body}\n"
        "</body></html>\n"
    )


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


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table that scrolls by itself where the window is narrow."""
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f'<div class="wide"><table><tr>{top}</tr>{body}</table></div>'


def figure(drawing: str, caption: str) -> str:
    """A drawing (SVG text) with a caption."""
    return f"<figure>{drawing}<figcaption>{escape(caption)}</figcaption></figure>"
