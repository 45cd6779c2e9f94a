"""The link checker of `make lint` reports broken names and no others."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def links() -> Any:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("links", ROOT / ".ci" / "links.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["links"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page in the repository's own place, beside which all true names exist."""
    monkeypatch.chdir(ROOT)
    return tmp_path / "page.md"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[a](missing.md)", "the link missing.md leads nowhere"),
        ("# One\n[a](#two)", "page.md has no heading #two"),
        ("`engine/missing.py`", "there is no engine/missing.py"),
        ("`context.missing.thing`", "context/__init__.py has no missing"),
        ("`context.memo.Missing`", "context/memo.py has no Missing"),
        ("`e2e/test_life.py::test_nothing`", "no test e2e/test_life.py::test_nothing"),
    ],
)
def test_a_broken_name_is_reported_with_its_line(
    links: Any, page: Path, text: str, fault: str
) -> None:
    """One fault of each kind, on the page's last line."""
    page.write_text(text, encoding="utf-8")
    assert list(links.page_faults(page)) == [f"{page}:{len(text.splitlines())}: {fault}"]


@pytest.mark.parametrize(
    "text",
    [
        "# A `b`, c: d\n[a](#a-b-c-d)",
        "[a](page.md)",
        "`context/memo.py`",
        "`context.memo.Memo`",
        "`context.max_file_kb`",
        "```\n[a](missing.md)\n```",
        "`e2e/test_life.py::test_nothing_but…`",
    ],
)
def test_true_names_are_not_reported(links: Any, page: Path, text: str) -> None:
    """Settings that share a package's name, shortened tests and code blocks among them."""
    page.write_text(text, encoding="utf-8")
    assert list(links.page_faults(page)) == []
