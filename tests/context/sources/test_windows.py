"""Similar windows: found by what is rare, kept up to date change by change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from context.access.files import SourceFile
from context.sources.terms import terms
from context.sources.windows import WINDOW_LINES, WindowIndex

if TYPE_CHECKING:
    from collections.abc import Iterable

LINES = st.sampled_from(
    ["", "", "x = load_user(1)", "    return total", "def f():", "é🙂 = 2", "}"]
)
TEXTS = st.lists(LINES, max_size=150).map("\n".join)


def source(name: str, text: str, stamp: int = 0) -> SourceFile:
    """A file of a workspace."""
    return SourceFile(f"/space/{name}", name, "python", text, (stamp, len(text)))


def indexed(files: Iterable[SourceFile]) -> WindowIndex:
    """An index that has seen each file once."""
    index = WindowIndex()
    for file in files:
        index.update(file)
    return index


def filler(count: int, name: str = "filler") -> str:
    """Code about something else, in blocks with blank lines between them."""
    return "".join(f"def {name}_{row}(a, b):\n    return a + b\n\n" for row in range(count))


STORE = """\
def fetch_invoice(store, number):
    row = store.invoices.find(number)
    if row is None:
        raise MissingInvoice(number)
    return Invoice(row.text, row.cents)

"""
CURRENT = source("app.py", "from store import *\n\ndef total(store, numbers):\n    invoices = ")


@given(texts=st.lists(TEXTS, min_size=1, max_size=6))
def test_an_index_followed_change_by_change_is_a_fresh_one(texts: list[str]) -> None:
    """Whatever was changed before, the cells and their counts are those of the last text."""
    followed = WindowIndex()
    for stamp, text in enumerate(texts):
        followed.update(source("a.py", text, stamp))
    fresh = indexed([source("a.py", texts[-1])])
    for index in (followed, fresh):
        assert sum(cell.size for cell in index._files["/space/a.py"].cells) == len(
            index._files["/space/a.py"].lines
        )
    ours, theirs = followed._files["/space/a.py"].cells, fresh._files["/space/a.py"].cells
    assert [(cell.size, cell.terms) for cell in ours] == [(c.size, c.terms) for c in theirs]
    assert followed._counts == fresh._counts
    assert followed._total == fresh._total


def test_one_changed_line_reads_a_cell_again_not_the_file() -> None:
    """A file of 5,000 lines costs one cell per change, wherever the change is."""
    rows = filler(1700).split("\n")
    index = indexed([source("a.py", "\n".join(rows))])
    for stamp, row in enumerate((0, 2500, 5000), 1):
        rows[row] = "changed"
        assert 0 < index.update(source("a.py", "\n".join(rows), stamp)) < 60
    rows.insert(1000, "one more line")
    assert 0 < index.update(source("a.py", "\n".join(rows), 9)) < 60


def test_forgetting_files_leaves_nothing_of_them() -> None:
    """Counts go with the files, so that weights are those of the files that are there."""
    index = indexed([source("a.py", STORE), source("b.py", filler(9))])
    index.keep(["/space/b.py"])
    assert len(index) == 1
    assert index._counts == indexed([source("b.py", filler(9))])._counts
    index.forget("/space/b.py")
    assert not index._counts
    assert index._total == 0


def test_the_window_that_shares_rare_names_comes_first() -> None:
    """A block about invoices is found in a long file about something else."""
    text = filler(60) + STORE + filler(60)
    found = indexed([source("store.py", text), source("other.py", filler(60, "thing"))]).similar(
        CURRENT, 3, lines=8
    )
    assert "fetch_invoice" in found[0].text
    assert found[0].path == "store.py"
    assert "store" in found[0].reason


def test_windows_are_no_longer_than_asked() -> None:
    """60 lines at most, or what the budget has room for."""
    index = indexed([source("store.py", filler(60) + STORE * 9 + filler(60))])
    for most in (WINDOW_LINES, 20, 5, 1):
        for found in index.similar(CURRENT, 3, lines=most):
            assert found.text.count("\n") <= most
            assert found.text.endswith("\n")


def test_copies_of_a_file_are_told_once() -> None:
    """A vendored copy of the same code says nothing new."""
    index = indexed([source("store.py", STORE), source("copy/store.py", STORE + "\n")])
    assert len(index.similar(CURRENT, 3)) == 1


def test_lines_near_the_cursor_are_no_window_of_their_own_file() -> None:
    """The current file's far parts are candidates, what stands around the cursor is not."""
    text = STORE + filler(60) + CURRENT.text
    current = source("app.py", text)
    index = indexed([current])
    cursor = text.count("\n")
    paths = [found.text for found in index.similar(current, cursor)]
    assert any("fetch_invoice" in text for text in paths)
    assert not any("invoices = " in text for text in paths)


def test_equal_files_give_equal_windows_whatever_the_order() -> None:
    """The order in which files were indexed decides nothing."""
    files = [source(f"{name}.py", filler(30, name) + STORE) for name in ("a", "b", "c")]
    assert indexed(files).similar(CURRENT, 3) == indexed(reversed(files)).similar(CURRENT, 3)


def test_nothing_shared_gives_no_window() -> None:
    """Without a common name there is nothing to tell; empty files neither."""
    assert indexed([source("a.py", "zzz = 1\n")]).similar(CURRENT, 3) == []
    assert indexed([source("a.py", "")]).similar(source("b.py", ""), 0) == []
    assert indexed([]).similar(CURRENT, 99) == []


def test_a_line_of_five_megabytes_is_looked_at_for_a_moment() -> None:
    """Data on one line is no code, and costs no time."""
    assert terms(["alphas " * 400 + "omega " * 1_000_000]).isdisjoint({"omega"})


def test_terms_are_names_and_their_words() -> None:
    """Names are split at underscores and capitals; short words say nothing."""
    assert terms(["fetchHTTPRows(is_ok)"]) == {
        "fetchHTTPRows", "is_ok", "~fetch", "~http", "~rows",
    }  # fmt: skip
