"""Fill-in-the-middle tasks: a document with a hole, the answer, and extras of the set."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from context.snapshot import Cursor, Snapshot
from context.text import Text
from lsp_server.bench.tasks.files import read_rows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lsp_server.bench.tasks.files import TaskRow

GUIDE: Final = "docs/lab/evaluation.md"

LANGUAGES = {"py": "python", "js": "javascript", "ts": "typescript"}
"""Short names in task files, and the LSP language identifiers that they mean."""

EXTENSIONS = {"python": "py", "javascript": "js", "typescript": "ts", "rust": "rs", "csharp": "cs"}
"""File extensions that differ from the language's identifier."""


_TESTS = {"humaneval": ("test", "entry"), "multipl-e": ("tests",), "io": (), "api_match": ()}
"""Kinds of tests, and the texts that each needs."""


@dataclass(frozen=True, slots=True)
class HoleTask:
    """One hole.

    Attributes:
        id: unique in its file.
        set: the set it belongs to, for tables.
        lang: the language as its set spells it.
        file: path inside its repository, forward slashes.
        repo: `owner/name`, "" when unknown.
        before: the document up to the cursor.
        after: the document from the cursor on.
        prefix: `before` as the set publishes it; programs are built with it.
        suffix: `after` as the set publishes it.
        answer: what was taken out.
        quick: whether a quick run takes it.
        fields: the whole row, for what only some sets have.
    """

    id: str
    set: str
    lang: str
    file: str
    repo: str
    before: str
    after: str
    prefix: str
    suffix: str
    answer: str
    quick: bool = False
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def language(self) -> str:
        """The LSP language identifier."""
        return LANGUAGES.get(self.lang, self.lang)

    @property
    def whole(self) -> str:
        """The file with its answer."""
        return self.prefix + self.answer + self.suffix

    def snapshot(self) -> Snapshot:
        """The document with its hole, as an editor would show it; the answer is not in it."""
        line = self.before.count("\n")
        column = len(self.before) - self.before.rfind("\n") - 1
        return Snapshot(
            uri=f"file:///workspace/{self.file}",
            path=self.file,
            language=self.language,
            version=1,
            text=Text.of(self.before + self.after),
            cursor=Cursor(line, column),
            repo=self.repo.rpartition("/")[2],
        )


def read_tasks(path: Path) -> list[HoleTask]:
    """The tasks of a JSON Lines file.

    A row has `id`, `lang`, `prefix`, `middle`, `suffix`; `set`, `kind`, `file`, `repo`, `quick`,
    `exec` and others where known (docs/lab/evaluation.md).

    Raises:
        TaskFileError: no such file, no task in it, or a row that is not a task; names the line.
    """
    return [_task(row) for row in read_rows(path, GUIDE)]


def _task(row: TaskRow) -> HoleTask:
    texts = {name: row.value(name, str) for name in ("id", "lang", "prefix", "middle", "suffix")}
    fields = row.fields
    if problem := _wrong_tests(fields):
        raise row.wrong(problem)
    before, after = texts["prefix"], texts["suffix"]
    if fields.get("set") == "santacoder_fim":
        # the answer is a line between newlines that stand in neither prefix nor suffix
        before, after = before.removesuffix("\n") + "\n", "\n" + after
    kind = fields.get("kind")
    language = LANGUAGES.get(texts["lang"], texts["lang"])
    file = str(fields.get("file") or f"task.{EXTENSIONS.get(language, language)}")
    return HoleTask(
        id=texts["id"],
        set=str(fields.get("set") or (f"repofim_{kind}" if kind else "tasks")),
        lang=texts["lang"],
        file=row.inside(file),
        repo=str(fields.get("repo") or ""),
        before=before,
        after=after,
        prefix=texts["prefix"],
        suffix=texts["suffix"],
        answer=texts["middle"],
        quick=bool(fields.get("quick")),
        fields=fields,
    )


def _wrong_tests(fields: Mapping[str, Any]) -> str:
    """What is wrong with the tests of a row, "" when nothing is or there are none."""
    spec = fields.get("exec")
    if spec is None:
        return ""
    if not isinstance(spec, dict) or spec.get("kind") not in _TESTS:
        return f"field 'exec' needs a 'kind' of {', '.join(_TESTS)}"
    missing = [name for name in _TESTS[spec["kind"]] if not isinstance(spec.get(name), str)]
    if spec["kind"] == "io":
        missing = [
            name for name in ("eval_prefix", "eval_suffix") if not isinstance(fields.get(name), str)
        ]
        if not isinstance(spec.get("tests"), list) or not all(map(_is_test, spec["tests"])):
            missing.append("tests")
    return f"its tests need {', '.join(missing)}" if missing else ""


def _is_test(one: object) -> bool:
    return (
        isinstance(one, dict)
        and isinstance(one.get("input"), str)
        and isinstance(one.get("output"), list)
        and all(isinstance(text, str) for text in one["output"])
    )
