"""Installed libraries: what the disk knows about an imported name."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from context.access.files import SourceFile
from context.access.reader import Reader
from context.sources.libraries import Places, gather

if TYPE_CHECKING:
    from tests.context.sources.tree import Look

SITE = "lib/python3.12/site-packages"
TABLE = (
    'class Table:\n    """A table."""\n    def add(self, row: str) -> None:\n        self.x = 1\n'
)
STUB = "class Table:\n    def add(self, row: str, *, last: bool = ...) -> None: ...\n"
SHOWN = 'class Table:\n    """A table."""\n    def add(self, row: str) -> None: ...\n'


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (f".venv/{SITE}/rich/table.py", SHOWN),
        (f"env/{SITE}/rich/table/__init__.py", SHOWN),
        (f"app/venv/{SITE}/rich/table.py", SHOWN),
        (".venv/Lib/site-packages/rich/table.py", SHOWN),
        (f"/envs/active/{SITE}/rich/table.py", SHOWN),
        (f"/usr/{SITE}/rich/table.py", SHOWN),
    ],
)
def test_python_environments_of_every_kind_are_found(look: Look, place: str, text: str) -> None:
    """Beside the project, active, or the system's where pyvenv.cfg lets it in."""
    places = Places.of({"VIRTUAL_ENV": "/envs/active"})
    found = look(
        partial(gather, places=places),
        {
            place: TABLE,
            "/envs/active/pyvenv.cfg": "home = /usr/bin\ninclude-system-site-packages = true\n",
            "app/main.py": "from rich.table import Table\n\nx = Table()|CURSOR|\n",
        },
    )
    path = place.partition("site-packages/")[2]
    assert found[path].text == text


@pytest.mark.parametrize(
    "stub", ["rich-stubs/table.pyi", "rich/table.pyi", "rich-stubs/table/__init__.pyi"]
)
def test_stubs_win_over_sources(look: Look, stub: str) -> None:
    """A stub says more about types than the code does."""
    texts = {f".venv/{SITE}/rich/table.py": TABLE, f".venv/{SITE}/{stub}": STUB}
    main = "from rich.table import Table\n|CURSOR|"
    assert list(look(gather, texts | {"main.py": main})) == [stub]


def test_re_exports_of_a_library_are_followed(look: Look) -> None:
    """`from .table import Table` in `__init__.py` leads on, a few steps far."""
    found = look(
        gather,
        {
            f".venv/{SITE}/rich/__init__.py": "from ._api import *\n",
            f".venv/{SITE}/rich/_api.py": "from .table import Table\n",
            f".venv/{SITE}/rich/table.py": TABLE,
            "main.py": "import rich\n\nrich.Table()|CURSOR|\n",
        },
    )
    assert found["rich/table.py"].text == SHOWN


def test_what_the_workspace_has_is_no_library(look: Look) -> None:
    """An editable install or a copy in the environment does not come twice."""
    main = "from rich.table import Table\n|CURSOR|"
    texts = {f".venv/{SITE}/rich/table.py": TABLE, "src/rich/table.py": TABLE, "main.py": main}
    assert look(gather, texts) == {}


TYPES = "export declare function open(path: string): number;\n"


@pytest.mark.parametrize(
    ("package", "place"),
    [
        ('{"types": "./types/main.d.ts"}', "types/main.d.ts"),
        ('{"main": "lib/main.js"}', "lib/main.d.ts"),
        ('{"exports": {".": {"import": {"types": "./a.d.mts"}}}}', "a.d.mts"),
        ("{}", "index.d.ts"),
        ("not json", "index.d.ts"),
    ],
)
def test_declarations_of_node_modules_are_found(look: Look, package: str, place: str) -> None:
    """Whatever field of package.json names them."""
    found = look(
        gather,
        {
            "node_modules/@a/lib/package.json": package,
            f"node_modules/@a/lib/{place}": TYPES,
            "app/src/main.ts": "import { open } from '@a/lib'\nopen(|CURSOR|",
        },
    )
    assert found[f"@a/lib/{place}"].text == TYPES


@pytest.mark.parametrize(
    ("module", "place"),
    [
        ("lib", "@types/lib/index.d.ts"),
        ("@a/lib", "@types/a__lib/index.d.ts"),
        ("lib/sub", "@types/lib/sub.d.ts"),
    ],
)
def test_declarations_of_at_types_are_found(look: Look, module: str, place: str) -> None:
    """For libraries that are plain JavaScript."""
    found = look(
        gather,
        {
            f"node_modules/{module}/index.js": "exports.open = function (path) {}\n",
            f"node_modules/{place}": TYPES,
            "main.js": f"const {{ open }} = require('{module}')\nopen(|CURSOR|",
        },
    )
    assert list(found) == [place]


GO = "package toml\n\n// Decode reads.\nfunc Decode(data string, v any) (MetaData, error) {\n}\n"


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        (
            "/go/pkg/mod/github.com/!burnt!sushi/toml@v1.3.2/decode.go",
            "github.com/!burnt!sushi/toml@v1.3.2/decode.go",
        ),
        ("vendor/github.com/BurntSushi/toml/decode.go", "github.com/BurntSushi/toml/decode.go"),
    ],
)
def test_go_modules_are_found_in_the_version_of_go_mod(look: Look, place: str, shown: str) -> None:
    """Capitals are escaped in the cache; a vendor folder wins."""
    found = look(
        partial(gather, places=Places.of({}, "/home/me"))
        if "vendor" in place
        else partial(gather, places=Places.of({"GOPATH": "/go"})),
        {
            place: GO,
            "/go/pkg/mod/github.com/!burnt!sushi/toml@v1.0.0/decode.go": "package toml\n"
            "func Decode(old string) {}\n",
            "go.mod": "module m\nrequire (\n\tgithub.com/BurntSushi/toml v1.3.2 // indirect\n)\n",
            "main.go": 'package m\nimport "github.com/BurntSushi/toml"\n'
            "func f() { toml.Decode(|CURSOR| }\n",
        },
    )
    assert (
        found[shown].text == "// Decode reads.\nfunc Decode(data string, v any) (MetaData, error)\n"
    )


def test_the_reader_lets_installed_libraries_through(tmp_path: Path) -> None:
    """The real gate, the real disk, and a library that this program runs with."""
    reader = Reader()
    reader.set_roots([tmp_path.as_posix()])
    text = "from rich.table import Table\n\ntable = Table(\n"
    current = SourceFile((tmp_path / "a.py").as_posix(), "a.py", "python", text, (1, 1))
    places = Places.of({"VIRTUAL_ENV": Path(sys.prefix).as_posix()})
    found = gather(current, 2, reader, places)
    assert found[0].path == "rich/table.py"
    assert found[0].text.startswith("class Table(JupyterMixin):\n")
    assert "show_header: bool = True" in found[0].text
    assert found[0].reason == "defines Table, used on this line"
