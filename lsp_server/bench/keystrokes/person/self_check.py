"""Made-up servers for a person at an editor: each figure of a person is made to show itself.

They know what the person wants and what stands behind the cursor. One never offers; one is always
right; one writes the closers again that the editor has set, which breaks lines, and one as readily
stops before them; one offers what was just removed. All in made-up time, on a text of their own and
with rates that make every habit happen.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from lsp_server.bench.engines import virtual_time
from lsp_server.bench.keystrokes.metrics import figures
from lsp_server.bench.keystrokes.person.editor import repeated
from lsp_server.bench.keystrokes.person.habits import Habits
from lsp_server.bench.keystrokes.person.typist import PersonRun
from lsp_server.bench.keystrokes.self_check import GOOD, CheckResult, MadeUpServer
from lsp_server.bench.keystrokes.user import Typing, User
from lsp_server.bench.servers.base import Answer
from lsp_server.bench.tasks.changes import Replacement
from lsp_server.bench.tasks.typing import TypingTask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lsp_server.bench.keystrokes.person.hands import Hands

Offers = Literal["nothing", "the right line", "closers again", "up to closers", "what was removed"]

_BEFORE: Final = """\
def count(path):
    total = read_number(path, "total", strict=True)
    print("so far", total)


def write(path, names):
    return path.write_text(", ".join(names))
"""
_BODY: Final = """

def merge(paths, names):
    found = {}
    for path in sorted(paths):
        found[path.name] = count(path.parent / names[path.stem])
        write(path.with_suffix(".txt"), [found[path.name], names.get(path.stem)])
    print(f"merged {len(found)} of {len(paths)} files", end="")
    return found
"""


def _replace(old: str, new: str) -> Replacement:
    return Replacement(_BEFORE.index(old), old, new, in_lines=True)


TASK: Final = TypingTask(
    "a person",
    "python",
    "a.py",
    _BEFORE,
    _BEFORE.index("read_number"),
    "",
    changes=(
        _replace('read_number(path, "total", strict=True)', "sum(numbers_of(path, limit=100))"),
        _replace('print("so far", total)', "return total * weights.get(path.suffix, 1)"),
        Replacement(len(_BEFORE) - 1, "", _BODY.rstrip("\n")),
    ),
)
OFTEN: Final = Habits(typo=0.1, pause=0.5, rewrite=0.5, away=0.3, misjudge=0.5)
FEW: Final = 0.1
MOST: Final = 0.5
SEEDS: Final = range(3)


class KnowingServer(MadeUpServer):
    """Knows the person, and what was just removed."""

    def __init__(self, offers: Offers) -> None:
        super().__init__("none", 0)
        self.run: Hands | None = None
        self._offers = offers

    async def complete(self, text: str, offset: int) -> Answer:  # noqa: ARG002 -- knows the text
        """What its kind offers here, after 20 ms."""
        offered = self._offer(self.run) if self.run is not None else ""
        await asyncio.sleep(0.02)
        return Answer(offered, 1)

    def _offer(self, run: Hands) -> str:
        if self._offers == "nothing":
            return ""
        if self._offers == "what was removed":
            return run.removed_rest
        rest = run.wanted
        line = rest[: rest[1:].find("\n") + 1] if rest[:1] == "\n" else rest.split("\n")[0]
        if self._offers != "the right line" and not run.editor.pending:
            return ""
        end = len(line)
        while self._offers != "closers again" and repeated(line[:end], run.editor.pending):
            end -= 1
        return line[:end]


@dataclass(frozen=True, slots=True)
class PersonCheck:
    """A made-up server, and what must come out of it."""

    offers: Offers
    holds: Callable[[Mapping[str, float]], bool]


CHECKS: Final = (
    PersonCheck(
        "nothing",
        lambda m: m["keystrokes_saved"] == m["wrong_per_100"] == m["shown_after_removal"] == 0,
    ),
    PersonCheck(
        "the right line",
        lambda m: (
            m["keystrokes_saved"] > GOOD - FEW
            and m["changed_saved"] > GOOD - FEW
            and m["broken_accepts"] == 0
            and m["removed_shown"] < FEW
            and m["shown_after_removal"] > 1 - FEW
        ),
    ),
    PersonCheck("closers again", lambda m: m["broken_accepts"] > MOST),
    PersonCheck("up to closers", lambda m: m["broken_accepts"] == 0 < m["keystrokes_saved"]),
    PersonCheck(
        "what was removed",
        lambda m: m["removed_shown"] > FEW and m["keystrokes_saved"] < FEW,
    ),
)


def check() -> list[CheckResult]:
    """Measure all of them."""
    found = []
    for one in CHECKS:
        values = measure(one.offers)
        saved, wrong = values["keystrokes_saved"], values["wrong_per_100"]
        name = f"a person: {one.offers}"
        found.append(CheckResult(name, saved, wrong, one.holds(values)))
    return found


def measure(offers: Offers, habits: Habits = OFTEN, task: TypingTask = TASK) -> dict[str, float]:
    """The figures of a person who is offered this, with three seeds together."""

    async def one_after_the_other() -> dict[str, float]:
        counts = []
        for seed in SEEDS:
            server = KnowingServer(offers)
            run = PersonRun(task, server, User(reaction_ms=0), Typing(seed=seed, habits=habits))
            server.run = run
            counts.append(await run.run())
        chars = sum(len(step.typed) for step in task.steps)
        return figures([replace(one, chars=chars) for one in counts])

    return virtual_time.run(one_after_the_other())
