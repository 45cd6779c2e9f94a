"""Python imports: statements lead to the files that define the names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from context.sources.imports import gather
from context.sources.usage import TYPE_OF_OPEN

if TYPE_CHECKING:
    from tests.context.sources.tree import Look

STORE = '''
"""A store."""
import json

LIMIT = 10

@dataclass
class Store(Base):
    """Keeps things.

    At length.
    """

    root: Path

    def get(self, key: str, *, default: int = 0) -> bytes | None:
        """The value of a key."""
        return json.loads(key)

    async def put(
        self,
        key: str,
        value: bytes,
    ) -> None:
        await self.write(key, value)

def helper(a, b=1):
    return a + b
'''


MANY = "class Store:\n" + "".join(
    f"    def {first}_{number:02}(self): ...\n" for first in ("get", "put") for number in range(30)
)


@pytest.mark.parametrize("typed", ["store.pu|CURSOR|", "store.|CURSOR|", "print(store.pu|CURSOR|)"])
def test_members_whose_names_are_begun_are_told(look: Look, typed: str) -> None:
    """Of a class too large to tell; a bare dot tells the first, and so does a line elsewhere."""
    main = f"from shop import Store\n\ndef f(store: Store):\n    store.pu\n    {typed}\n"
    told = look(gather, {"shop.py": MANY, "main.py": main})["shop.py"]
    assert told.score == TYPE_OF_OPEN
    shown = told.text
    begun, others = ("put", "get") if "pu|" in typed else ("get", "put")
    assert f"def {begun}_00(self)" in shown
    assert f"def {others}_" not in shown


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("from app.store import Store", "app/store.py"),
        ("from .store import Store", "app/store.py"),
        ("from ..store import Store", "store.py"),
        ("from . import store\nstore.Store", "app/store.py"),
        ("import app.store\napp.store.Store", "app/store.py"),
        ("import app.store as s\ns.Store", "app/store.py"),
        ("from app import store as s\ns.Store", "app/store.py"),
        ("from lib.store import Store", "src/lib/store.py"),
        ("from deep.er.store import Store", "deep/er/store.py"),
        ("from app.store import Store as Shop", "app/store.py"),
        ("from app.store import *\nStore", "app/store.py"),
        ("from app.store import (\n  helper,\n  Store,\n", "app/store.py"),
        ("if True:\n    def f():\n        from app.store import Store", "app/store.py"),
        ("from typed import Store", "typed.pyi"),
        ("from stubbed import Store", "typings/stubbed/__init__.pyi"),
        ("from package import Store", "package/__init__.py"),
    ],
)
def test_every_form_of_import_leads_to_its_file(look: Look, statement: str, place: str) -> None:
    """Each form of statement brings the class's outline from the file it means."""
    texts = {place: STORE, "app/__init__.py": "", "app/main.py": f"{statement}\n|CURSOR|\n"}
    found = look(gather, texts)
    assert "class Store(Base):" in found[place].text


def test_an_outline_has_signatures_and_first_doc_lines_but_no_bodies(look: Look) -> None:
    """The candidate's text is what a person would want to see, and nothing else."""
    found = look(gather, {"store.py": STORE, "main.py": "from store import Store, LIMIT\n|CURSOR|"})
    assert found["store.py"].text == (
        "LIMIT = 10\n"
        "@dataclass\n"
        "class Store(Base):\n"
        '    """Keeps things."""\n'
        "    root: Path\n"
        "    def get(self, key: str, *, default: int = 0) -> bytes | None:\n"
        '        """The value of a key."""\n'
        "    async def put(self, key: str, value: bytes) -> None: ...\n"
    )


def test_names_used_nearer_score_higher_and_say_why(look: Look) -> None:
    """Score and reason follow the distance of the nearest use."""
    main = "from near import Near\nfrom far import Far\nFar()\n" + "\n" * 40 + "Near()\n\n|CURSOR|"
    found = look(
        gather, {"near.py": "class Near: x = 1", "far.py": "class Far: x = 1", "main.py": main}
    )
    assert found["near.py"].score > found["far.py"].score
    assert found["near.py"].reason == "defines Near, used 2 lines above"


def test_re_exports_and_cycles_are_followed_to_the_definition(look: Look) -> None:
    """`__init__` files that pass a name on are seen through; a cycle ends the search."""
    found = look(
        gather,
        {
            "package/__init__.py": "from .inner import *\nfrom .loop import Lost\n",
            "package/inner.py": "from ._impl import Store as Shop\n",
            "package/_impl.py": STORE,
            "package/loop.py": "from . import Lost\nfrom package.loop import Lost\n",
            "main.py": "from package import Shop, Lost\nShop(); Lost()|CURSOR|",
        },
    )
    assert list(found) == ["package/_impl.py"]


def test_half_written_code_around_the_cursor_hides_no_import(look: Look) -> None:
    """Unclosed brackets and strings elsewhere do not matter."""
    main = "from store import Store\n\nclass A(\n  def f(self, x=[{:\n    y = Store(|CURSOR|\n"
    assert "store.py" in look(gather, {"store.py": STORE, "main.py": main})


def test_a_module_used_by_name_shows_what_is_used_and_what_it_offers(look: Look) -> None:
    """Behind `store.` at the cursor everything public of the module is worth a look."""
    main = "import store\n\ndef f():\n    return store.|CURSOR|\n"
    found = look(gather, {"store.py": STORE + "\ndef _hidden(): ...\n", "main.py": main})
    assert "def helper(a, b=1): ..." in found["store.py"].text
    assert "_hidden" not in found["store.py"].text
    assert found["store.py"].reason.endswith("offered by store")


def test_a_type_that_a_used_definition_mentions_comes_along(look: Look) -> None:
    """One step further: the base class of what is used, with a lower score."""
    base = "class Base:\n    def close(self) -> None: ...\n"
    found = look(gather, {"store.py": base + STORE, "main.py": "from store import Store\n|CURSOR|"})
    assert "class Store(Base):" in found["store.py"].text


def test_a_module_does_not_import_itself(look: Look) -> None:
    """`import json` in a file json.py means another module."""
    assert look(gather, {"json.py": "import json\njson.loads|CURSOR|\nclass loads: ..."}) == {}


@pytest.mark.parametrize(
    "line",
    [
        "def f(queue: EventQueue):\n    queue.|CURSOR|",
        "class A:\n  def __init__(self, q: EventQueue):\n    self._q = q\n    self._q.|CURSOR|",
        "def f(q):\n    q = EventQueue(1)\n    q.|CURSOR|",
        "def f(event_queue):\n    event_queue.|CURSOR|\n\nEventQueue",
    ],
)
def test_the_type_of_what_a_dot_stands_behind_comes_first(look: Look, line: str) -> None:
    """Its declaration, its assignment or its name tells it; members come without documentation."""
    queue = 'class EventQueue:\n    def take(self):\n        """Take."""\n        return 1\n'
    main = f"from a import helper\nfrom b import EventQueue\nhelper()\n{line}\n"
    found = look(gather, {"a.py": "def helper(): ...\n", "b.py": queue, "main.py": main})
    assert next(iter(found)) == "b.py"
    assert found["b.py"].text == "class EventQueue:\n    def take(self): ...\n"


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("raise |CURSOR|", "errors.py"),
        ("parsed_table = |CURSOR|", "table.py"),
    ],
)
def test_names_out_of_sight_are_ranked_by_what_is_being_written(
    look: Look, line: str, first: str
) -> None:
    """After `raise` an error, and else a name made of the same words as the cursor's line."""
    above = "from errors import LostError\nfrom table import parse_table\n"
    main = above + "\n" * 50 + line
    texts = {"errors.py": "class LostError: ...\n", "table.py": "def parse_table(): ...\n"}
    assert next(iter(look(gather, texts | {"main.py": main}))) == first
