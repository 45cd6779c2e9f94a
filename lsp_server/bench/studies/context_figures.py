"""Figures of `midfill bench context`: shares, intervals and paired tests, by cell."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from lsp_server.bench.statistics import mcnemar, wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lsp_server.bench.studies.context import ContextRow


def unseen(rows: Sequence[ContextRow]) -> list[ContextRow]:
    """The rows of tasks whose name is nowhere in the prompt without context."""
    bare = {row.id for row in rows if row.cell == row.base and not row.visible}
    return [row for row in rows if row.id in bare]


def table(rows: Sequence[ContextRow]) -> list[dict[str, Any]]:
    """One line a cell: shares, intervals, and the paired comparison with no context."""
    by_cell: dict[str, dict[str, ContextRow]] = defaultdict(dict)
    for row in rows:
        by_cell[row.cell][row.id] = row
    found = []
    for cell, of in by_cell.items():
        some = next(iter(of.values()))
        base = by_cell.get(some.base, {})
        line: dict[str, Any] = {"cell": cell, "n": len(of)}
        for name in ("em1", "first_id"):
            right = sum(getattr(row, name) for row in of.values())
            low, high = wilson(right, len(of))
            pairs = [
                (getattr(base[i], name), getattr(row, name)) for i, row in of.items() if i in base
            ]
            lost, won = pairs.count((True, False)), pairs.count((False, True))
            line[name] = 100 * right / len(of)
            line[f"{name}_low"], line[f"{name}_high"] = 100 * low, 100 * high
            line[f"{name}_lost"], line[f"{name}_won"] = lost, won
            line[f"{name}_p"] = mcnemar(lost, won)
        line["es"] = sum(row.es for row in of.values()) / len(of)
        line["added"] = sum(row.added for row in of.values()) / len(of)
        found.append(line)
    return found
