"""Whatever stands in files and project files: candidates or none, never an exception."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from context.access.files import BROKEN_CONFIG, Files, SourceFile
from context.candidate import Candidate
from context.languages import language_of
from context.sources import imports, libraries, siblings
from context.sources.outline_pieces import MAX_CHARS
from context.syntax.trees import MAX_BYTES, parse
from tests.context.sources.tree import Tree

if TYPE_CHECKING:
    from context.memo import Memo
    from tests.context.sources.tree import Look

Gather: TypeAlias = Callable[[SourceFile, int, Files], list[Candidate]]
SOURCES: tuple[Gather, ...] = (imports.gather, libraries.gather, siblings.gather)
ENDINGS = ("py", "pyi", "ts", "tsx", "js", "jsx", "go", "java", "rs", "c", "h", "cpp", "hpp", "txt")

_LINES = [
    "",
    "import a.b as c",
    "from .a import (b, c as d",
    "from . import *",
    "import { x, type Y as z } from './a'",
    "export * from './a'; export { q as default }",
    "import static a.b.C.d;",
    "use crate::{a::{self, b::*}, super::c as d};",
    "#include <a/b.h>",
    "#define X(a) a \\",
    "class A<T> extends B { constructor(private a: string) { }",
    "    return self.a.b.c(",
    "'''",
    "/** doc {",
    "\u2028 � é 😀 \x00 \x0c",
    "}])]>;",
    "",
]

WORKSPACES: dict[str, dict[str, str]] = {
    "m/main.py": {
        "m/main.py": """import m.a as a
from m import Store, b
from .a import *
from rich import Table
class Own(Store):
    def f(self):
        x = Store(a.get(b.y))
        Table(x.)
""",
        "m/__init__.py": "from .a import Store\nfrom . import b\n",
        "m/a.py": """from m import *
@dataclass
class Store(Base):
    'Keeps.'
    x: int = 1
    def get(self, *, k=[1, 2]) -> Base: ...
class Base: ...
def get(x): return x
""",
        "m/b.py": "if x:\n    y = {\n        1: 2,\n    }\ntype Z = int\n",
        "tests/test_main.py": "def test(): ...\n",
        ".venv/lib/python3.12/site-packages/rich.py": "class Table: ...\n",
        ".venv/pyvenv.cfg": "home = /usr/bin\ninclude-system-site-packages = true\n",
    },
    "m/main.ts": {
        "m/main.ts": """import dflt, { Store as S, type T } from './a.js'
import * as n from '@/b'
import { q } from '@s/c'
import { l } from 'lib'
const { r } = require('./r')
const x = new S(n.y, q(dflt), l(), r)
n.
""",
        "m/a.ts": """export * from './main'
/** Keeps. */
export default class Store<T> extends Base {
  get(a: string): T { return 1 }
}
export { Store }
export type T = {
  a: string
}
""",
        "src/b/index.ts": "export namespace N { const y = 1 }\nexport const y = () => { }\n",
        "m/r.js": "module.exports = { r: f }\nfunction f() {}\nexports.g = class { h() {} }\n",
        "m/main.test.ts": "it('x')\n",
        "p/c/package.json": '{"name": "@s/c", "exports": {".": {"types": "./dist/i.d.ts"}}}',
        "p/c/src/i.ts": "export function q(x: number): void {}\n",
        "package.json": '{"workspaces": {"packages": ["p/*"]}, "imports": {"#a": "./m/a.js"}}',
        "tsconfig.json": '{"extends": "./base", "compilerOptions": {"paths": {"@/*": ["src/*"]}}}',
        "base.json": '{"compilerOptions": {"baseUrl": "."}, "extends": "./tsconfig.json"}',
        "node_modules/lib/package.json": '{"types": "l.d.ts"}',
        "node_modules/lib/l.d.ts": "declare module 'lib' { export function l(): void }\n",
    },
    "m/main.go": {
        "m/main.go": """package m
import (
	"x.org/a/b"
	. "x.org/a/c"
)
type Own struct { Base }
func (o *Own) F() { b.Get(o.); D(&Own{}) }
""",
        "m/base.go": "package m\ntype Base struct {\n\tX, Y int `json`\n}\n",
        "b/b.go": """package b
// Get gets.
func Get(x T[int]) (a, b int) { return }
type T[K any] struct {
}
""",
        "c/c.go": "package c\nconst (\n\tC = iota\n\tD\n)\n",
        "go.mod": "module x.org/a\nreplace x.org/a/c => ./c\nrequire y.org/b v1.0.0\n",
        "go.work": "use (\n\t./c\n)\n",
    },
    "m/src/main/java/a/Main.java": {
        "m/src/main/java/a/Main.java": """package a;
import b.Store;
import static b.Store.get;
import b.*;
class Main extends Base {
  Store s = get(Page.x);
}
""",
        "m/src/main/java/a/Base.java": "package a;\nclass Base { int x = 1; void f() {} }\n",
        "n/src/main/java/b/Store.java": """package b;
/** K. */
public class Store<T> {
  @A static int get(int x) throws E {}
  enum E { A(1), B; int f() {} }
}
""",
        "n/src/main/java/b/Page.java": "package b;\nrecord Page(int x) {}\n",
        "m/src/test/java/a/MainTest.java": "package a;\nclass MainTest {}\n",
    },
    "src/main.rs": {
        "src/main.rs": """mod a;
use a::{Store, inner::*};
use other::Thing;
fn f(s: Store) { g(Thing); Store::new( }
""",
        "src/a/mod.rs": """pub mod inner;
/// Keeps.
#[derive(Debug)]
pub struct Store { x: u8 }
impl Store { pub fn new() -> Self {} }
impl X for Store {}
""",
        "src/a/inner.rs": "pub use super::*;\npub fn g<T>(x: T) where T: Clone {}\n",
        "Cargo.toml": '[package]\nname = "x"\n[workspace]\nmembers = ["c/*"]\n',
        "c/o/Cargo.toml": '[package]\nname = "other"\n',
        "c/o/src/lib.rs": "pub trait Thing { fn a(&self); }\nmacro_rules! m { () => {} }\n",
    },
    "src/main.cpp": {
        "src/main.cpp": """#include "main.h"
#include <x/b.h>
int f() { Store s; s.get(MAX(1, E::A)); g( }
""",
        "src/main.h": """#include "main.h"
namespace n {
/// Keeps.
template <class T>
class Store : B {
 public:
  Store() : x(1) {}
  int get(int a) const;
};
enum class E { A };
}
""",
        "inc/x/b.h": "#define MAX(a, b) ((a) > \\\n (b))\ntypedef struct { int a; } P;\nint g();\n",
        "compile_commands.json": '[{"directory": "/w/b", "file": "../src/main.cpp",'
        ' "command": "c++ -I ../inc -isystem /q"}]',
    },
}

_noise = st.one_of(st.just(""), st.sampled_from(_LINES), st.text(max_size=8))
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["./a", "*", "../..", "a/*", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([".", "./*", "@/*", "types", "paths", "name"]), inner)
    ),
    max_leaves=8,
)


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    """A workspace with holes and noise in some of its files, and the file being edited."""
    main = draw(st.sampled_from(sorted(WORKSPACES)))
    # line endings are LF, as `SourceFile` promises
    texts = dict(WORKSPACES[main])
    for path in draw(st.lists(st.sampled_from(sorted(texts)), max_size=4)):
        text = texts[path]
        if path.endswith(".json") and draw(st.booleans()):
            known = json.loads(WORKSPACES[main][path])
            if isinstance(known, dict):
                known[draw(st.sampled_from(sorted(known)))] = draw(_values)
            else:
                known[0][draw(st.sampled_from(sorted(known[0])))] = draw(_values)
            texts[path] = json.dumps(known)
            continue
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 20)))
        texts[path] = text[:start] + draw(_noise).replace("\r", "") + text[end:]
    return main, texts


def _current(main: str) -> SourceFile:
    found = Tree(WORKSPACES[main]).read(f"/w/{main}")
    assert found is not None
    return found


def test_the_workspaces_that_are_damaged_give_candidates() -> None:
    """What the next test damages does reach every source."""
    for main, texts in WORKSPACES.items():
        assert len(imports.gather(_current(main), 6, Tree(texts))) > 1, main
    for main in ("m/main.py", "m/main.ts"):
        assert libraries.gather(_current(main), 6, Tree(WORKSPACES[main]))
    for main in ("m/main.go", "m/src/main/java/a/Main.java"):
        assert siblings.gather(_current(main), 6, Tree(WORKSPACES[main]))


@settings(max_examples=150, suppress_health_check=list(HealthCheck), deadline=None)
@given(workspace=damaged(), line=st.integers(-2, 12))
def test_damaged_texts_give_candidates_and_the_same_ones_again(
    workspace: tuple[str, dict[str, str]], line: int
) -> None:
    """No source raises, all keep their bounds, and equal inputs give equal answers."""
    main, texts = workspace
    tree = Tree(texts)
    current = tree.read(f"/w/{main}")
    assert current is not None
    for gather in SOURCES:
        found = gather(current, line, tree)
        forget()
        assert gather(current, line, tree) == found
        for candidate in found:
            assert 0 <= candidate.score <= 1
            assert candidate.text.endswith("\n")
            assert len(candidate.text) <= 2 * MAX_CHARS
            assert candidate.location != current.location
            assert "\r" not in candidate.text


def forget() -> None:
    """Empty all caches of the sources."""
    from context.sources.imports import configs, trace
    from context.syntax.outline import _outlines
    from context.syntax.trees import _trees

    memos: list[Memo[object]] = [configs._parsed, trace._statements, _outlines, _trees]  # type: ignore[list-item]
    for memo in memos:
        memo.clear()


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_huge_file_is_parsed_to_a_bound(ending: str) -> None:
    """Five megabytes cost what the bound allows, and the names at its beginning are found."""
    language = language_of(f"a.{ending}")
    text = "x = 1; // é\n" * 450_000
    syntax = parse(language, text)
    assert (syntax is None) == (ending == "txt")
    if syntax is not None:
        assert MAX_BYTES - 20 < len(syntax.data) <= MAX_BYTES
    one_line = parse(language, "x" * 5_000_000)
    assert one_line is None or len(one_line.data) <= MAX_BYTES


class _Vanishing(Tree):
    """Files that are there until somebody reads them."""

    def read(self, location: str) -> SourceFile | None:
        """See `Files.read`."""
        assert location.startswith("/")
        return None

    def read_config(self, location: str) -> str | None:
        """See `Files.read_config`."""
        assert location.startswith("/")
        return None


@pytest.mark.parametrize("ending", ENDINGS)
def test_files_that_vanish_or_may_not_be_read_are_not_there(ending: str) -> None:
    """The gate's no, a deleted file and a disk that fails look the same."""
    names = ("a.py", "a.ts", "m/a/a.go", "m/B.java", "a.rs", "a.h", "package.json", "go.mod")
    current = SourceFile(
        f"/w/m/main.{ending}", "x", language_of(f"x.{ending}"), "\n".join(_LINES), (1, 2)
    )
    for gather in SOURCES:
        assert gather(current, 3, _Vanishing(dict.fromkeys(names, "class A: ..."))) == []


def test_a_folder_of_thousands_of_files_costs_a_bounded_number_of_reads(look: Look) -> None:
    """A package as large as a workspace is looked at in part."""
    texts = {f"p/f{number}.go": f"package p\nfunc F{number}() {{}}\n" for number in range(3000)}
    reads = 0

    def gather(
        current: SourceFile, cursor_line: int, files: Files, *, column: int
    ) -> list[Candidate]:
        nonlocal reads
        assert isinstance(files, Tree)
        real = files.read

        def counted(location: str) -> SourceFile | None:
            nonlocal reads
            reads += 1
            return real(location)

        files.read = counted  # type: ignore[method-assign]
        return siblings.gather(current, cursor_line, files, column=column)

    look(gather, texts | {"p/main.go": "package p\nfunc g() { F1(); |CURSOR| }\n"})
    assert 0 < reads <= siblings.MAX_FILES + 4


@pytest.mark.parametrize(
    ("config", "path", "text"),
    [
        ("tsconfig.json", "a.ts", "import { a } from '@/b'\n"),
        ("Cargo.toml", "a.rs", "use other::a;\n"),
        ("compile_commands.json", "a.c", '#include "a.h"\n'),
    ],
)
def test_a_broken_project_file_is_counted(config: str, path: str, text: str) -> None:
    """Skipped with a reason that a person can find."""
    tree = Tree({config: "{ not [ valid", path: text})
    current = tree.read(f"/w/{path}")
    assert current is not None
    assert imports.gather(current, 1, tree) == []
    assert tree.skipped[BROKEN_CONFIG] > 0
