"""The next edit: what is offered, where, and what never is."""

from __future__ import annotations

import pytest

from context.next_edit.due import EditKind
from context.next_edit.predict import OpenFile
from context.next_edit.scorecard import shipped
from context.text import Text
from tests.context.next_edit.typing_user import TypingUser

PYTHON = '''\
def total(prices, rate):
    """Sum of prices."""
    return sum(prices) * rate


first = total(lunch, rate)
print("total of lunch")
second = total(dinner, rate)
third = total(drinks, rate)
'''


def test_a_repeated_change_is_offered_where_it_is_due_next() -> None:
    """After two calls got an argument, the third is offered with its own first argument."""
    user = TypingUser("python", PYTHON, shipped())
    user.changes("total(lunch, rate)", "total(lunch, rate, tip)")
    user.changes("total(dinner, rate)", "total(dinner, rate, tip)")
    found = user.asks()
    assert found is not None
    assert (found.line, found.old, found.new) == (
        8,
        ("third = total(drinks, rate)",),
        ("third = total(drinks, rate, tip)",),
    )
    assert found.confidence >= shipped().threshold
    assert found.reason


def test_a_rename_leaves_strings_alone() -> None:
    """A renamed name is carried on in code, not into a string that has the same word."""
    user = TypingUser("python", 'total = 1\nprint("total of it")\nx = total\n')
    user.changes("total = 1", "amount = 1")
    found = user.asks()
    assert found is not None
    assert (found.kind, found.old, found.new) == (EditKind.RENAME, ("x = total",), ("x = amount",))


def test_the_same_lines_are_taken_out_again() -> None:
    """A deleted line is offered for deletion where it stands again."""
    user = TypingUser("python", "a = 1\nlog(state)\nb = 2\nc = 3\nlog(state)\nd = 4\n")
    user.changes("log(state)\nb", "b")
    found = user.asks()
    assert found is not None
    assert (found.kind, found.line, found.old, found.new) == (
        EditKind.DELETION, 3, ("log(state)",), (),
    )  # fmt: skip


def test_the_same_lines_are_put_in_beside_an_equal_line() -> None:
    """Inserted lines are offered under the next line that is like the one above them."""
    source = "def a():\n    start(job)\n    run()\n\n\ndef b():\n    start(job)\n    rest()\n"
    user = TypingUser("python", source)
    user.changes("    run()", "    check(job)\n    run()")
    found = user.asks()
    assert found is not None
    assert (found.kind, found.line, found.new) == (EditKind.INSERTION, 8, ("    check(job)",))


def test_a_parameter_is_passed_where_its_name_is_known() -> None:
    """A call gets the new argument only in a function that has such a name."""
    source = (
        "def load(path):\n    pass\n\n\ndef one(ctx):\n    load(a)\n\n\ndef two():\n    load(b)\n"
    )
    user = TypingUser("python", source)
    user.changes("def load(path)", "def load(path, ctx)")
    found = user.asks()
    assert found is not None
    assert (found.kind, found.new) == (EditKind.PARAMETER, ("    load(a, ctx)",))
    assert found.reason == "load() got a parameter"


def test_a_parameter_that_went_is_no_longer_passed() -> None:
    """A call loses the argument in the place of the parameter that was taken out."""
    user = TypingUser("go", "package a\n\nfunc f(a int, b int) {}\n\nfunc g() {\n\tf(1, h(2))\n}\n")
    user.changes("f(a int, b int)", "f(b int)")
    found = user.asks()
    assert found is not None
    assert (found.kind, found.new) == (EditKind.PARAMETER, ("\tf(h(2))",))


def test_a_parameter_with_a_default_needs_no_argument() -> None:
    """Calls stay as they are when the new parameter has a default."""
    user = TypingUser("python", "def f(a):\n    pass\n\n\ndef g(ctx):\n    f(1)\n")
    user.changes("def f(a)", "def f(a, ctx=None)")
    assert user.asks() is None


def test_a_field_is_added_to_the_parallel_list() -> None:
    """A row put in under another is offered under the rows that name that other."""
    source = (
        "class A:\n    width: int\n\n    def f(self):\n        self.put(width)\n        done()\n"
    )
    user = TypingUser("python", source)
    user.changes("    width: int\n", "    width: int\n    height: int\n")
    found = user.asks()
    assert found is not None
    assert (found.kind, found.line, found.new) == (
        EditKind.PARALLEL, 6, ("        self.put(height)",),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("language", "source", "statement", "line", "new"),
    [
        ("python", "import os\n\nx = 1\n", "from tools import Hammer", 1,
         ("from tools import Hammer",)),
        ("python", "from tools import Axe, Saw\n\nx = 1\n", "from tools import Hammer", 0,
         ("from tools import Axe, Hammer, Saw",)),
        ("typescript", "import { Axe } from './t';\n\nx = 1\n", "import { Hammer } from './t';", 0,
         ("import { Axe, Hammer } from './t';",)),
        ("java", "import a.A;\nimport z.Z;\n\nx = 1;\n", "import b.Hammer;", 1,
         ("import b.Hammer;",)),
    ],
)  # fmt: skip
def test_a_name_just_typed_gets_its_import(
    language: str, source: str, statement: str, line: int, new: tuple[str, ...]
) -> None:
    """The one known import goes where its like stand, or joins the names of its module."""
    user = TypingUser(language, source, shipped())
    user.changes("x = 1", "x = Hammer(1)")
    found = user.asks(lookup=lambda name: [statement] if name == "Hammer" else [])
    assert found is not None
    assert (found.kind, found.line, found.new) == (EditKind.IMPORT, line, new)


@pytest.mark.parametrize("statements", [[], ["from a import Hammer", "from b import Hammer"]])
def test_a_name_of_none_or_several_places_is_not_imported(statements: list[str]) -> None:
    """Only a name that exactly one import brings is offered."""
    user = TypingUser("python", "import os\n\nx = 1\n", shipped())
    user.changes("x = 1", "x = Hammer(1)")
    assert user.asks(lookup=lambda _: statements) is None


def test_a_change_goes_on_in_another_open_file() -> None:
    """With nothing left here, the same change is offered in another file of the language."""
    user = TypingUser("python", "a = fetch(url)\nb = fetch(url)\n")
    user.changes("a = fetch(url)", "a = fetch(url, timeout)")
    user.changes("b = fetch(url)", "b = fetch(url, timeout)")
    other = OpenFile("file:///other", "python", Text.of("c = fetch(url)\n"))
    ruby = OpenFile("file:///ruby", "ruby", Text.of("c = fetch(url)\n"))
    found = user.asks(ruby, other)
    assert found is not None
    assert (found.uri, found.new) == ("file:///other", ("c = fetch(url, timeout)",))


def test_an_undone_change_is_not_offered_elsewhere() -> None:
    """Who takes a change back does not want it at the next place."""
    user = TypingUser("python", "a = old(1)\nx = 0\nb = old(2)\n")
    user.changes("a = old(1)", "a = new(1)")
    assert user.asks() is not None
    user.changes("a = new(1)", "a = old(1)", after_s=2)
    assert user.asks() is None


def test_what_was_just_done_is_not_reverted() -> None:
    """After b became a, the older change from a to b is no longer carried on."""
    user = TypingUser("python", "x = a\ny = 0\nz = b\nw = 0\nu = a\n")
    user.changes("x = a", "x = b")
    user.changes("z = b", "z = a")
    found = user.asks()
    assert found is None or "b" not in found.new[0]


def test_the_line_of_the_cursor_is_not_touched() -> None:
    """A place is not offered while the cursor is in its line."""
    user = TypingUser("python", "a = old(1)\nx = 0\nb = old(1)\n")
    user.changes("a = old(1)", "a = new(1)")
    user.line = 2
    assert user.asks() is None


def test_an_edit_that_breaks_the_code_is_not_offered() -> None:
    """An opening bracket taken out of two lines is not taken out of one that needs it."""
    source = "a = (one)\nx = 0\nb = (one)\n"
    user = TypingUser("python", source)
    user.changes("a = (one)", "a = one)")
    assert user.asks() is None


def test_a_dismissed_edit_does_not_come_back() -> None:
    """After the user waves an edit away, it is not offered again."""
    user = TypingUser("python", "a = old(1)\nx = 0\nb = old(1)\n")
    user.changes("a = old(1)", "a = new(1)")
    found = user.asks()
    assert found is not None
    user.edits.dismiss(found, user.text)
    assert user.asks() is None


def test_an_ignored_edit_is_not_repeated() -> None:
    """When the user goes on with something else, the offer is not made again."""
    user = TypingUser("python", "a = old(1)\nx = 0\nb = old(1)\ny = 0\nz = 7\n")
    user.changes("a = old(1)", "a = new(1)")
    offered = user.asks()
    assert offered is not None
    assert user.asks() == offered
    user.changes("x = 0", "x = 'else'")
    assert user.asks() is None


def test_places_that_were_passed_over_are_left_alone() -> None:
    """Whoever changes the first and the third of three like lines means to keep the second."""
    source = "a = old(1)\n#\nb = old(2)\n#\nc = old(3)\n#\nd = old(4)\n"
    user = TypingUser("python", source)
    user.changes("a = old(1)", "a = new(1)")
    user.changes("c = old(3)", "c = new(3)")
    assert user.asks() is None


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_the_edit_keeps_the_line_endings(ending: str) -> None:
    """A prediction applied to a file leaves every line with the ending of the file."""
    lines = ["\ta = put😀(1)", "x = 0", "\tb = put😀(1)", "y = 0"]
    user = TypingUser("plaintext", ending.join([*lines, ""]))
    user.changes("a = put😀(1)", "a = put😀(old, 1)")
    found = user.asks()
    assert found is not None
    assert str(found.applied(user.text)) == ending.join(
        ["\ta = put😀(old, 1)", "x = 0", "\tb = put😀(old, 1)", "y = 0", ""]
    )


def test_the_last_line_without_ending_is_changed_and_taken_out() -> None:
    """An edit of a last line without ending adds none, and its deletion leaves no empty line."""
    user = TypingUser("python", "a = old(1)\nx = 0\nb = old(1)")
    user.changes("a = old(1)", "a = new(1)")
    found = user.asks()
    assert found is not None
    assert str(found.applied(user.text)) == "a = new(1)\nx = 0\nb = new(1)"
    user = TypingUser("python", "drop(it)\nx = 0\ny = 0\ndrop(it)")
    user.changes("drop(it)\n", "")
    found = user.asks()
    assert found is not None
    assert str(found.applied(user.text)) == "x = 0\ny = 0"


def test_a_formatted_file_gives_no_next_edit() -> None:
    """What a formatter did to many lines is not carried on."""
    lines = [f"a{number} = call( {number} )" for number in range(30)]
    user = TypingUser("python", "\n".join(lines))
    user.becomes("\n".join(line.replace("( ", "(").replace(" )", ")") for line in lines[:20])
                 + "\n" + "\n".join(lines[20:]))  # fmt: skip
    assert user.asks() is None


def test_a_file_of_50000_lines_is_served_near_the_cursor() -> None:
    """In a huge file a change is carried to the lines around it."""
    lines = [f"row_{number} = make({number})" for number in range(50_000)]
    lines[25_000] = lines[25_010] = "x = old_name(value)"
    user = TypingUser("python", "\n".join(lines))
    user.changes("x = old_name(value)", "x = new_name(value)")
    found = user.asks()
    assert found is not None
    assert (found.line, found.new) == (25_010, ("x = new_name(value)",))
