"""A person at an editor: what is written, counted and drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from lsp_server.bench.engines import virtual_time
from lsp_server.bench.keystrokes.person import self_check
from lsp_server.bench.keystrokes.person.damage import brings_back
from lsp_server.bench.keystrokes.person.habits import Habits, Person
from lsp_server.bench.keystrokes.person.self_check import OFTEN, TASK, KnowingServer
from lsp_server.bench.keystrokes.person.typist import PersonRun
from lsp_server.bench.keystrokes.user import Typing, User
from lsp_server.bench.tasks.changes import Replacement
from lsp_server.bench.tasks.typing import TypingTask

if TYPE_CHECKING:
    from lsp_server.bench.keystrokes.person.self_check import Offers

NEVER = Habits(typo=0, pause=0, rewrite=0, away=0, misjudge=0)
GO = """\
func (s *Server) Close(names []string) error {
\tfor _, name := range names {
\t\tif err := s.close(name, map[string]int{"a": 1}); err != nil {
\t\t\treturn fmt.Errorf("close %q: %w", name, err)
\t\t} else {
\t\t\ts.n[name]--
\t\t}

\t\t// it's done
\t}
\treturn nil
}
"""


def typed(task: TypingTask, offers: Offers, habits: Habits, seed: int = 0) -> PersonRun:
    """One task typed in made-up time."""
    server = KnowingServer(offers)
    run = PersonRun(task, server, User(0), Typing(seed=seed, habits=habits))
    server.run = run
    virtual_time.run(run.run())
    return run


def hunk(text: str, language: str = "python", before: str = "") -> TypingTask:
    """A task that only adds."""
    return TypingTask("t", language, "t", before, len(before), text)


@pytest.mark.parametrize("offers", ["nothing", "the right line", "closers again"])
@pytest.mark.parametrize("seed", range(3))
def test_what_is_written_in_the_end_is_the_task(offers: Offers, seed: int) -> None:
    """Whatever went wrong on the way."""
    run = typed(hunk(GO, "go", "package a\n\n"), offers, OFTEN, seed)
    assert run.editor.left + run.editor.right == "package a\n\n" + GO
    run = typed(TASK, offers, OFTEN, seed)
    text = TASK.before
    for step in reversed(TASK.steps):
        text = text[: step.offset] + step.typed + text[step.offset + len(step.removed) :]
    assert run.editor.left + run.editor.right == text


def test_the_editor_saves_the_keys_that_it_presses() -> None:
    """Closers are typed over, indentation is free, a closer below is one key away."""
    run = typed(hunk("f(a) {\n  b\n}", "typescript"), "nothing", NEVER)
    assert run.counts.keys == len("f(a) {") + 1 + 1 + 1  # Enter, b, Down
    assert run.counts.free_chars == 2 + 1


def test_a_typo_costs_its_keys_and_as_many_backspaces() -> None:
    """Every letter is mistyped once; blanks and signs never are."""
    plain = typed(hunk("ab = cd"), "nothing", NEVER).counts
    wrong = typed(hunk("ab = cd"), "nothing", replace(NEVER, typo=1, notice_keys=0)).counts
    assert (plain.keys, plain.removals) == (7, 0)
    assert (wrong.keys, wrong.removals) == (7 + 2 * 4, 4)


def test_a_closer_that_comes_twice_breaks_the_line_and_is_deleted() -> None:
    """One accept, one broken line, one Delete."""
    counts = typed(hunk("f(a, b)"), "closers again", NEVER).counts
    assert (counts.accepts, counts.broken) == (1, 1)
    assert counts.keys == len("f(") + 1
    assert typed(hunk("f(a, b)"), "up to closers", NEVER).counts.broken == 0


def test_a_wrong_text_that_begins_right_is_taken_and_undone() -> None:
    """Once at a place: nobody errs there twice. What was undone counts as removed."""
    before, new = "total = sum_of(a)\n", "sum_up(b, c)"
    change = Replacement(before.index("sum_of"), "sum_of(a)", new, in_lines=True)
    task = TypingTask("t", "python", "t", before, change.offset, new, changes=(change,))
    counts = typed(task, "what was removed", replace(NEVER, misjudge=1)).counts
    assert counts.undone > 0
    assert counts.accepts == counts.undone
    assert counts.accepted_chars == 0
    assert counts.removals == 1 + counts.undone
    assert counts.removed_shown > 0
    assert counts.shown_after_removal > 0


def test_keys_of_changed_lines_are_counted_apart() -> None:
    """An inserted line is none."""
    before = "a = 1\nb = 2\n"
    steps = (Replacement(4, "1", "11", in_lines=True), Replacement(11, "", "\nc = 3"))
    task = TypingTask("t", "python", "t", before, 4, "11\nc = 3", changes=steps)
    counts = typed(task, "nothing", NEVER).counts
    assert counts.changed_keys == 1 + 2  # the selection goes, then 11
    assert counts.keys == counts.changed_keys + len("\nc = 3")


def test_the_same_seed_is_the_same_person() -> None:
    """To the event; another seed is another one."""
    assert typed(TASK, "nothing", OFTEN).events == typed(TASK, "nothing", OFTEN).events
    assert typed(TASK, "nothing", OFTEN, 1).events != typed(TASK, "nothing", OFTEN).events


def test_chance_knows_nothing_of_the_server() -> None:
    """What happens at a place is drawn from the place, whatever was accepted before it."""
    person = Person(OFTEN, 0, "t")
    first = [person.typo("word", 0, (0, place)) for place in range(50)]
    person.thinks_ms((0, 7))
    assert [person.typo("word", 0, (0, place)) for place in range(50)] == first
    assert 0 < sum(typo is not None for typo in first) < 25


@pytest.mark.parametrize(
    ("removed", "typed_since", "shown", "back"),
    [
        ("return None", "", "return None", True),
        ("return None", "re", "turn None", True),
        ("return None", "", "return x", False),
        ("f(a)", "", "f(a) + 1", True),
        ("a()\nb()", "", "a()\nc()", True),
        (")", "", ")", False),
        ("return None", "return Non", "e", False),
    ],
)
def test_removed_text_is_known_again(
    removed: str, typed_since: str, shown: str, *, back: bool
) -> None:
    """Whole or its first line, and long enough to be known."""
    assert brings_back(removed, typed_since, shown) is back


def test_the_guards_of_a_person_hold() -> None:
    """Each made-up server has the figure it was made for."""
    assert all(verdict.holds for verdict in self_check.check())
