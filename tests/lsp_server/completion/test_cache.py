"""The completion cache: typing on, accepting, going back, and edits elsewhere are look-ups."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from context.prompt.anchor import CLOSERS
from context.snapshot import Cursor, Snapshot
from context.text import Text
from lsp_server.completion.cache import CompletionCache
from lsp_server.completion.inflight import Decoded
from tests.conftest import at

ABOVE = "import os\n\n\ndef first():\n    return 1\n\n\n"
BELOW = "\n\ndef last():\n    return 9\n"


def known(marked: str, text: str) -> CompletionCache:
    """A cache with one generation, one token a character."""
    cache = CompletionCache()
    marks = tuple((end, -0.1) for end in range(1, len(text) + 1))
    cache.remember(at(marked), Decoded(text, marks))
    return cache


def found(
    cache: CompletionCache, marked: str, uri: str = "file:///space/app/main.py"
) -> str | None:
    """The text that is known at a cursor."""
    decoded = cache.look_up(at(marked, uri=uri))
    return None if decoded is None else decoded.text


TEXT = "def add(a, b):\n    total = a + b\n    return total"


@pytest.mark.parametrize(
    "typed",
    ["", "d", "def", "def add(a, b):", "def add(a, b):\n", "def add(a, b):\n    total",
     "def add(a, b):\n    total = a + b\n    return tota"],
    ids=repr,
)  # fmt: skip
def test_typing_accepting_words_and_accepting_lines_are_look_ups(typed: str) -> None:
    """At every place inside a remembered text its rest is found, many lines further down too."""
    cache = known(ABOVE + "‸" + BELOW, TEXT)
    assert found(cache, ABOVE + typed + "‸" + BELOW) == TEXT[len(typed) :]


def test_marks_move_with_the_text() -> None:
    """What is left keeps the probabilities of its own tokens."""
    decoded = known("‸", "abc").look_up(at("ab‸"))
    assert decoded is not None
    assert decoded.marks == ((1, -0.1),)


def test_backspace_into_known_text_finds_it_again() -> None:
    """Going back behind the place where a generation began gives the typed text back, too."""
    cache = known(ABOVE + "    ret‸" + BELOW, "urn x")
    assert found(cache, ABOVE + "    r‸" + BELOW) == "eturn x"
    assert found(cache, ABOVE + "‸" + BELOW) == "    return x"
    decoded = cache.look_up(at(ABOVE + "    r‸" + BELOW))
    assert decoded is not None
    assert [end for end, _ in decoded.marks] == [3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    "elsewhere",
    [
        "# a new first line\n" + ABOVE + "‸" + BELOW + "print(1)\n" * 40,
        ABOVE.replace("os", "sys") + "‸" + BELOW,
    ],
)
def test_edits_elsewhere_spoil_nothing(elsewhere: str) -> None:
    """Only the few lines above and the text close behind the cursor count."""
    below = BELOW + "\nprint(1)" * 40
    cache = known(ABOVE + "‸" + below, TEXT)
    assert found(cache, elsewhere.replace(BELOW, below)) == TEXT


@pytest.mark.parametrize(
    "other",
    [
        ABOVE + "x‸" + BELOW,
        ABOVE + "def add(b‸" + BELOW,
        ABOVE + TEXT + "‸" + BELOW,
        ABOVE + "‸ + 1" + BELOW,
        ABOVE + "‸" + BELOW.replace("9", "8"),
        ABOVE.replace("1", "2") + "‸" + BELOW,
    ],
)
def test_text_that_does_not_fit_is_not_found(other: str) -> None:
    """Other typed text, another text behind the cursor, other lines above: nothing is offered."""
    assert found(known(ABOVE + "‸" + BELOW, TEXT), other) is None


def test_auto_inserted_closers_do_not_hide_known_text() -> None:
    """An editor that types `)` behind the cursor changes nothing."""
    assert found(known("print‸\n", "(x)"), "print(‸)\n") == "x)"


def test_documents_are_kept_apart_and_forgotten_apart() -> None:
    """The same text in another document is another place."""
    cache = known("‸", "abc")
    assert found(cache, "‸", uri="file:///other") is None
    cache.remember(at("‸", uri="file:///other"), Decoded("xyz"))
    cache.forget("file:///space/app/main.py")
    assert found(cache, "‸") is None
    assert found(cache, "‸", uri="file:///other") == "xyz"


def test_the_longest_of_several_is_offered() -> None:
    """A later, longer generation is worth more than an earlier, shorter one."""
    cache = known("a‸", "bc")
    cache.remember(at("ab‸"), Decoded("cde"))
    assert found(cache, "a‸") == "bcde"
    assert len(cache) == 1  # the shorter one says nothing that the longer one does not


def test_a_text_that_was_cut_short_does_not_replace_a_whole_one() -> None:
    """What was shown stays while it is typed, even when an interrupted longer text is known."""
    cache = known("x = ‸", "a + b")
    cache.remember(at("x = a + b‸"), Decoded("return", complete=False))
    assert found(cache, "x = a‸") == " + b"
    assert found(cache, "x = a + b‸") == "return"


def test_crlf_lines_are_walked_like_lf_lines() -> None:
    """Generated text has LF, the document has CRLF."""
    cache = known("a = 1\r\n‸\r\nb\r\n", "if x:\n    y\n    z")
    assert found(cache, "a = 1\r\nif x:\r\n    y‸\r\nb\r\n") == "\n    z"


def test_it_is_bounded_and_drops_what_was_used_longest_ago() -> None:
    """Neither many places nor many texts at one place make it grow without limit."""
    cache = CompletionCache(max_heads=5)
    for number in range(50):
        cache.remember(at(f"{number}\n‸"), Decoded("x"))
        assert cache.look_up(at("0\n‸")) is not None
    assert len(cache) == 5
    for number in range(50):
        cache.remember(at("one\n‸"), Decoded(f"{number}!"))
    assert len(cache) == 4 + 8


def test_an_empty_generation_is_not_remembered() -> None:
    """There is nothing to find again."""
    assert len(known("‸", "")) == 0


# Against a reference that remembers everything and compares whole strings

ALPHABET = st.sampled_from(["a", "b", "\n", "(", " "])
SHORT = st.lists(ALPHABET, max_size=5).map("".join)
HEAD, WALK, SUFFIX, PER_PLACE = 3, 12, 160, 8


class Reference:
    """All generations as (lines above, text from the line's start, suffix), no index at all."""

    def __init__(self) -> None:
        self.known: list[tuple[str, str, str]] = []

    def remember(self, snapshot: Snapshot, text: str) -> None:
        """Keep one."""
        above, typed = _place(snapshot, snapshot.cursor.line)
        self.known.append((above, typed + text, _suffix(snapshot)))

    def look_up(self, snapshot: Snapshot) -> set[str]:
        """The rests of all texts that begin with what is typed since any line start."""
        rests: set[str] = set()
        for line in range(snapshot.cursor.line, max(-1, snapshot.cursor.line - WALK), -1):
            above, typed = _place(snapshot, line)
            rests |= {
                text[len(typed) :]
                for head, text, suffix in self.known
                if head == above and suffix == _suffix(snapshot) and text.startswith(typed)
            }
        return rests - {""}


def _place(snapshot: Snapshot, line: int) -> tuple[str, str]:
    """The lines above a line, and the text from its start to the cursor."""
    lines = str(snapshot.text).split("\n")
    above = "".join(text + "\n" for text in lines[max(0, line - HEAD) : line])
    last = lines[snapshot.cursor.line][: snapshot.cursor.column]
    return above, "".join(text + "\n" for text in lines[line : snapshot.cursor.line]) + last


def _suffix(snapshot: Snapshot) -> str:
    lines = str(snapshot.text).split("\n")
    rest = lines[snapshot.cursor.line][snapshot.cursor.column :]
    rest = "" if CLOSERS.issuperset(rest) else rest
    return "\n".join([rest, *lines[snapshot.cursor.line + 1 :]])[:SUFFIX].rstrip()


class CacheMachine(RuleBasedStateMachine):
    """A small document that is typed in, deleted from and completed at random."""

    @initialize(before=SHORT, after=SHORT)
    def begin(self, before: str, after: str) -> None:
        """Any small document."""
        self.cache, self.reference = CompletionCache(), Reference()
        self.before, self.after = before, after
        self.generated = ""

    def snapshot(self) -> Snapshot:
        """The document as it is."""
        lines = self.before.split("\n")
        cursor = Cursor(len(lines) - 1, len(lines[-1]))
        text = Text.of(self.before + self.after)
        return Snapshot("file:///a", "a", "python", 1, text, cursor)

    @rule(text=st.lists(ALPHABET, min_size=1, max_size=8).map("".join))
    def generate(self, text: str) -> None:
        """A model answers here."""
        self.cache.remember(self.snapshot(), Decoded(text))
        self.reference.remember(self.snapshot(), text)
        self.generated = text

    @rule(count=st.integers(1, 8))
    def type_through(self, count: int) -> None:
        """Accept a part of the last answer."""
        self.before += self.generated[:count]
        self.generated = self.generated[count:]

    @rule(text=SHORT)
    def type_else(self, text: str) -> None:
        """Type anything."""
        self.before += text
        self.generated = ""

    @rule(count=st.integers(1, 4))
    def backspace(self, count: int) -> None:
        """Go back."""
        self.before = self.before[:-count]

    @rule(text=SHORT)
    def edit_below(self, text: str) -> None:
        """Change what follows."""
        self.after = text

    @invariant()
    def agrees(self) -> None:
        """The cache finds one of the longest that the reference finds, and nothing else."""
        if not hasattr(self, "cache"):
            return
        decoded = self.cache.look_up(self.snapshot())
        rests = self.reference.look_up(self.snapshot())
        if decoded is not None:
            assert decoded.text in rests
        if len(self.reference.known) <= PER_PLACE:  # beyond that it may forget
            assert len(decoded.text if decoded else "") == max(map(len, rests), default=0)


TestCacheMachine = CacheMachine.TestCase
TestCacheMachine.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
