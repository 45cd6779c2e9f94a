"""`midfill bench context`: does the model use the right definition when it gets it?

Every task is answered in every cell: a layout, a form of the text, a length of the prompt, and the
hole above the cursor or at it. All answers are greedy, so one run is enough; every cell is compared
with its prompt without context on the same tasks.
"""

from __future__ import annotations

import dataclasses
import json
import random
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from context.prompt.maker import PromptMaker
from context.settings import PromptSettings
from engine.api import CancelToken, Request, Token
from lsp_server.bench.accuracy import definitions
from lsp_server.bench.accuracy.oracle import oracle, repositories
from lsp_server.bench.accuracy.scores import identifiers, score
from lsp_server.bench.accuracy.workspace import Workspace
from lsp_server.bench.engines.answer_cache import AnswerCache, key_of
from lsp_server.bench.errors import TaskFileError
from lsp_server.bench.result_files import write
from lsp_server.bench.studies.context_layouts import Laid, LayoutPiece, lay

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from context.prompt.maker import Prompt
    from engine.api import Engine
    from lsp_server.bench.studies.context_variants import Variant
    from lsp_server.bench.tasks.holes import HoleTask

MAX_NEW = 48
_DISTRACTORS = 2
_GIVEN = 2
"""More pieces than that are no prompt for a CPU."""
_CHUNK_LINES = 20


@dataclass(frozen=True, slots=True)
class ContextRow:
    """One answer in one cell.

    Attributes:
        em1, first_id, es: see `lsp_server.bench.accuracy.scores.Score`.
        added: tokens of context in the prompt.
        visible: whether the part of the task's own file that is in the prompt has the name.
    """

    id: str
    lang: str
    cell: str
    base: str
    em1: bool
    first_id: bool
    es: float
    added: int
    visible: bool
    completion: str


class Study:
    """Answers tasks in cells, with every answer kept on disk."""

    def __init__(self, engine: Engine, tasks: Sequence[HoleTask], memo: AnswerCache) -> None:
        """Prepare.

        Args:
            engine: a loaded engine.
            tasks: all tasks of the file; their texts are the repositories.
            memo: answers of this model that are known.
        """
        self._engine = engine
        self._memo = memo
        self._files = repositories(tasks)

    def answer(self, task: HoleTask, cell: Variant) -> ContextRow:
        """One task in one cell."""
        prompt, laid = self._within(task, cell) if cell.within else self._on_top(task, cell)
        heal = bool(prompt.live_text) and not prompt.live_text.endswith("\n")
        completion = self._complete(laid.stable, laid.live, heal=heal)
        found = score(completion, task.answer)
        own = [part.text for part in prompt.stable.parts if part.name != "context"]
        shown = "".join(own) + prompt.live_text
        symbol = task.fields.get("symbol", "")
        return ContextRow(
            id=task.id,
            lang=task.language,
            cell=str(cell),
            base=str(cell.base),
            em1=found.em1,
            first_id=found.first_id,
            es=found.es,
            added=laid.added,
            visible=bool(symbol) and symbol in identifiers(shown),
            completion=completion,
        )

    def _on_top(self, task: HoleTask, cell: Variant) -> tuple[Prompt, Laid]:
        """The prompt without context, and what it becomes with it."""
        engine, snapshot = self._engine, task.snapshot()
        settings = dataclasses.replace(PromptSettings(), anchored=cell.anchored, context="off")
        prompt = PromptMaker(engine.tokenizer, engine.family, settings, cell.tokens).make(snapshot)
        pieces = self._pieces(task, cell.form)
        laid = lay(cell.layout, pieces, prompt, snapshot, engine.family, engine.tokenizer)
        return prompt, laid

    def _within(self, task: HoleTask, cell: Variant) -> tuple[Prompt, Laid]:
        """The server's own prompt with candidates that one way selects."""
        engine, snapshot = self._engine, task.snapshot()
        layout = "off" if cell.layout == "none" else cell.layout
        settings = dataclasses.replace(PromptSettings(), anchored=cell.anchored, context=layout)
        maker = PromptMaker(engine.tokenizer, engine.family, settings, cell.tokens)
        with Workspace(task, self._files, maker.context_tokens) as workspace:
            prompt = maker.make(snapshot, workspace.candidates(cell.form))
        told = sum(one.tokens for one in prompt.stable.judged if one.chosen)
        return prompt, Laid(prompt.stable.ids, prompt.live, told)

    def _complete(self, stable: tuple[int, ...], live: tuple[int, ...], *, heal: bool) -> str:
        """The first line with text that the model puts after a prompt."""
        key = key_of({"stable": stable, "live": live, "heal": heal, "new": MAX_NEW, "stop": "line"})
        known = self._memo.get(key)
        if known is not None:
            return str(known)
        answer: list[str] = []

        def on_token(token: Token) -> bool:
            answer.append(token.text)
            return "\n" in "".join(answer).lstrip("\n")

        request = Request(stable, live, MAX_NEW, keep=False, heal=heal)
        self._engine.generate(request, on_token, CancelToken())
        completion = "".join(answer).lstrip("\n").split("\n")[0]
        self._memo.put(key, completion)
        return completion

    def _pieces(self, task: HoleTask, form: str) -> list[LayoutPiece]:
        match form:
            case "":
                return []
            case "given":
                # the best are first in the file, and nearest in the prompt
                given = reversed((task.fields.get("crossfile_list") or [])[:_GIVEN])
                return [
                    LayoutPiece(one["filename"], one["retrieved_chunk"] + "\n") for one in given
                ]
            case "far":
                return [*self._pieces(task, "outline"), *self._pieces(task, "wrong")]
            case "near":
                return [*self._pieces(task, "wrong"), *self._pieces(task, "outline")]
            case "wrong":
                return self._distractors(task)
        path, definition = self._definition(task)
        make = {
            "signature": definitions.signature,
            "outline": definitions.outline,
            "full": definitions.full,
        }[form]
        return [LayoutPiece(path, make(definition))]

    def _definition(self, task: HoleTask) -> tuple[str, definitions.WantedDefinition]:
        found = oracle(task, self._files)
        if found is None:
            message = f"{task.id}: no row holds the file that defines its name"
            raise TaskFileError(message)
        return found

    def _distractors(self, task: HoleTask) -> list[LayoutPiece]:
        """Chunks of other files of the repository, the same for every cell."""
        draw = random.Random(task.id)  # noqa: S311 -- the same sample every time
        extension = task.file.rpartition(".")[2]
        defining = set(task.fields.get("defined_in") or ())
        others = sorted(
            path
            for path in self._files[task.repo]
            if path.endswith(f".{extension}") and path != task.file and path not in defining
        )
        pieces = []
        for path in draw.sample(others, min(_DISTRACTORS, len(others))):
            lines = self._files[task.repo][path].split("\n")
            first = draw.randrange(max(1, len(lines) - _CHUNK_LINES))
            pieces.append(LayoutPiece(path, "\n".join(lines[first : first + _CHUNK_LINES]) + "\n"))
        return pieces


def usable(tasks: Sequence[HoleTask], cells: Sequence[Variant]) -> list[HoleTask]:
    """The tasks that have what the cells put into their prompts."""
    forms = {cell.form for cell in cells} - {""}
    if forms == {"given"}:
        return [task for task in tasks if task.fields.get("crossfile_list")]
    files = repositories(tasks)
    return [task for task in tasks if task.fields.get("symbol") and oracle(task, files)]


def run(
    engine: Engine,
    tasks: Sequence[HoleTask],
    chosen: Sequence[HoleTask],
    cells: Sequence[Variant],
    memo: AnswerCache,
    out: Path | None,
) -> list[ContextRow]:
    """Answer the chosen tasks in all cells, task by task so that a cut-off run is paired too."""
    from rich.progress import track

    study = Study(engine, tasks, memo)
    wanted = list(dict.fromkeys([*(cell.base for cell in cells), *cells]))
    rows: list[ContextRow] = []
    try:
        for task in track(chosen, description="tasks", disable=not sys.stderr.isatty()):
            rows += [study.answer(task, cell) for cell in wanted]
    except KeyboardInterrupt:
        rows = [row for row in rows if row.id != task.id]
    if out is not None:
        lines = [json.dumps(dataclasses.asdict(row), ensure_ascii=False) for row in rows]
        write(out, "\n".join(lines) + "\n")
    return rows
