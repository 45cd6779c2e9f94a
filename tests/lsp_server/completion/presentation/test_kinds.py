"""What reports from the field showed, each with its whole kind: a table for every one."""

from __future__ import annotations

import math

import pytest

from lsp_server.completion.inflight import Decoded
from lsp_server.completion.presentation.constraints import TextConstraints, replaced_by
from lsp_server.completion.presentation.present import enough, present
from lsp_server.settings.model import SuggestionSettings
from tests.conftest import at
from tests.lsp_server.completion.presentation.test_present import LIKELY, decoded, tokens_of

SETTINGS = SuggestionSettings()


def line_with(language: str, marked: str, text: str) -> str:
    """What stands where the cursor was once the text for a whole answer is accepted."""
    snapshot = at(marked, language=language)
    shown = present(decoded(tokens_of(text)), TextConstraints.of(snapshot), SETTINGS)
    if not shown:
        return ""
    end = replaced_by(snapshot, shown)
    return snapshot.line_before + shown + snapshot.line_after[end:]


@pytest.mark.parametrize(
    ("language", "marked", "text", "line"),
    [
        ("python", "def get(‸)\n", "self):", "def get(self):"),
        ("python", "    def get(‸)\n",
         "self):\n        return 1\n", "    def get(self):\n        return 1"),
        ("java", "for (‸)\n",
         "int v : values) {\n    sum += v;\n}\n", "for (int v : values) {\n    sum += v;\n}"),
        ("python", "x = f(‸)\n", "a).b\ny = 1", "x = f(a).b"),
        ("python", "x = g(f(‸))\n", "a).b)\n", "x = g(f(a).b)"),
        ("python", "print('‸')\n", "a', b)\n", "print('a', b)"),
        ("python", "print('(‸')\n", "a)')\n", "print('(a)')"),
        ("python", "x = f'{‸}'\n", "a} b'\n", "x = f'{a} b'"),
        ("javascript", "it('‸', );\n", "adds", "it('adds', );"),
        ("javascript", "f(‸);\n", "a).then(b);\n", "f(a).then(b);"),
        ("javascript", "f(‸);\n", "() => {\n  a();\n});\n", "f(() => {\n  a();\n});"),
        ("javascript", "if (‸) {\n", "a === b) {\n  c();", "if (a === b) {"),
        ("javascript", "`${f(‸)}`\n", "a).b} c`;\n", "`${f(a).b} c`;"),
        ("rust", "let x: Vec<‸>\n", "u8> = vec![];\n", "let x: Vec<u8> = vec![];"),
        ("rust", "fn f<'a>(‸)\n",
         "x: &'a str) {\n    g();\n}\n", "fn f<'a>(x: &'a str) {\n    g();\n}"),
        ("html", '<a class="‸">\n', 'b" href="c">\n', '<a class="b" href="c">'),
        ("shellscript", "n=${‸}\n", "#a[@]}\n", "n=${#a[@]}"),
        ("ruby", '"#{h["‸"]}"\n', 'key"]}"\n', '"#{h["key"]}"'),
        # an opener that the text leaves open before closers
        ("python", "x = ['a', ‸]\n", "'b', 'c", "x = ['a', 'b',]"),
        ("python", "x = f(‸)\n", "a[", "x = f(a)"),
        ("python", "print(‸)\n", "a  # note", "print(a)"),
        # a closer of another kind, and one that stands further behind
        ("python", "x = [f(‸)]\n", "a]", "x = [f(a)]"),
        ("python", "f(‸, b)\n", "a)", "f(a, b)"),
        ("python", "# don't (‸)\n", "do this)", "# don't (do this)"),
    ],
)  # fmt: skip
def test_closers_behind_the_cursor_leave_a_whole_line(
    language: str, marked: str, text: str, line: str
) -> None:
    """A text that closes what the editor closed takes its place; others end before it."""
    assert line_with(language, marked, text) == line


@pytest.mark.parametrize(
    ("language", "marked", "text", "line"),
    [
        # text that the model meant to push down, also with the line's end as the last thing
        ("python", "    ‸def size(self):\n", "def pop(self):\n", ""),
        ("html", "  ‸<li>b</li>\n", "<li>a</li>\n  ", ""),
        ("python", "x = 1\n‸y = 2\n", "z = 3\n\n", ""),
        ("python", "return ‸value\n", "not ", "return not value"),
        ("python", "return ‸value\n", "self.", "return self.value"),
        # the beginning, the end, or the whole of the rest
        ("python", "return ‸self.items\n", "self", ""),
        ("python", "return ‸self.items\n", "items", ""),
        ("python", "return ‸self.items\n", "self.items", ""),
        ("python", "x = f(‸, b)\n", "a, b)\n", "x = f(a, b)"),
        ("python", "    ‸async def f():\n", "async ", ""),
        ("html", "<li>‸</li>\n", "Monday</li>\n<li>", "<li>Monday</li>"),
        # the middle of a word
        ("python", "self.read‸line()\n", "line", ""),
        ("javascript", "func‸tion add(a) {\n", " add", ""),
        ("python", "# 计算‸面积\n", "矩形的", "# 计算矩形的面积"),
    ],
)  # fmt: skip
def test_nothing_is_glued_before_text_or_said_again(
    language: str, marked: str, text: str, line: str
) -> None:
    """Before text only what belongs there; inside a word nothing."""
    assert line_with(language, marked, text) == line


def test_before_text_nothing_is_shown_until_the_model_has_ended() -> None:
    """The next token could be a line's end, which pushes the text down."""
    shape = TextConstraints.of(at("    ‸def size(self):\n"))
    growing = Decoded("def pop(self):", ((14, LIKELY),), ended=False, complete=False)
    assert present(growing, shape, SETTINGS) == ""
    assert enough("def pop(self):\n", [(15, LIKELY)], shape, SETTINGS)


SPACED = "def f():\n    return 1\n\n\n"
TABBED = "function f() {\n\tif (a) {\n\t\treturn 1;\n\t}\n}\n"


@pytest.mark.parametrize(
    ("language", "marked", "text", "shown"),
    [
        ("javascript", "/*\n * A.\n * B.\n * C.\n * D.\n * E.\n */\n"
         + TABBED + "function g() {‸\n}\n",
         "\n    return 1;", "\n\treturn 1;"),
        ("javascript", TABBED + "// a\n  // b\n  // c\n  // d\n  // e\nfunction g() {‸\n}\n",
         "\n    return 1;", "\n\treturn 1;"),
        ("python", SPACED + 'M = """\n\ta\n\tb\n\tc\n"""\n\n\ndef g():‸\n',
         "\n\treturn 1", "\n    return 1"),
        ("python", SPACED + "x = f(a,\n\t\t\tb,\n\t\t\tc)\n\n\ndef g():‸\n",
         "\n\treturn 1", "\n    return 1"),
        # levels, not columns
        ("javascript", TABBED + "function g() {‸\n}\n",
         "\n  if (a) {\n    b();\n  }", "\n\tif (a) {\n\t\tb();\n\t}"),
        ("python", "if a:\n  b()\nif c:\n  d()\nif e:‸\n", "\n\tf()", "\n  f()"),
        # the law of the language
        ("go", "func f() {‸\n}\n", "\n    return", "\n\treturn"),
        ("go", "/*\n * a\n */\nfunc f() {‸\n}\n", "\n    return", "\n\treturn"),
        ("makefile", "# all:\n#  * x\nall:‸\n", "\n    go build", "\n\tgo build"),
        ("makefile", "ifeq (a,b)\n  X = 1\n  Y = 2‸\nendif\n", "\n  Z = 3", "\n  Z = 3"),
        ("yaml", "a:‸\n", "\n\tb: 1", "\n    b: 1"),
        # what fits already, and where nobody has a say
        ("javascript", TABBED + "function g() {‸\n}\n", "\n\ta(b,\n\t  c);", "\n\ta(b,\n\t  c);"),
        ("python", "def f():‸\n", "\n\treturn 1", "\n\treturn 1"),
    ],
)  # fmt: skip
def test_indentation_is_of_the_kind_that_most_lines_of_code_have(
    language: str, marked: str, text: str, shown: str
) -> None:
    """Comments, strings and continued lines have no vote, and the language's law goes first."""
    answer = decoded(tokens_of(text))
    shape = TextConstraints.of(at(marked, language=language))
    assert present(answer, shape, SETTINGS) == shown


@pytest.mark.parametrize(
    ("language", "marked", "text"),
    [
        ("ruby", '"Hello, ‸"\n', "#{name}!"),
        ("ruby", 'x = <<~A\n  b\n"‸"\n', "#{name}"),
        ("elixir", 'IO.puts("Hello, ‸")\n', "#{name}"),
        ("javascript", "const a = 'https:‸';\n", "//api.example.com"),
        ("javascript", "const a = `https:‸`;\n", "//api.example.com"),
        ("scss", "a { background: url(http:‸); }\n", "//a.b/c"),
        ("shellscript", "color=‸\n", "#ffffff"),
        ("shellscript", "n=${‸}\n", "#files[@]"),
        ("vim", "echo ‸\n", '"hello there"'),
        ("python", '"""\n‸\n"""\n', "# A heading"),
        ("python", "s = '‸'\n", "#tag"),
        ("php", "$a = '‸';\n", "//cdn.a.b"),
    ],
)  # fmt: skip
def test_what_looks_like_a_comment_in_a_string_is_none(
    language: str, marked: str, text: str
) -> None:
    """Interpolation, addresses, colours and Vim's quotes are shown."""
    assert text in line_with(language, marked, text)


@pytest.mark.parametrize(
    ("language", "marked", "text"),
    [
        ("ruby", "x = 1\n‸\n", "# a note"),
        ("php", "$x = 1;\n‸\n", "# a note"),
        ("vim", "let x = 1\n‸\n", '" a note'),
        ("python", "x = 'a' ‸\n", " # a note"),
        ("clojure", "(f x)\n‸\n", "; a note"),
    ],
)
def test_a_comment_in_code_is_still_one(language: str, marked: str, text: str) -> None:
    """A text that is only a comment is not shown where nobody writes one."""
    assert line_with(language, marked, text) == ""


@pytest.mark.parametrize(
    ("language", "marked", "text", "shown"),
    [
        ("ruby", "  def a\n    b\n  ‸\nend\n", "end", "end"),
        ("ruby", "  def a\n    b\n‸\nend\n", "end", ""),
        ("html", "<div>\n  <div>\n    a\n  ‸\n</div>\n", "</div>", "</div>"),
        ("html", "<div>\n<div>\na\n‸\n</div>\n", "</div>", "</div>"),
        ("html", "<div>\na\n‸\n</div>\n", "</div>", ""),
        ("c", "#ifdef A\n#ifdef B\nint b;\n‸\n#endif\n", "#endif", "#endif"),
        ("c", "#ifdef A\nint b;\n‸\n#endif\n", "#endif", ""),
        ("shellscript", "if a; then\n  if b; then\n    c\n  ‸\nfi\n", "fi", "fi"),
        ("lua", "  if a then\n    b()\n  ‸\nend)\n", "end)", "end)"),
    ],
)
def test_a_closing_word_of_another_depth_is_no_repetition(
    language: str, marked: str, text: str, shown: str
) -> None:
    """Nested blocks end with equal lines."""
    shape = TextConstraints.of(at(marked, language=language))
    assert present(decoded(tokens_of(text)), shape, SETTINGS) == shown


@pytest.mark.parametrize(
    ("language", "marked", "text", "shown"),
    [
        ("toml", 'a = "b"\n‸\nc = "d"\nversion = "1"\n', 'version = "1"', ""),
        ("toml", '‸\n[tool]\nversion = "1"\n', 'version = "1"', 'version = "1"'),
        ("json", '{\n  ‸\n  "a": 1,\n  "b": 2,\n  "module": "x"\n}\n', '"module": "y",', ""),
        ("python", "    ‸\n\n    # takes an item out\n    def remove(self):\n        pass\n",
         "def remove(self):\n        return 1", ""),
        ("javascript", "‸\nfoo();\nbar(1);\n", "baz();\nbar(1)", "baz();"),
        # another block is another matter
        ("python", "if a:\n    ‸\nelse:\n    return None\n", "return None", "return None"),
        ("python", "‸\na()\nif b:\n    return None\n", "return None", "return None"),
    ],
)  # fmt: skip
def test_a_line_that_stands_a_few_lines_below_is_a_repetition(
    language: str, marked: str, text: str, shown: str
) -> None:
    """Two or three lines below, in the same block."""
    shape = TextConstraints.of(at(marked, language=language))
    assert present(decoded(tokens_of(text)), shape, SETTINGS) == shown


@pytest.mark.parametrize(
    ("pieces", "probability", "shown"),
    [
        (["'", "Sunday", "']\n\n"], 0.6, "'Sunday'"),
        (["'", "Sunday", "']\n\n"], 0.2, ""),
        (["'", "Sunday", "']"], 0.6, ""),
    ],
)
def test_closers_that_are_one_token_with_the_line_end_bear_half_its_doubt(
    pieces: list[str], probability: float, shown: str
) -> None:
    """What follows closers is many things; that the closers come is surer than each of them."""
    answer = decoded(pieces, log_probs=[LIKELY, LIKELY, math.log(probability)])
    assert present(answer, TextConstraints.of(at("x = ['Monday', ‸]\n")), SETTINGS) == shown


@pytest.mark.parametrize(
    ("marked", "text", "shown"),
    [
        ("f(user='ada', ‸\n", "password='************')", "password="),
        ("PASSWORD = ‸\n", '"************"', ""),
        ("url = ‸\n", '"postgres://me:*******@host"', ""),
        ("password: ‸\n", "********", ""),
        ("x = 2 ‸\n", "** 3", "** 3"),
        ("/‸\n", "*********/", "*********/"),
    ],
)
def test_a_mask_is_never_shown(marked: str, text: str, shown: str) -> None:
    """A row of stars where a value belongs ends the text."""
    assert present(decoded(tokens_of(text)), TextConstraints.of(at(marked)), SETTINGS) == shown


@pytest.mark.parametrize(
    ("text", "keys"), [("面积", 6), ("名", 3), ("の値", 6), ("값", 3), ("abc", 3), ("é", 1)]
)
def test_wide_characters_count_as_the_keys_they_take(text: str, keys: int) -> None:
    """Two of them are a word that is worth a look."""
    assert TextConstraints.of(at("# ‸\n")).new_keys(text) == keys


def test_a_word_without_blanks_is_cut_between_its_characters() -> None:
    """What comes before an unlikely character stays."""
    answer = decoded(["矩", "形", "的"], log_probs=[LIKELY, LIKELY, math.log(0.1)])
    assert present(answer, TextConstraints.of(at("# 计算‸\n")), SETTINGS) == "矩形"


@pytest.mark.parametrize("line", ["x = 'https:", 'print("Hello:', "a  # why:  (", "s = '("])
def test_a_string_or_a_comment_opens_no_block(line: str) -> None:
    """What follows such a line is not taken for its block."""
    shape = TextConstraints.of(at(f"{line}‸\n"))
    assert shape.floor == (1 if line.startswith("print(") else 0)
