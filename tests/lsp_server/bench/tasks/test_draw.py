"""Sets of tasks drawn from a real git repository that each test can read in full."""

from __future__ import annotations

import json
import subprocess
import tarfile
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from context.languages import LANGUAGES
from lsp_server.bench.accuracy.oracle import oracle, repositories
from lsp_server.bench.tasks import draw, holes, typing
from lsp_server.bench.tasks.cut import HoleCutter
from lsp_server.bench.tasks.git_history import LEAK, changes, shuffled, tree
from lsp_server.cli import run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

STORE = '''\
"""Where orders are kept."""

ORDERS_AT_ONCE = 3


class OrderStore:
    """Orders by number."""

    def __init__(self) -> None:
        self.orders: dict[int, str] = {}

    def insert_order(self, number: int, text: str) -> bool:
        """Keep an order, if its number is new.

        Returns whether it was.
        """
        if number in self.orders:
            return False
        self.orders[number] = text
        return len(self.orders) < ORDERS_AT_ONCE
'''
SHOP = '''\
"""Sells."""

from store import OrderStore


def sell(names: list[str]) -> int:
    # the comment of a line that nobody should have to guess
    kept = OrderStore()
    for number, name in enumerate(names):
        if kept.insert_order(number, name):
            print(f"sold {name} as number {number}")
    return len(kept.orders)
'''
ADDED = '''\


def refund(names: list[str], reason: str) -> list[str]:
    """Give the money back."""
    letters = [f"Dear {name}, here is your money: {reason}" for name in names]
    return sorted(letters)
'''
MOVED = '''\


def elsewhere(first: int, second: int) -> int:
    """What one commit writes into a second file word for word."""
    return first * second + first - second + first
'''


def git(repo: Path, *arguments: str) -> None:
    """Run git as nobody in particular, on one day."""
    who = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(repo), *who, *arguments], check=True, capture_output=True)  # noqa: S607 -- git from PATH


def commit(repo: Path, files: Mapping[str, str], message: str) -> None:
    """One commit that writes files."""
    for name, text in files.items():
        (repo / name).parent.mkdir(exist_ok=True)
        (repo / name).write_text(text, encoding="utf-8")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", message)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A shop, a function added, one written twice, and one word changed throughout."""
    folder = tmp_path / "shop"
    folder.mkdir()
    git(folder, "init", "-q")
    commit(folder, {"store.py": STORE, "shop.py": SHOP, "util.py": "A = 1\n" + MOVED}, "first")
    commit(folder, {"shop.py": SHOP + ADDED}, "a function more")
    commit(folder, {"store.py": STORE + MOVED, "build/store.py": STORE}, "written twice")
    renamed = (SHOP + ADDED).replace("names", "buyers")
    commit(folder, {"shop.py": renamed, "notes.txt": "bought\n"}, "a word")
    (folder / "shop.py").write_text("not committed\n", encoding="utf-8")
    return folder


def drawn(repo: Path, out: Path, *options: str) -> dict[str, list[dict[str, Any]]]:
    """What the command writes."""
    assert run(["bench", "draw", "--repo", str(repo), "--out", str(out), *options]) == 0
    found = {}
    for name in draw.FILES:
        path = out / name
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        found[name] = [json.loads(line) for line in lines]
    return found


@pytest.fixture
def sets(repo: Path, tmp_path: Path) -> dict[str, list[dict[str, Any]]]:
    """All sets of the repository."""
    return drawn(repo, tmp_path / "out")


def at_head(repo: Path, file: str) -> str:
    """A file as of the last commit."""
    shown = subprocess.run(
        ["git", "-C", str(repo), "show", f"HEAD:{file}"],  # noqa: S607 -- git from PATH
        check=True,
        capture_output=True,
    )
    return shown.stdout.decode()


def test_holes_and_bodies_join_to_the_committed_file(
    repo: Path, sets: dict[str, list[dict[str, Any]]]
) -> None:
    """Also the cursor's line and character say where the answer begins."""
    rows = sets["holes.jsonl"] + sets["bodies.jsonl"]
    assert {row["kind"] for row in rows} == {"line", "midline", "xfile", "body"}
    for row in rows:
        whole = row["prefix"] + row["middle"] + row["suffix"]
        assert whole == at_head(repo, row["file"])
        line = whole.split("\n")[row["line"]]
        assert line[row["character"] :] == row["middle"].split("\n")[0]
        assert row["suffix"].startswith("\n")


def test_no_hole_is_in_a_comment_a_docstring_a_copy_or_a_build(
    repo: Path, sets: dict[str, list[dict[str, Any]]]
) -> None:
    """With any seed."""
    assert {row["file"] for row in sets["holes.jsonl"]} <= {"store.py", "shop.py", "util.py"}
    for seed in range(20):
        files = {**tree(repo, "HEAD"), "copy.py": SHOP, "copy2.py": SHOP}
        cutter = HoleCutter(files, Random(seed))  # noqa: S311 -- a draw of tasks
        rows = [row for kind in ("line", "midline", "xfile") for row in cutter.cut(kind, 60)]
        assert rows
        for row in rows:
            assert "comment of a line" not in row["middle"]
            assert "whether it was" not in row["middle"]
            assert not row["file"].startswith(("copy", "build/"))


def test_a_long_answer_stands_nowhere_else_in_the_tree(
    repo: Path, sets: dict[str, list[dict[str, Any]]]
) -> None:
    """The leak rule; so the function that stands in two files is never asked for."""
    files = {name: at_head(repo, name) for name in ("store.py", "shop.py", "util.py")}
    rows = sets["holes.jsonl"] + sets["bodies.jsonl"]
    long = [row for row in rows if len(row["middle"].strip()) >= LEAK]
    assert long
    for row in long:
        others = [text for name, text in files.items() if name != row["file"]]
        around = [row["prefix"], row["suffix"]]
        assert not any(row["middle"].strip() in text for text in others + around)
    assert not any("first * second + first - second" in row["middle"] for row in rows)


def test_a_body_comes_after_signature_and_documentation(
    sets: dict[str, list[dict[str, Any]]],
) -> None:
    """And is all that the function does."""
    (row,) = (row for row in sets["bodies.jsonl"] if row["symbol"] == "insert_order")
    assert row["prefix"].endswith('Returns whether it was.\n        """\n        ')
    assert row["middle"].startswith("if number in self.orders:\n            return False")
    assert row["middle"].endswith("return len(self.orders) < ORDERS_AT_ONCE")


def test_xfile_holes_name_the_file_that_the_context_study_finds(
    tmp_path: Path, sets: dict[str, list[dict[str, Any]]]
) -> None:
    """The cursor is right before a name of the other file, and the oracle finds its definition."""
    rows = [row for row in sets["holes.jsonl"] if row["kind"] == "xfile"]
    assert {row["symbol"] for row in rows} >= {"OrderStore", "insert_order"}
    tasks = holes.read_tasks(tmp_path / "out" / "holes.jsonl")
    for task in tasks:
        if task.fields["kind"] == "xfile":
            assert task.answer.startswith(task.fields["symbol"])
            assert task.fields["defined_in"] == ["store.py"]
            found = oracle(task, repositories(tasks))
            # it does not look for attributes, such as `orders`
            assert (found is not None) == (task.fields["symbol"] != "orders")


def test_typing_and_edits_are_of_the_parent_and_new(
    repo: Path, sets: dict[str, list[dict[str, Any]]]
) -> None:
    """What the commits added is typed, unless it stood in another file of the parent already."""
    (typed,) = sets["typing.jsonl"]
    assert typed["before"] == SHOP
    text = typed["before"][: typed["offset"]] + typed["typed"] + typed["before"][typed["offset"] :]
    assert text == SHOP + ADDED
    (edit,) = sets["edits.jsonl"]
    lines = edit["before"].split("\n")
    for hunk in reversed(edit["hunks"]):
        first, last = hunk["line"], hunk["line"] + len(hunk["old"])
        assert lines[first:last] == hunk["old"]
        lines[first:last] = hunk["new"]
    assert "\n".join(lines) == at_head(repo, "shop.py")


def test_rows_have_the_fields_of_their_formats(sets: dict[str, list[dict[str, Any]]]) -> None:
    """So that any reader of these formats reads them too."""
    common = {"id", "lang", "repo", "commit", "file", "quick"}
    history = common | {"parent", "date", "before"}
    hole = common | {"kind", "line", "character", "prefix", "middle", "suffix"}
    for name, fields in zip(
        draw.FILES, (hole, hole, history | {"offset", "typed"}, history | {"hunks"}), strict=True
    ):
        for row in sets[name]:
            assert fields <= row.keys()
            assert row["lang"] in LANGUAGES
        assert any(row["quick"] for row in sets[name])


def test_workspaces_hold_the_parent_s_tree(
    tmp_path: Path, sets: dict[str, list[dict[str, Any]]]
) -> None:
    """The answer of a quick task is in none of its files."""
    for row in [*sets["typing.jsonl"], *sets["edits.jsonl"]]:
        path = tmp_path / "out" / "workspaces" / f"{row['parent'][:12]}.tar.gz"
        with tarfile.open(path) as packed:
            texts = {}
            for member in packed:
                content = packed.extractfile(member)
                assert content is not None
                texts[member.name] = content.read().decode()
        assert texts[row["file"]] == row["before"]
        for answer in [row.get("typed", ""), *("\n".join(h["new"]) for h in row.get("hunks", ()))]:
            assert len(answer) < LEAK or not any(answer.strip() in text for text in texts.values())


def test_a_seed_gives_the_same_bytes_and_another_gives_others(
    repo: Path, tmp_path: Path, sets: dict[str, list[dict[str, Any]]]
) -> None:
    """Of every file, archives included."""
    assert sets
    drawn(repo, tmp_path / "again")
    first, again = tmp_path / "out", tmp_path / "again"
    names = [path.relative_to(first) for path in sorted(first.rglob("*")) if path.is_file()]
    assert any(name.suffix == ".gz" for name in names)
    for name in names:
        assert (first / name).read_bytes() == (again / name).read_bytes()
    assert drawn(repo, tmp_path / "other", "--seed", "1") != sets


def test_the_commands_read_what_was_drawn(
    repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`eval` scores holes and bodies with a fake engine, and the keystrokes take the typing."""
    out = tmp_path / "out"
    drawn(repo, out)
    for name in ("holes.jsonl", "bodies.jsonl"):
        options = ["--engine", "fake:return", "--memo", str(tmp_path / "memo")]
        assert run(["eval", str(out / name), *options]) == 0
    assert "xfile" in capsys.readouterr().out
    tasks = str(out / "typing.jsonl")
    assert run(["bench", "keystrokes", "--tasks", tasks, "--quick", "--guards-only"]) == 0
    assert typing.read_tasks(out / "typing.jsonl")[0].language == "python"


def test_a_folder_with_sets_is_left_alone(
    repo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An hour's figures may belong to them."""
    (tmp_path / "edits.jsonl").write_text("mine\n", encoding="utf-8")
    assert run(["bench", "draw", "--repo", str(repo), "--out", str(tmp_path)]) == 1
    assert "choose another --out" in capsys.readouterr().err
    assert (tmp_path / "edits.jsonl").read_text(encoding="utf-8") == "mine\n"


def test_a_repository_without_source_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And writes nothing."""
    folder = tmp_path / "texts"
    folder.mkdir()
    git(folder, "init", "-q")
    commit(folder, {"a.txt": "text\n"}, "first")
    assert run(["bench", "draw", "--repo", str(folder), "--out", str(tmp_path / "out")]) == 1
    assert "nothing to draw" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_hunks_count_lines_as_git_does(tmp_path: Path) -> None:
    """A form feed or a line separator ends no line, and a missing last newline no hunk."""
    folder = tmp_path / "odd"
    folder.mkdir()
    git(folder, "init", "-q")
    before = "x = 1\f\ny = '\N{LINE SEPARATOR}'\nz = 3"
    commit(folder, {"a.py": before}, "first")
    commit(folder, {"a.py": before.replace("z = 3", "w = 2\nz = 4")}, "second")
    (change,) = changes(folder, shuffled(folder, 5, 0)[0])
    (hunk,) = change.hunks
    assert (hunk.line, hunk.old, hunk.new) == (2, ("z = 3",), ("w = 2", "z = 4"))
    assert change.before[change.offset(hunk.line) :] == "z = 3"
