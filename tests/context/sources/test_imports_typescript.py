"""TypeScript and JavaScript imports: statements lead to the files that define the names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from context.sources.imports import gather
from context.sources.imports.configs import parse_object

if TYPE_CHECKING:
    from tests.context.sources.tree import Look

STORE = """
/** Keeps things.
 * At length. */
export class Store<T> extends Base {
  private hidden = 1;
  /** The value of a key. */
  get(
    key: string,
  ): T | undefined { return this.find(key); }
  onChange = (event: Event): void => { emit(event); };
}
export default function openStore(path: string) { return new Store(path); }
"""

TSCONFIG = """{
  // settings
  "extends": ["./base.json"],
  "compilerOptions": {"paths": {"@/*": ["./src/*"], "store": ["./src/deep/store.ts",],},},
}"""


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("import { Store } from './store'", "src/store.ts"),
        ("import { Store } from './store.js'", "src/store.ts"),
        ("import { Store } from '../lib/store.ts'", "lib/store.ts"),
        ("import { Store } from './store'", "src/store.tsx"),
        ("import { Store } from './store'", "src/store/index.ts"),
        ("import { Store } from './store.mjs'", "src/store.mts"),
        ("import type { Store } from './store'", "src/store.d.ts"),
        ("import { Store as Shop } from './store'", "src/store.ts"),
        ("import openStore, { type Store } from './store'", "src/store.ts"),
        ("import * as s from './store'\ns.Store", "src/store.ts"),
        ("import s = require('./store')\ns.Store", "src/store.ts"),
        ("const { Store } = require('./store')", "src/store.ts"),
        ("const s = require('./store')\nnew s.Store()", "src/store.ts"),
        ("const { Store } = await import('./store')", "src/store.ts"),
        ("import { Store } from '@/deep/store'", "src/deep/store.ts"),
        ("import { Store } from 'store'", "src/deep/store.ts"),
        ("import { Store } from 'based/store'", "sources/based/store.ts"),
        ("import { Store } from '#store'", "src/store.ts"),
        ("import { Store } from '@scope/shop'", "packages/shop/src/index.ts"),
        ("import { Store } from '@scope/shop/sub'", "packages/shop/src/sub/index.ts"),
        ("import { Store } from './store'\nfoo({ a: [", "src/store.ts"),
    ],
)
def test_every_form_of_import_leads_to_its_file(look: Look, statement: str, place: str) -> None:
    """Each form of statement brings the class's outline from the file it means."""
    found = look(
        gather,
        {
            place: STORE,
            "src/main.ts": f"{statement}\n|CURSOR|\n",
            "tsconfig.json": TSCONFIG,
            "base.json": '{"compilerOptions": {"baseUrl": "./sources"}}'
            if "based" in statement
            else "{}",
            "package.json": """{"workspaces": ["packages/*"],
                "imports": {"#store": "./src/store.js"}}""",
            "packages/shop/package.json": """{"name": "@scope/shop", "exports": {
                ".": {"types": "./dist/index.d.ts", "import": "./dist/index.js"},
                "./*": {"import": "./dist/*/index.js"}}}""",
        }
        | ({"tsconfig.json": '{"extends": "./base"}'} if "based" in statement else {}),
    )
    assert "class Store<T> extends Base {" in found[place].text


def test_an_outline_has_signatures_and_first_doc_lines_but_no_bodies(look: Look) -> None:
    """The candidate's text is what a person would want to see, and nothing else."""
    main = "import open, { Store } from './store'\n|CURSOR|open(Store)"
    assert look(gather, {"store.ts": STORE, "main.ts": main})["store.ts"].text == (
        "/** Keeps things. */\n"
        "export class Store<T> extends Base {\n"
        "  /** The value of a key. */\n"
        "  get(key: string): T | undefined;\n"
        "  onChange = (event: Event): void => ...;\n"
        "}\n"
        "export default function openStore(path: string);\n"
    )


def test_barrels_and_renamed_exports_are_followed(look: Look) -> None:
    """`export * from`, `export { a as b }` and CommonJS exports are seen through."""
    found = look(
        gather,
        {
            "index.ts": "export * from './a';\nexport { Inner as Outer } from './b';",
            "a.ts": "export interface Shape { area(): number }\nexport * from './index';",
            "b.ts": "class Hidden { run() {} }\nexport { Hidden as Inner };",
            "c.js": "function make(x) { return x }\nmodule.exports = { build: make };",
            "main.ts": "import { Shape, Outer } from '.'; import { build } from './c'\n"
            "build(Outer, Shape)|CURSOR|",
        },
    )
    assert set(found) == {"a.ts", "b.ts", "c.js"}
    assert "function make(x);" in found["c.js"].text


def test_a_solution_file_lends_the_paths_of_the_projects_it_refers_to(look: Look) -> None:
    """Templates keep `paths` in tsconfig.app.json."""
    found = look(
        gather,
        {
            "tsconfig.json": '{"files": [], "references": [{"path": "./tsconfig.app.json"}]}',
            "tsconfig.app.json": '{"compilerOptions": {"paths": {"~/*": ["app/*"]}}}',
            "app/store.ts": STORE,
            "main.ts": "import { Store } from '~/store'\n|CURSOR|",
        },
    )
    assert "app/store.ts" in found


@pytest.mark.parametrize(
    "config", ["", "{", "[]", "null", '{"extends": "./tsconfig.json"}', '{"compilerOptions": 3}']
)
def test_broken_configuration_does_not_hide_relative_imports(look: Look, config: str) -> None:
    """A tsconfig or package.json that is no use is as good as none."""
    texts = {"tsconfig.json": config, "package.json": config, "a.ts": STORE}
    main = "import { Store } from './a'; import x from '@/b'; import y from 'c'\n|CURSOR|"
    assert "a.ts" in look(gather, texts | {"main.ts": main})


def test_json_with_comments_is_read() -> None:
    """Comments and trailing commas go, also when a string looks like one."""
    text = '\ufeff{"a": "/* // */", /* x */ "b": [1, 2, /* y */ ], // z\n "c": ",}",}'
    assert parse_object(text) == {"a": "/* // */", "b": [1, 2], "c": ",}"}
