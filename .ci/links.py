"""Check the documentation: every relative link, anchor, path, module and test that it names exists.

Run by `make lint`. Exits with 1 and names each fault as `file:line: reason`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]*)(?:#([^)\s]*))?\)")
ROOMS = "lsp_server|context|engine|editors|tests|docs"
PATH = re.compile(rf"`((?:{ROOMS}|e2e|faults|fuzz|model)/[\w./-]*)(?:::\w*)?`")
TEST = re.compile(r"`([\w/]+\.py)::(test_\w+)(…)?")
MODULE = re.compile(r"`((?:lsp_server|context|engine)(?:\.\w+)+)`")
SETTINGS = ("context/settings.py", "engine/settings.py")
DOCS_IN_CODE = re.compile(r"\bdocs/[\w./-]+\.md\b")


def tracked(pattern: str) -> list[Path]:
    """Files of the repository, new ones included, that still exist."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", pattern],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for line in listed.stdout.splitlines() if (path := Path(line)).is_file()]


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines of a page outside of its code blocks."""
    fenced = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            yield number, line


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors of a page's headings, spelled as GitHub spells them."""
    headings = [line.lstrip("#") for _, line in prose(page) if re.match(r"#{1,6} ", line)]
    slugs: list[str] = []
    for heading in headings:
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        seen = slugs.count(slug)
        slugs.append(f"{slug}-{seen}" if seen else slug)
    return frozenset(slugs)


def link_fault(page: Path, target: str, anchor: str | None) -> str | None:
    """What is wrong with one link, or None."""
    if re.match(r"[a-z]+:", target):
        return None
    there = page.parent / target if target else page
    if not there.exists():
        return f"the link {target} leads nowhere"
    if anchor and there.suffix == ".md" and anchor not in anchors(there):
        return f"{there.name} has no heading #{anchor}"
    return None


def test_fault(name: str, test: str, *, shortened: bool) -> str | None:
    """What is wrong with the name of a test, or None; `name` is the end of the file's path."""
    files = [path for path in Path("tests").rglob("*.py") if f"/{path}".endswith(f"/{name}")]
    end = "" if shortened else r"\b"
    if any(re.search(rf"def {test}{end}", path.read_text(encoding="utf-8")) for path in files):
        return None
    return f"no test {name}::{test}"


@cache
def settings() -> frozenset[str]:
    """Names of the sections that are also packages: `context.enabled` is no module."""
    texts = [Path(path).read_text(encoding="utf-8") for path in SETTINGS]
    return frozenset(re.findall(r"^    (\w+): ", "\n".join(texts), re.MULTILINE))


def module_fault(name: str) -> str | None:
    """What is wrong with the dotted name of a module or of something in it, or None."""
    parts = name.split(".")
    if len(parts) == 2 and parts[1] in settings():  # noqa: PLR2004
        return None
    for end in range(len(parts), 0, -1):
        folder = Path(*parts[:end])
        path = folder.with_suffix(".py") if folder.with_suffix(".py").exists() else folder
        if path.is_dir() and end < len(parts):
            path /= "__init__.py"
        if path.exists():
            text = path.read_text(encoding="utf-8") if path.is_file() else ""
            lost = [part for part in parts[end:] if not re.search(rf"\b{part}\b", text)]
            return f"{path} has no {lost[0]}" if lost else None
    return f"there is no module {name}"


def page_faults(page: Path) -> Iterator[str]:
    """Everything that is wrong with one page."""
    for number, line in prose(page):
        faults = [link_fault(page, *found.groups()) for found in LINK.finditer(line)]
        faults += [
            None if Path(path).exists() or Path("tests", path).exists() else f"there is no {path}"
            for path in PATH.findall(line)
        ]
        faults += [
            test_fault(name, test, shortened=bool(dots)) for name, test, dots in TEST.findall(line)
        ]
        faults += [module_fault(name) for name in MODULE.findall(line)]
        yield from (f"{page}:{number}: {fault}" for fault in faults if fault)


def code_faults(path: Path) -> Iterator[str]:
    """Pages and modules that a module names and that do not exist."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        for page in DOCS_IN_CODE.findall(line):
            if path.parts[0] != "tests" and not Path(page).exists():
                yield f"{path}:{number}: there is no {page}"
        for name in MODULE.findall(line):
            if fault := module_fault(name):
                yield f"{path}:{number}: {fault}"


def main() -> int:
    """Print the counts and every fault; 1 when there is one."""
    pages = tracked("*.md")
    # its examples are broken on purpose
    modules = [path for path in tracked("*.py") if path != Path("tests/test_links.py")]
    faults = [fault for page in pages for fault in page_faults(page)]
    faults += [fault for module in modules for fault in code_faults(module)]
    print(f"{len(pages)} pages; {len(faults)} broken links and names")
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
