"""One evaluation: tasks through the server's session, scores, programs, the result file."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from engine.errors import MidfillError
from lsp_server.bench import environment
from lsp_server.bench.accuracy import programs, sandbox
from lsp_server.bench.accuracy.options import settings_of
from lsp_server.bench.accuracy.oracle import repositories
from lsp_server.bench.accuracy.results import AccuracyResults, AccuracyRow
from lsp_server.bench.accuracy.scores import score
from lsp_server.bench.accuracy.workspace import Workspace
from lsp_server.bench.engines.cached import RememberingEngine
from lsp_server.bench.errors import ResultFileError
from lsp_server.session import engine_factory
from lsp_server.session.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from engine.api import Engine
    from lsp_server.bench.accuracy.options import EvalOptions
    from lsp_server.bench.tasks.holes import HoleTask

_SAVE_EVERY = 20


def why_not_run(tasks: Sequence[HoleTask], *, weak: bool) -> dict[str, str]:
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
            found[name] = (
                "no sandbox: bubblewrap (`bwrap`) is not installed or does not work here; "
                "--open-sandbox runs them without one"
            )
    return found


class Evaluation:
    """Answers and judges tasks, and keeps the result file up to date."""

    def __init__(
        self,
        options: EvalOptions,
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
            weak: run programs also where no sandbox can be made.
        """
        self.settings = settings_of(options.changed)
        self._options = options
        self._out = out
        self._weak = weak
        self._memo = memo
        self._make = make_engine or engine_factory.maker(self.settings, options.engine)
        self._engine: RememberingEngine | None = None
        about = {**options.comparable(), "sandbox": str(sandbox.level()) if options.execute else ""}
        self.results = AccuracyResults(environment.describe(), about)

    def resume(self, earlier: AccuracyResults) -> None:
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
        self.results.options["model"] = earlier.options.get("model")

    async def run(
        self,
        tasks: Sequence[HoleTask],
        on_row: Callable[[AccuracyRow], None],
        every: Sequence[HoleTask] = (),
    ) -> AccuracyResults:
        """Answer and judge what is left of the tasks. Cancelling keeps what is done.

        Args:
            tasks: what to answer.
            on_row: told of each finished task.
            every: all tasks of the file; the files they hold whole are the workspaces.

        Raises:
            MidfillError: the model could not be loaded, or is not that of the earlier rows.
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
            engine = self._wanted_engine(session)
        except MidfillError:
            session.close()  # and an earlier result stays as it is
            raise
        try:
            for task in left:
                workspace = Workspace(task, files)
                shown, decoded = await self._answer(session, engine, workspace)
                size = engine.prompt_tokens
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

    def _wanted_engine(self, session: Session) -> RememberingEngine:
        """What answers, noted in the results; rows of two models would be no result."""
        if session.pipeline is None or self._engine is None:
            raise MidfillError(session.status.message)
        name = self._engine.info.name.rpartition("x")[0] or "fake"
        earlier = self.results.options.get("model")
        if earlier is not None and earlier != name:
            message = f"the earlier result is of {earlier}, and now {name} would answer"
            raise ResultFileError(f"{message}; leave out --resume or write to another file")
        self.results.options["model"] = name
        return self._engine

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
            workspace.tell(session.context_provider)
            tokens = session.prompt_maker(engine).context_tokens
            if tokens:
                found = asyncio.Event()
                session.context_provider.want(snapshot, tokens, found.set)
                await found.wait()
            shown, _ = await session.complete(snapshot)
        if session.pipeline is not None:
            session.pipeline.closed(snapshot.uri)  # the next hole of this file has its answer
        session.context_provider.closed(snapshot.uri)
        return shown, engine.decoded

    async def _judge(
        self,
        task: HoleTask,
        shown: str,
        decoded: str,
        prompt_tokens: int,
        free: asyncio.Semaphore,
        on_row: Callable[[AccuracyRow], None],
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
        row = AccuracyRow(
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
