"""From decoded text to shown text: a table of cases, and growth that never flickers."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lsp_server.completion.inflight import Decoded
from lsp_server.completion.presentation.confidence import least_log_prob, likely_right
from lsp_server.completion.presentation.constraints import TextConstraints
from lsp_server.completion.presentation.present import enough, present
from lsp_server.settings.model import SuggestionSettings
from tests.conftest import at

SETTINGS = SuggestionSettings()
LIKELY, UNLIKELY = math.log(0.99), math.log(0.2)
PIECES = re.compile(r"\n[ \t]*| ?\w+|[ \t]+|[^\w\s]")
"""Tokens cut roughly as models do: a word with the blank before it, a line end with its indent."""


def tokens_of(text: str) -> list[str]:
    """The text in pieces like those of a model's tokenizer."""
    return PIECES.findall(text)


def decoded(
    pieces: list[str],
    *,
    log_probs: list[float] | None = None,
    ended: bool = True,
    complete: bool = True,
) -> Decoded:
    """What a flight would hand on after these tokens."""
    marks, end = [], 0
    for number, piece in enumerate(pieces):
        end += len(piece)
        marks.append((end, log_probs[number] if log_probs else LIKELY))
    return Decoded("".join(pieces), tuple(marks), ended, complete)


def shown(marked: str, text: str, **changes: int) -> str:
    """What is presented for a whole answer at the cursor of a marked text."""
    settings = SuggestionSettings(**changes) if changes else SETTINGS  # type: ignore[arg-type]  # whole numbers are fine for all of them
    return present(decoded(tokens_of(text)), TextConstraints.of(at(marked)), settings)


@pytest.mark.parametrize(
    ("marked", "text", "expected"),
    [
        # mid-line: one line, never more
        ("x = ‸ + 1\n", "a\nb = 2", "a"),
        ("x = ‸ + 1\n", "\na", ""),
        ("if ‸ == b:\n", "a", "a"),
        # the rest of the line is not repeated
        ("foo(‸, b)\n", "a, b)", "a"),
        ("x = ‸ + y\n", "a + y", "a"),
        ("return ‸;  // done\n", "a;  // done", "a"),
        # a block at the end of a line ends at a dedent
        ("def f():\n    ‸\n", "a = 1\n    return a\n\ndef g():", "a = 1\n    return a"),
        ("def f():\n    ‸\n", "return 1\nprint(f())", "return 1"),
        ("  def f():‸\n", "\n    return 1\n  def g():", "\n    return 1"),
        ("  def f():‸\n", "\n    return 1\ndef g():", "\n    return 1"),
        ("def f():  # why‸\n", "\n    return 1\ndef g():", "\n    return 1"),
        ("for x in y:‸\n", "\n    print(x)\n\nfoo()", "\n    print(x)"),
        ("    a‸\n", " = 1\n  )\nb", " = 1\n  )"),
        ("\tif x {‸\n", "\n\t\treturn\n\t}\n}", "\n\t\treturn\n\t}"),
        ("f = g(‸\n", "\n    a,\n)", "\n    a,\n)"),
        # lines that are there already
        ("a = 1\n‸\nb = 2\n", "c = 3\nb = 2\nd", "c = 3"),
        ("‸\nb = 2\n", "b = 2", ""),
        ("‸\n\n\n    b = 2\n", "a\nb = 2", "a"),
        ("a = 1‸\nb = 2\n", "\nb = 2\nc = 3", ""),
        ("‸\nb = 2\nc = 3\n", "b = 2\nc = 3", ""),
        ("    ‸\n    b = 2\n    c = 3\n", "b = 2\n    c = 3", ""),
        ("    .‸\n    .build()\n", "build()\n    .run()", ""),
        ("if a {\n    if b {\n        c()\n    ‸\n}\n", "}", "}"),
        ("a = 1\r\n‸\r\nb = 2\r\n", "c = 3\nb = 2\nd", "c = 3"),
        # a loop of the model
        ("‸\n", "x = 1\nx = 1\nx = 1", "x = 1"),
        ("if a:‸\n", "\n    x = 1\n    y = 2\n    x = 1\n    y = 2", "\n    x = 1\n    y = 2"),
        ("x = [‸\n", "foo(bar, foo(bar, foo(bar, foo(", "foo(bar,"),
        ("‸\n", "a()\nb()\nc()\na()\nd()", "a()\nb()\nc()\na()\nd()"),
        ("x = [‸]\n", "100, 100, 100, 100, 100, 100, 100", "100, 100, 100, 100, 100, 100, 100"),
        # a block is shown as far as its lines are likely
        ("‸\n", "a = 1\nb = 2", "a = 1\nb = 2"),
        ("a = 1‸\n", "\nb = 2\nc = 3", "\nb = 2\nc = 3"),
        ("‸\n", "if a:\n    b()\n    c()\nd()", "if a:\n    b()\n    c()\nd()"),
        ("    ‸\n", "for (;;) {\n        b();\n    }\n}\nc();",
         "for (;;) {\n        b();\n    }\n}"),
        ("\tx = f‸\n", "(go,\n\t\tstop)\ny = 1", "(go,\n\t\tstop)"),
        ("x = f(a, ‸\n", "b)\ny = 1", "b)"),
        ("x = f(a, ‸\n", "b,\n      c)\ny = 1", "b,\n      c)"),
        # a brace that closes the block, unless it stands there or the block goes on
        ("if (a) {\n    ‸\n", "b();\n}\nc();", "b();\n}"),
        ("if (a) {\n    ‸\n}\n", "b();\n}\nc();", "b();"),
        ("if (a) {\n    ‸\n", "b();\n} else {\n    c();\n}", "b();"),
        ("if (a) {\n    ‸\n    c();\n}\n", "b();\n}\nc();", "b();"),
        ("if (a) {\n    ‸\n}\n", "if (b) {\n        c();\n    }\n    d();",
         "if (b) {\n        c();\n    }\n    d();"),
        # indentation: what is typed is not doubled, and the document's own kind is used
        ("a = 1\n    ‸\n", "    b", "    b"),
        ("    a = 1\n    ‸\n", "    b = 2", "b = 2"),
        ("if a:\n    ‸\n", "    b = 2", "b = 2"),
        ("a = ‸\n", " b", "b"),
        ("if a:\nb = ‸\n", " 1", "1"),
        ("\ta = 1\n‸\n", "    b = 2", "\tb = 2"),
        ("\ta = 1\n\tif a:‸\n", "\n        b()", "\n\t\tb()"),
        ("    a = 1\n    if a:‸\n", "\n\t\tb()", "\n        b()"),
        # closers behind the cursor, as editors insert them
        ("print(‸)\n", "a)", "a"),
        ("print(‸)\n", "f(x)", "f(x)"),
        ("print(‸)\n", "f(x))", "f(x)"),
        ("print(‸)\r\n", "f(x))", "f(x)"),
        ("g(h(‸))\n", "f(x)))", "f(x)"),
        ("g(h(‸))\n", "f(x))", "f(x)"),
        ("a[‸]\n", "b[0]]", "b[0]"),
        ('print("‸")\n', 'hello")', "hello"),
        ('print("‸")\n', 'hello", "you")', 'hello", "you")'),
        ('x = "‸"\n', 'say \\"hi\\"', 'say \\"hi\\"'),
        ("d = {‸}\n", "'a': {}}", "'a': {}"),
        ("let x = ‸;\n", "5;", "5"),
        ("f(‸);\n", "a);", "a"),
        ('"""‸"""\n', 'Words."""', "Words."),
        ("print(‸)\n", "a\nb", "a"),
        # a comment only where comments are being written
        ("x = 1\n‸\n", "# note", ""),
        ("x = 1\n‸\n", "# note\ny = 2", "# note\ny = 2"),
        ("x = 1  # ‸\n", "note", "note"),
        ("# first\n‸\n", "# second", "# second"),
        # no secret comes from a model
        ("‸\n", 'password = "hunter2hunter2"', ""),
        ('password = "‸"\n', "hunter2hunter2", ""),
        ('f(password="hunter2hunter2", ‸\n', "user=me)", "user=me)"),
        # what no source text has
        ("‸\n", "a = 1\x1b[31m", "a = 1"),
        # blanks
        ("‸\n", "   ", ""),
        ("‸\n", "\n\n", ""),
        ("‸\n", "", ""),
        ("x‸\n", " = 1   ", " = 1"),
        ("x‸\n", " = 1\n\n\n", " = 1"),
        ("‸\n", "a = 1\n\nb = 2", "a = 1"),
        # beyond ASCII
        ("x = '‸'\n", "🙂 é漢'", "🙂 é漢"),
        ("‸\n", "名前 = 1", "名前 = 1"),
    ],
)  # fmt: skip
def test_whole_answers(marked: str, text: str, expected: str) -> None:
    """What is shown for a whole answer."""
    assert shown(marked, text) == expected


def test_no_more_lines_than_the_setting_allows() -> None:
    """Blank lines do not count, text lines do."""
    text = "".join(f"\n    x{number} = {number}" for number in range(20))
    assert shown("def f():‸\n", text, max_lines=3) == text.split("\n    x3", maxsplit=1)[0]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (["a", " =", " foo", "(", "b"], "a = foo("),
        (["a", " =", " foo"], "a ="),
        (["foo"], ""),
        (["foo", "."], "foo."),
        (["a", "\n    ", "b", " +"], "a"),
        (["if", ":", "\n    ", "b", " +", "\n"], "if:\n    b +"),
        (["a", "\n    ", "b"], "a"),
        (["名", "前"], "名前"),
    ],
)
def test_a_growing_answer_ends_at_a_word_border(pieces: list[str], expected: str) -> None:
    """A last word that the next token could make longer is held back."""
    for complete in (False, True):
        growing = decoded(pieces, ended=complete, complete=False)
        assert present(growing, TextConstraints.of(at("‸\n")), SETTINGS) == expected


@pytest.mark.parametrize(
    ("pieces", "unlikely", "expected"),
    [
        (["a", " =", " b", " +", " c"], 4, "a = b +"),
        (["a", ".", "b"], 1, "a"),
        (["foo", "bar", " ="], 1, ""),  # a cut inside a word goes back to its beginning
        (["x ", "foo", "bar", "()"], 2, "x"),
        (["a"], 0, ""),
        (["a", "\n", "b", "\n", "c"], 2, "a"),
        (["a", "\n", "b", " =", " c"], 4, "a"),  # a further line is shown whole or not at all
        (["a", "\n", "b"], 1, "a"),
    ],
)
def test_an_answer_is_cut_where_confidence_ends(
    pieces: list[str], unlikely: int, expected: str
) -> None:
    """Nothing from the first improbable token on is shown."""
    log_probs = [LIKELY] * len(pieces)
    log_probs[unlikely] = UNLIKELY
    answer = decoded(pieces, log_probs=log_probs)
    assert present(answer, TextConstraints.of(at("‸\n")), SETTINGS) == expected


def test_each_line_is_judged_by_itself() -> None:
    """A long answer of good lines is not punished for its length."""
    pieces = tokens_of("".join(f"\n    x{number} = 1" for number in range(6)))
    log_probs = [math.log(0.95)] * len(pieces)
    assert sum(log_probs) < least_log_prob(SETTINGS.eagerness)
    answer = present(
        decoded(pieces, log_probs=log_probs), TextConstraints.of(at("def f():‸\n")), SETTINGS
    )
    assert answer == "".join(pieces)


@pytest.mark.parametrize(
    ("marked", "text", "over"),
    [
        ("x = ‸ + 1\n", "a", False),
        ("x = ‸ + 1\n", "a\n", True),
        ("f(‸)\n", "a", False),
        ("f(‸)\n", "a)\n", True),
        ("def f():‸\n", "\n    a = 1\n", False),
        ("def f():‸\n", "\n    a = 1\n    b", False),
        ("def f():\n    ‸\n", "a = 1\nb", True),
        ("def f():\n    ‸\n", "a = 1\n\n", True),
        ("‸\nb = 2\n", "a = 1\nb = 2\nc", True),
        ("‸\nb = 2\n", "b = 2\n", True),
        ("if (a) {\n    ‸\n", "b();\n}", False),
        ("x = [‸\n", "foo(bar, foo(bar, foo(bar, ", True),
    ],
)
def test_decoding_ends_when_nothing_more_would_be_shown(marked: str, text: str, over: bool) -> None:
    """`enough` says so as soon as it can be known."""
    answer = decoded(tokens_of(text))
    assert enough(answer.text, answer.marks, TextConstraints.of(at(marked)), SETTINGS) is over


@pytest.mark.parametrize(
    ("text", "over"),
    [("if", False), ("if a:", False), ("if a:\n    ", True), ("if a:\n    b", True)],
)
def test_the_last_line_that_may_be_shown_is_decoded_to_its_end(text: str, over: bool) -> None:
    """A limit of lines does not end a line in its middle."""
    answer = decoded(tokens_of(text))
    settings = SuggestionSettings(max_lines=1)
    assert enough(answer.text, answer.marks, TextConstraints.of(at("‸\n")), settings) is over


def test_decoding_ends_when_the_line_became_improbable() -> None:
    """Tokens that will never be shown are not decoded."""
    answer = decoded(["a", " b"], log_probs=[LIKELY, math.log(0.1)])
    assert enough(answer.text, answer.marks, TextConstraints.of(at("‸\n")), SETTINGS)


def test_eagerness_is_the_share_of_errors_that_is_borne() -> None:
    """At 0.3 seven of ten shown texts are right; at 1 everything is shown, at 0 only the sure."""
    assert likely_right(least_log_prob(0.3)) == pytest.approx(0.7)
    assert shown("‸\n", "a = 1", eagerness=1) == "a = 1"
    assert shown("‸\n", "a = 1", eagerness=0) == ""


@pytest.mark.parametrize(("probability", "expected"), [(0.65, "return"), (0.55, "")])
def test_a_model_is_trusted_a_little_less_than_it_says(probability: float, expected: str) -> None:
    """At an eagerness of a half, a probability of 0.55 is right in fewer than half of all cases."""
    answer = decoded(["return"], log_probs=[math.log(probability)])
    assert (
        present(answer, TextConstraints.of(at("‸\n")), SuggestionSettings(eagerness=0.5))
        == expected
    )


PLACES = st.sampled_from(
    ["‸\n", "x = ‸ + y)\n", "print(‸)\n", 'print("‸")\n', "f(g(‸))\n", "a[‸]\n", "f(‸);\n",
     "def f():\n    ‸\n", "def f():‸\n\n\nreturn x\n", "    ‸\n    return x + y\n", '"""‸"""\n',
     "‸\nself.a = a\n", "{‸}\n", "foo(‸, b)\n"]
)  # fmt: skip
WORDS = st.sampled_from(
    ["return", " return", " x", " +", " y", "x", "(", ")", "[", "]", '"', "'", ",", ";", ".", ":",
     " =", "\n", "\n    ", "\n        ", "\n\n", "self", ".a", " a", " b", "ab", "_c", "{", "}",
     "))", '")', ");", "名", "🙂", " "]
)  # fmt: skip


@pytest.mark.parametrize(
    ("marked", "pieces"),
    [
        ("x = ‸ + y)\n", ["x", " +", " y", ")"]),
        ("‸\nself.a = a\n", ["self", ".", "a", " =", " a", "\n"]),
        ("    ‸\n    return x\n", ["a", "()", "\n    ", "return", " x", "\n", "b"]),
        ("‸\n", ["x", " =", " 1", "\n", "x", " =", " 1", "\n"]),
        ('"""‸"""\n', ["Words", ".", '"', '"', '"']),
        ("f(g(‸))\n", ["h", "(", "x", ")", "))"]),
        ("‸\n", ["foo", " bar", "("]),
        ("    .‸\n    .build()\n", ["build", "(", ")", "\n"]),
        ("def f():‸\nreturn x\n", ["return", " x"]),
        ('"""‸"""\n', ["a", '"', "b", '"', '"']),
    ],
)
def test_growing_towards_a_repetition_takes_nothing_back(marked: str, pieces: list[str]) -> None:
    """What may turn out to stand there already is held back until it is known."""
    shape, before = TextConstraints.of(at(marked)), ""
    for count in range(len(pieces) + 1):
        growing = decoded(pieces[:count], ended=False, complete=False)
        now = present(growing, shape, SETTINGS)
        assert now.startswith(before)
        before = now
    assert present(decoded(pieces), shape, SETTINGS).startswith(before)


@example(marked="‸\n", steps=[("return", 0.99), ("return", 0.2), (" return", 0.99)])
@settings(max_examples=500, deadline=None)
@given(
    marked=PLACES,
    steps=st.lists(st.tuples(WORDS, st.sampled_from([0.99, 0.99, 0.95, 0.8, 0.2])), max_size=14),
)
def test_a_longer_answer_always_extends_a_shorter_one(
    marked: str, steps: list[tuple[str, float]]
) -> None:
    """While tokens are added one by one, and at the end, nothing shown is ever taken back."""
    shape = TextConstraints.of(at(marked))
    pieces = [piece for piece, _ in steps]
    log_probs = [math.log(probability) for _, probability in steps]
    before = ""
    for count in range(len(steps) + 1):
        growing = decoded(pieces[:count], log_probs=log_probs[:count], ended=False, complete=False)
        now = present(growing, shape, SETTINGS)
        assert now.startswith(before), (before, now, pieces[:count])
        whole = present(decoded(pieces[:count], log_probs=log_probs[:count]), shape, SETTINGS)
        assert whole.startswith(now), (now, whole, pieces[:count])
        before = now
