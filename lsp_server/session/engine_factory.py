"""Choose the engine and the process it runs in."""

from __future__ import annotations

import errno
import logging
import re
from typing import TYPE_CHECKING

from engine.errors import EngineLoadError, reason
from lsp_server import paths
from lsp_server.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.api import Engine
    from engine.host.connect import HostConnection
    from engine.host.engine_spec import EngineSpec
    from lsp_server.settings.model import Settings

_log = logging.getLogger(__name__)

_NO_PROCESSES = {errno.ENOENT, errno.EACCES, errno.EPERM, errno.ENOSYS, errno.ENOEXEC}
"""A process that may start no other, or has no interpreter to start."""

_FAKE = re.compile(r"(?P<where>fake|remote-fake)(?:@(?P<ms>\d+))?(?::(?P<text>.*))?", re.DOTALL)


def maker(
    settings: Settings, kind: str, on_refusal: Callable[[str], None] = lambda _: None
) -> Callable[[], Engine]:
    """A function that loads an engine; nothing heavy is imported before it is called.

    Args:
        settings: all settings.
        kind: `real`; or `fake:TEXT` for an engine in the server that answers TEXT to everything,
            `fake@MS:TEXT` in MS milliseconds a token; `remote-fake` is one in an engine host.
        on_refusal: told when an engine host refused an attempt to reach the network; any thread.
    """

    def make() -> Engine:
        from engine.host.engine_spec import EngineSpec

        if (fake := _FAKE.fullmatch(kind)) is not None:
            token_s = int(fake["ms"] or 0) / 1000
            plan = EngineSpec(
                settings=settings.engine,
                fake=fake["text"] or "",
                fake_token_s=token_s,
                version=VERSION,
            )
            return plan.load() if fake["where"] == "fake" else _make(plan, on_refusal)
        from engine.load import wanted

        plan = EngineSpec(
            settings=settings.engine,
            folder=wanted(settings.engine).path,
            memo=paths.state_dir() / "devices.json",
            version=VERSION,
        )
        return _make(plan, on_refusal)

    return make


def _make(plan: EngineSpec, on_refusal: Callable[[str], None]) -> Engine:
    meeting = _meet(plan)
    if meeting is None:
        return plan.load()
    from engine.host.remote import RemoteEngine

    try:
        tokenizer, family = plan.reading()
        return RemoteEngine(meeting, tokenizer, family, on_refusal=on_refusal)
    except BaseException:
        meeting.connection.close()
        raise


def _meet(plan: EngineSpec) -> HostConnection | None:
    """A host for the plan, None when the engine is to live in this process."""
    from engine.host import connect

    wanted, state = plan.settings.process, paths.state_dir()
    if wanted == "inside":
        return None
    try:
        if wanted == "shared":
            return connect.shared(plan, state, plan.settings.linger_s)
        return connect.own(plan, state)
    except (OSError, RuntimeError) as error:
        if getattr(error, "errno", 0) not in _NO_PROCESSES:
            # without threads or memory for a host, the engine would end the server with itself
            raise EngineLoadError(f"no engine process could be started: {reason(error)}") from error
        _log.warning("no engine process: %s; the engine runs inside the server", reason(error))
        return None
