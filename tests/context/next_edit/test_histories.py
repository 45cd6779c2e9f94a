"""Random edit histories: no prediction reverts, breaks code, or touches the cursor's line."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from context.syntax.trees import parse
from context.text import Text
from tests.context.next_edit.typing_user import TypingUser

LINES = (
    "value = load(path)",
    "value = load(path, ctx)",
    "other = load(name)",
    "total = value + other",
    "print('value', value)",
    "if value: total = (other)",
    "x = [value, 'é😀', total]",
    "",
)
NAMES = ("value", "other", "load", "path", "total", "(", ")", "'", ", ctx", "😀", "=", "\t")

EDITS = st.lists(
    st.tuples(
        st.sampled_from(("replace", "insert", "delete", "word", "undo", "format", "two", "accept")),
        st.integers(0, 30),
        st.sampled_from(LINES),
        st.sampled_from(NAMES),
        st.sampled_from(NAMES),
        st.sampled_from((0.2, 2.0, 90.0)),
    ),
    min_size=1,
    max_size=25,
)


class Checked(TypingUser):
    """A user who looks hard at everything that is offered."""

    def __init__(self, source: str) -> None:
        super().__init__("python", source)
        self.past = [source]
        self.offered = 0

    def becomes(self, source: str, *, after_s: float = 90.0) -> None:
        """Remember every text."""
        super().becomes(source, after_s=after_s)
        self.past.append(source)

    def looks(self) -> None:
        """Ask, and check the answer."""
        found = self.asks()
        if found is None:
            return
        self.offered += 1
        result = found.applied(self.text)
        assert result != self.text
        assert str(result) not in self.past, "it goes back to a text that was left"
        assert self.line not in range(found.line, found.end)
        rows = self.text.lines(found.line, found.end)
        assert tuple(row.rstrip("\r\n") for row in rows) == found.old
        assert 0 <= found.confidence <= 1
        assert found.reason
        for change in self.edits.log.changes:
            swapped = found.old == change.new and found.new == change.old
            assert not swapped, "it takes a change back"
        before, after = parse("python", str(self.text)), parse("python", str(result))
        assert before is not None
        assert after is not None
        assert before.root.has_error or not after.root.has_error, "it breaks whole code"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(LINES), min_size=3, max_size=25), EDITS,
       st.sampled_from(("\n", "\r\n")))  # fmt: skip
def test_random_histories_bring_no_harm(
    lines: list[str], edits: list[tuple[str, int, str, str, str, float]], ending: str
) -> None:
    """Whatever is typed, undone, formatted or accepted: no revert, no broken parse."""
    user = Checked(ending.join(lines))
    for edit in edits:
        rows = str(user.text).split(ending)
        user.line = edit[1] % len(rows)
        after = _edited(user, rows, edit, ending)
        if after != str(user.text).split(ending):
            user.line = min(user.line, len(after) - 1)
            user.becomes(ending.join(after), after_s=edit[-1])
        user.looks()


def _edited(
    user: Checked, rows: list[str], edit: tuple[str, int, str, str, str, float], ending: str
) -> list[str]:
    """The lines after one edit; those that come from elsewhere replace all of them."""
    kind, number, line, old, new, _ = edit
    row = user.line
    if kind == "undo":
        return user.past[max(0, len(user.past) - 1 - number % 3)].split(ending)
    if kind == "accept":
        found = user.asks()
        if found is None:
            return rows
        user.line = found.line
        return str(found.applied(user.text)).split(ending)
    if kind == "format":
        return [one.replace(old, new) for one in rows]
    if kind in {"insert", "delete"}:
        there, skipped = ([line], 0) if kind == "insert" else ([], 1)
        return [*rows[:row], *there, *rows[row + skipped :]] or [""]
    rows[row] = line if kind == "replace" else rows[row].replace(old, new, 1)
    if kind == "two":
        rows[-1 - row] = rows[-1 - row].replace(old, new)
    return rows


def test_such_histories_do_bring_predictions() -> None:
    """The check above looks at something: a plain history of its lines gives an answer."""
    user = Checked("\n".join([LINES[0], "", LINES[0], "", LINES[2]]))
    user.changes("load(path)", "load(path, ctx)")
    user.looks()
    assert user.offered == 1
    assert Text.of("").line(0) == ""
