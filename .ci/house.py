"""Prove what makes the house liveable: small rooms, no circles of imports, unique class names.

Run by `make lint`. Exits with 1 and names each fault.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from pathlib import Path

ROOTS = ("lsp_server", "context", "engine")
MOST_MODULES = 16


def modules() -> dict[str, Path]:
    """Every module of midfill: its dotted name and its file."""
    found: dict[str, Path] = {}
    for root in ROOTS:
        for path in sorted(Path(root).rglob("*.py")):
            if "demo_files" in path.parts:  # typed by `midfill demo`, not part of it
                continue
            parts = path.with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(tree: ast.Module, known: dict[str, Path]) -> set[str]:
    """Modules of midfill that a module imports anywhere, in functions and for types too."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                names.add(inner if inner in known else node.module)
    return names & set(known)


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that import each other, directly or through others (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in arrows[node]:
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            group = [stack.pop()]
            while group[-1] != node:
                group.append(stack.pop())
            if len(group) > 1:
                found.append(sorted(group))

    for node in arrows:
        if node not in index:
            visit(node)
    return found


def main() -> int:
    """Print the counts and every fault; 1 when there is one."""
    known = modules()
    trees = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in known.items()}
    faults: list[str] = []

    rooms: dict[Path, int] = defaultdict(int)
    for path in known.values():
        if path.name != "__init__.py":
            rooms[path.parent] += 1
    faults += [
        f"{room} has {count} modules, more than {MOST_MODULES}: give some of them a room"
        for room, count in sorted(rooms.items())
        if count > MOST_MODULES
    ]

    round_trips = circles({name: imported(tree, known) - {name} for name, tree in trees.items()})
    faults += [f"a circle of imports: {', '.join(group)}" for group in round_trips]

    homes: dict[str, list[str]] = defaultdict(list)
    for name, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(name)
    twice = {name: where for name, where in homes.items() if len(where) > 1}
    faults += [f"class {name} is in {', '.join(where)}" for name, where in sorted(twice.items())]

    print(
        f"{len(known)} modules in {len(rooms)} rooms, at most {max(rooms.values())} in one; "
        f"{len(round_trips)} circles; {len(twice)} class names used twice"
    )
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
