"""What task files and result files have in common, whichever command they belong to."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from lsp_server.bench.accuracy import results as judged
from lsp_server.bench.errors import ResultFileError, TaskFileError
from lsp_server.bench.keystrokes import results as typed
from lsp_server.bench.result_files import require_folder
from lsp_server.bench.tasks import holes, typing

if TYPE_CHECKING:
    from collections.abc import Sequence

Read: TypeAlias = Callable[[Path], "Sequence[object]"]
Results: TypeAlias = "typed.ReplayResults | judged.AccuracyResults"

TO_TYPE: dict[str, Any] = {"id": "a", "file": "a.py", "before": "", "offset": 0, "typed": "y = 1\n"}
TO_FILL: dict[str, Any] = {"id": "a", "lang": "py", "prefix": "", "middle": "1", "suffix": "\n"}

BAD_TASKS = [
    ("", "holds no tasks"),
    ("\n \n", "holds no tasks"),
    ("{", "line 1 is not JSON"),
    ("[" * 100_000, "line 1 is not JSON"),
    ("[]", "line 1 is not a JSON object"),
    ("GOOD\n\n{}", "line 3: field 'id' is missing, expected str"),
    ('{"id": true}', "line 1: field 'id' is bool, expected str"),
    ("GOOD\nGOOD", "line 2: the id 'a' is also that of"),
    ('GOOD\n{"id": "b"}', "line 2: field "),
]


@pytest.mark.parametrize(("text", "says"), BAD_TASKS, ids=[says for _, says in BAD_TASKS])
@pytest.mark.parametrize(
    ("read", "good", "guide"),
    [
        (typing.read_tasks, TO_TYPE, "docs/lab/benchmarks.md"),
        (holes.read_tasks, TO_FILL, "docs/lab/evaluation.md"),
    ],
    ids=["bench", "eval"],
)
def test_a_bad_task_file_names_file_line_reason_and_guide(
    tmp_path: Path, read: Read, good: dict[str, Any], guide: str, text: str, says: str
) -> None:
    """The good row alone would be read, so it is the other one that is wrong."""
    path = tmp_path / "tasks.jsonl"
    path.write_text(json.dumps(good), encoding="utf-8")
    assert len(read(path)) == 1
    path.write_text(text.replace("GOOD", json.dumps(good)), encoding="utf-8")
    with pytest.raises(TaskFileError, match=r"tasks\.jsonl") as caught:
        read(path)
    assert says in str(caught.value)
    assert guide in str(caught.value)
    assert Path(__file__).parents[4].joinpath(guide).is_file()


@pytest.mark.parametrize("read", [typing.read_tasks, holes.read_tasks], ids=["bench", "eval"])
def test_tasks_that_are_not_text_or_not_there_are_said_so(tmp_path: Path, read: Read) -> None:
    """Neither gives a traceback."""
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name in ("binary", "missing", "."):
        with pytest.raises(TaskFileError, match="cannot read tasks"):
            read(tmp_path / name)


BAD_RESULTS = [
    ("", "cannot read"),
    ("[" * 100_000, "cannot read"),
    ("[]", "not a result"),
    ("{}", "not a result"),
    ('{"kind": "KIND", "format": 99}', "format 99"),
    ('{"kind": "KIND", "format": 1}', "damaged"),
    ('{"kind": "KIND", "format": 1, ALL, "runs": [5], "rows": [5]}', "damaged"),
    ('{"kind": "KIND", "format": 1, ALL, "runs": {"a": 1}, "rows": {"a": 1}}', "damaged"),
]
ALL = '"environment": {}, "options": {}, "guards": [], "skipped": {}, "interrupted": false'


@pytest.mark.parametrize(("text", "says"), BAD_RESULTS)
@pytest.mark.parametrize(
    ("load", "kind", "command"),
    [
        (typed.load, "keystrokes", "midfill bench keystrokes --json"),
        (judged.load, "eval", "midfill eval --out"),
    ],
)
def test_a_bad_result_file_says_what_is_wrong(
    tmp_path: Path, load: Callable[[Path], Results], kind: str, command: str, text: str, says: str
) -> None:
    """The file, the reason, and the command that writes a good one."""
    path = tmp_path / "bad.json"
    path.write_text(text.replace("KIND", kind).replace("ALL", ALL), encoding="utf-8")
    with pytest.raises(ResultFileError, match=r"bad\.json") as caught:
        load(path)
    assert says in str(caught.value)
    assert command in str(caught.value)


@pytest.mark.parametrize(
    "kind", [typed.ReplayResults, judged.AccuracyResults], ids=["bench", "eval"]
)
def test_results_that_cannot_be_written_leave_the_older_ones(
    tmp_path: Path, kind: type[Results]
) -> None:
    """What a run saved a minute ago is worth more than half a file."""
    path = tmp_path / "out.json"
    kind({"cpu": "x"}, {}).save(path)
    older = path.read_bytes()
    (tmp_path / ".out.json.part").mkdir()  # in the way of what is written first
    with pytest.raises(ResultFileError, match=r"out\.json.*another place"):
        kind({"cpu": "y"}, {}).save(path)
    assert path.read_bytes() == older


@pytest.mark.parametrize(
    ("module", "kind"), [(typed, typed.ReplayResults), (judged, judged.AccuracyResults)]
)
def test_any_text_survives_a_result_file(tmp_path: Path, module: Any, kind: type[Results]) -> None:
    """A lone surrogate, which JSON may spell and UTF-8 may not, must not end a run at its end."""
    path = tmp_path / "out.json"
    kind({}, {"name": "\ud800 é 🙂"}).save(path)
    assert module.load(path).options == {"name": "\ud800 é 🙂"}


def test_a_folder_that_is_missing_is_told_before_the_work(tmp_path: Path) -> None:
    """No option is no folder."""
    require_folder(None)
    require_folder(tmp_path / "out.json")
    with pytest.raises(ResultFileError, match=r"there is no folder .*gone"):
        require_folder(tmp_path / "gone" / "out.json")
