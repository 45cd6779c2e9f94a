"""One evaluation: tasks through the server's own session, scores, programs, and the result file."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import random
from typing import TYPE_CHECKING, Any

from engine.errors import MidfillError
from lsp_server import engines
from lsp_server.bench import environment
from lsp_server.bench.errors import ResultFileError, TaskFileError
from lsp_server.config import Layer, compose
from lsp_server.evals import programs, sandbox
from lsp_server.evals.oracle import repositories
from lsp_server.evals.remembering import RememberingEngine
from lsp_server.evals.results import Results, Row
from lsp_server.evals.scores import score
from lsp_server.evals.workspace import Workspace
from lsp_server.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from engine.api import Engine
    from lsp_server.evals.tasks import Task
    from lsp_server.settings import Settings

_PATIENCE_MS = 600_000.0
_STABLE_TOKENS = 512
"""What a machine that reads quickly takes (`lsp_server.pacing`), so that results do not depend on
the machine; `--set prompt.max_tokens=N` for another length."""
_SAVE_EVERY = 20

BARE = {
    "suggestions.eagerness": 1.0,
    "suggestions.stop_probability": 0.0,
    "suggestions.min_chars": 1,
}
"""Settings that show all the model writes, for comparison with published figures."""


@dataclasses.dataclass(frozen=True, slots=True)
class Options:
    """What one run does.

    Attributes:
        data: name of the task file; `digest`: the hash of its bytes.
        changed: settings that differ from the defaults, by name.
        engine: `real` or `fake:TEXT`.
        sample: how many tasks were drawn, 0 for all; `seed`: of the draw.
        execute: whether programs run.
        jobs: programs at once.
    """

    data: str
    digest: str
    changed: Mapping[str, object] = dataclasses.field(default_factory=dict)
    engine: str = "real"
    sample: int = 0
    seed: int = 0
    execute: bool = True
    jobs: int = 2

    def comparable(self) -> dict[str, Any]:
        """What must be equal for one run to go on with the rows of another."""
        found = dataclasses.asdict(self)
        del found["jobs"]
        return {**found, "changed": dict(self.changed)}


def settings_of(changed: Mapping[str, object]) -> Settings:
    """The settings of a run: defaults, patience, and what was asked for.

    Raises:
        MidfillError: a name or a value does not fit.
    """
    nobody_types = {
        # figures are of one process; servers may share theirs
        "engine.process": "inside",
        "latency.target_ms": 60_000.0,
        "latency.deadline_ms": _PATIENCE_MS,
        "latency.debounce_ms": 0.0,
        "suggestions.ahead": "off",
        "prompt.max_tokens": _STABLE_TOKENS,
    }
    composed = compose([Layer("evaluation", nobody_types), Layer("--set", dict(changed))])
    if composed.problems:
        raise MidfillError("--set " + "; ".join(composed.problems))
    return composed.settings


def draw(tasks: Sequence[Task], count: int, seed: int) -> list[Task]:
    """A sample with each set and language in its share, in the file's order; all for 0."""
    if not count or count >= len(tasks):
        return list(tasks)
    shuffled = list(tasks)
    random.Random(seed).shuffle(shuffled)  # noqa: S311 -- so that it can be drawn again
    groups: dict[tuple[str, str], list[Task]] = {}
    for task in shuffled:
        groups.setdefault((task.set, task.lang), []).append(task)
    # places in the queue of each group, spread evenly over all: the first `count` are the sample
    places = [
        ((rank + 0.5) / len(group), task)
        for _, group in sorted(groups.items())
        for rank, task in enumerate(group)
    ]
    chosen = {task.id for _, task in sorted(places, key=lambda place: place[0])[:count]}
    return [task for task in tasks if task.id in chosen]


def digest_of(path: Path) -> str:
    """The hash of a task file.

    Raises:
        TaskFileError: it cannot be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError as error:
        message = f"cannot read tasks from {path}: {error}"
        raise TaskFileError(message) from error


def why_not_run(tasks: Sequence[Task], *, weak: bool) -> dict[str, str]:
    """Languages whose programs are not run here, with the reason."""
    found: dict[str, str] = {}
    for task in tasks:
        kind = (task.fields.get("exec") or {}).get("kind")
        if kind in {None, "api_match"}:
            continue
        missing = programs.missing_tools(task)
        name = f"{task.lang} ({kind})"
        if missing:
            found[name] = f"not there: {', '.join(missing)}"
        elif sandbox.level() is sandbox.Level.OPEN and not weak:
            found[name] = "no sandbox without network can be made here; --open-sandbox runs anyway"
    return found


class Evaluation:
    """Answers and judges tasks, and keeps the result file up to date."""

    def __init__(
        self,
        options: Options,
        memo: Path,
        out: Path | None,
        *,
        make_engine: Callable[[], Engine] | None = None,
        weak: bool = False,
    ) -> None:
        """Prepare.

        Args:
            options: what to do.
            memo: folder of known answers.
            out: the result file.
            make_engine: loads the engine; by default what `options.engine` says.
            weak: run programs also where no sandbox can take the network away.
        """
        self.settings = settings_of(options.changed)
        self._options = options
        self._out = out
        self._weak = weak
        self._memo = memo
        self._make = make_engine or engines.maker(self.settings, options.engine)
        self._engine: RememberingEngine | None = None
        about = {**options.comparable(), "sandbox": str(sandbox.level()) if options.execute else ""}
        self.results = Results(environment.describe(), about)

    def resume(self, earlier: Results) -> None:
        """Go on with the rows of an earlier run.

        Raises:
            ResultFileError: it was made with other options.
        """
        mine = self._options.comparable()
        other = [name for name, value in mine.items() if earlier.options.get(name) != value]
        if other:
            message = (
                f"the earlier result has other {', '.join(other)}; "
                "leave out --resume or write to another file"
            )
            raise ResultFileError(message)
        self.results.rows = list(earlier.rows)

    async def run(
        self,
        tasks: Sequence[Task],
        on_row: Callable[[Row], None],
        every: Sequence[Task] = (),
    ) -> Results:
        """Answer and judge what is left of the tasks. Cancelling keeps what is done.

        Args:
            tasks: what to answer.
            on_row: told of each finished task.
            every: all tasks of the file; the files they hold whole are the workspaces.

        Raises:
            MidfillError: the model could not be loaded.
        """
        done = {row.id for row in self.results.rows}
        left = [task for task in tasks if task.id not in done]
        files = repositories(task for task in every if task.repo)
        if self._options.execute:
            self.results.skipped = why_not_run(tasks, weak=self._weak)
        session = Session(self.settings, self._remembering, calibrate=False)
        await session.load()
        judging: set[asyncio.Task[None]] = set()
        free = asyncio.Semaphore(self._options.jobs)
        try:
            if session.pipeline is None or self._engine is None:
                raise MidfillError(session.status.message)
            self.results.options["engine"] = self._engine.name.rpartition("x")[0] or "fake"
            for task in left:
                workspace = Workspace(task, files)
                shown, decoded = await self._answer(session, self._engine, workspace)
                size = self._engine.prompt_tokens
                job = self._judge(task, shown, decoded, size, free, on_row)
                judging.add(one := asyncio.create_task(job))
                one.add_done_callback(judging.discard)
            await asyncio.gather(*judging)
        except asyncio.CancelledError:
            self.results.interrupted = True
            for one in judging:
                one.cancel()
            raise
        finally:
            session.close()
            self._save()
        return self.results

    def _remembering(self) -> Engine:
        self._engine = RememberingEngine(self._make(), self._memo)
        return self._engine

    @staticmethod
    async def _answer(
        session: Session, engine: RememberingEngine, workspace: Workspace
    ) -> tuple[str, str]:
        """What a user would see at the cursor, and all that the model wrote."""
        snapshot = workspace.snapshot()
        engine.decoded = ""
        with workspace:
            workspace.tell(session.surroundings)
            tokens = session.prompt_maker(engine).context_tokens
            if tokens:
                found = asyncio.Event()
                session.surroundings.want(snapshot, tokens, found.set)
                await found.wait()
            shown, _ = await session.complete(snapshot)
        if session.pipeline is not None:
            session.pipeline.closed(snapshot.uri)  # the next hole of this file has its answer
        session.surroundings.closed(snapshot.uri)
        return shown, engine.decoded

    async def _judge(
        self,
        task: Task,
        shown: str,
        decoded: str,
        prompt_tokens: int,
        free: asyncio.Semaphore,
        on_row: Callable[[Row], None],
    ) -> None:
        passed, message = None, ""
        kind = (task.fields.get("exec") or {}).get("kind")
        if self._options.execute and kind is not None:
            reason = self.results.skipped.get(f"{task.lang} ({kind})")
            if reason is None:
                async with free:
                    verdict = await asyncio.to_thread(programs.check, task, shown)
                if verdict is not None:
                    passed, message = verdict.passed, verdict.message
            else:
                message = reason
        row = Row(
            id=task.id,
            set=task.set,
            lang=task.lang,
            shown=shown,
            decoded=decoded,
            score=score(shown, task.answer),
            passed=passed,
            message=message,
            prompt_tokens=prompt_tokens,
        )
        self.results.rows.append(row)
        on_row(row)
        if len(self.results.rows) % _SAVE_EVERY == 0:
            self._save()

    def _save(self) -> None:
        if self._out is not None:
            self.results.save(self._out)
