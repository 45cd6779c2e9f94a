"""Imports of Go, Java, Rust, C and C++."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from context.sources.imports import gather

if TYPE_CHECKING:
    from tests.context.sources.tree import Look

GO = "package store\n\n// Store keeps.\ntype Store struct {\n\tName string\n}\n"
GO_MAIN = "package main\nimport {}\nfunc f() {{ x := store.Store|CURSOR|{{}} }}\n"


GO_MODULES = {
    "go.work": "go 1.22\nuse (\n\t./code\n\t./tools\n)\n",
    "code/go.mod": "module example.org/app // main\n\ngo 1.22\n\nreplace (\n"
    "\texample.org/replaced v1.0.0 => ./local\n)\n",
    "tools/go.mod": "module example.org/work\n",
}
"""No folder is called as its module is, so that none is found by the end of the import's path."""


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ('"example.org/app/internal/store"', "code/internal/store/a.go"),
        ('store "example.org/app/other"', "code/other/a.go"),
        ('(\n"fmt"\n\tstore "example.org/app/other"\n)', "code/other/a.go"),
        ('"example.org/replaced/store"', "code/local/store/a.go"),
        ('"example.org/work/store"', "tools/store/a.go"),
        ('"example.org/app/store/v2"', "code/store/v2/a.go"),
    ],
)
def test_go_packages_are_folders_of_modules(look: Look, statement: str, place: str) -> None:
    """The module path, replace directives and go.work lead to folders."""
    texts = {**GO_MODULES, place: GO, "code/main.go": GO_MAIN.format(statement)}
    found = look(gather, texts)
    assert found[place].text == "// Store keeps.\ntype Store struct {\n\tName string\n}\n"


def test_go_modules_that_no_workspace_file_names_stay_out(look: Look) -> None:
    """The same module is there, but go.work does not use it."""
    main = GO_MAIN.format('"example.org/work/store"')
    texts = {**GO_MODULES, "tools/store/a.go": GO, "code/main.go": main}
    assert "tools/store/a.go" in look(gather, texts)
    assert look(gather, texts | {"go.work": "go 1.22\nuse ./code\n"}) == {}


def test_go_without_a_module_file_finds_the_package_by_its_folder(look: Look) -> None:
    """The end of the import's path is a folder of the workspace."""
    main = GO_MAIN.format('"example.org/app/internal/store"')
    found = look(gather, {"internal/store/a.go": GO, "main.go": main})
    assert "internal/store/a.go" in found


def test_go_methods_come_from_every_file_of_the_package(look: Look) -> None:
    """A type's methods may stand beside its file; tests stay out."""
    found = look(
        gather,
        {
            "go.mod": "module m",
            "store/a.go": GO,
            "store/b.go": "package store\nfunc (s *Store) Get() int { return 1 }\n",
            "store/b_test.go": "package store\nfunc (s *Store) Test() int { return 1 }\n",
            "main.go": GO_MAIN.format('"m/store"'),
        },
    )
    assert found["store/b.go"].text == "func (s *Store) Get() int\n"
    assert "store/b_test.go" not in found


JAVA = """package org.app.store;
/** Keeps. */
public class Store {
  private int hidden;
  public static int open(String path) { return 1; }
  public static class Page { int number; }
}
"""


@pytest.mark.parametrize(
    ("statement", "use", "shown"),
    [
        ("import org.app.store.Store;", "Store", "public class Store {"),
        ("import org.app.store.*;", "Store", "public class Store {"),
        ("import static org.app.store.Store.open;", "open", "public static int open"),
        ("import org.app.store.Store.Page;", "Page", "public static class Page {"),
    ],
)
@pytest.mark.parametrize(
    "place",
    [
        "app/src/main/java/org/app/store/Store.java",
        "libs/core/src/main/java/org/app/store/Store.java",
    ],
)
def test_java_classes_are_found_in_every_module(
    look: Look, statement: str, use: str, shown: str, place: str
) -> None:
    """The package's folders are looked for in the source roots of all modules."""
    main = f"package org.app;\n{statement}\nclass Main {{ void f() {{ {use}|CURSOR| }} }}\n"
    found = look(gather, {place: JAVA, "app/src/test/java/org/app/Main.java": main})
    assert shown in found[place].text
    assert "hidden" not in found[place].text


RUST = "/// Keeps.\npub struct Store { size: u8 }\nimpl Store { pub fn get(&self) -> u8 { 1 } }\n"


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("use crate::store::Store;", "src/store.rs"),
        ("use crate::store::{self, Store as Shop};", "src/store/mod.rs"),
        ("use crate::{deep::er::{Store}};", "src/deep/er.rs"),
        ("use super::store::Store;", "src/a/store.rs"),
        ("use super::super::Store;", "src/lib.rs"),
        ("use crate::store::*;\nfn f(s: Store) {}", "src/store.rs"),
        ("use crate::store;\nfn f(s: store::Store) {}", "src/store.rs"),
        ("mod inner;\nuse inner::Store;", "src/a/here/inner.rs"),
        ("mod inner;\nuse self::inner::Store;", "src/a/here/inner.rs"),
        ("use shop_core::Store;", "crates/core/src/lib.rs"),
        ("use by_path::Store;", "elsewhere/src/lib.rs"),
    ],
)
def test_rust_paths_lead_to_module_files(look: Look, statement: str, place: str) -> None:
    """`crate`, `super`, `self`, `mod` and crates of the workspace are followed."""
    texts = {
        "Cargo.toml": '[package]\nname = "app"\n[workspace]\nmembers = ["crates/*"]\n'
        '[dependencies]\nby-path = { path = "elsewhere" }\n',
        "crates/core/Cargo.toml": '[package]\nname = "shop-core"\n',
        "src/lib.rs": "mod a;\nmod deep;\n",
        "src/deep.rs": "pub mod er;\n",
        "src/a/mod.rs": "mod here;\n",
        "src/a/here.rs": f"{statement}\n|CURSOR|\n",
    }
    found = look(gather, texts | {place: RUST})
    assert found[place].text == (
        "/// Keeps.\npub struct Store { size: u8 }\nimpl Store {\n    pub fn get(&self) -> u8;\n}\n"
    )


HEADER = """#ifndef STORE_H
#define STORE_H
/* Keeps. */
class Store {
 public:
  int get(int key) const { return key; }
};
int open_store(const char* path);
#endif
"""


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ('#include "store.h"', "src/store.h"),
        ('#include "../lib/store.h"', "lib/store.h"),
        ('#include "app/store.h"', "include/app/store.h"),
        ("#include <app/store.h>", "include/app/store.h"),
        ('#include "store.h"', "third/party/store.h"),
        ("#include <store.h>", "quoted/store.h"),
    ],
)
def test_headers_are_found_beside_and_in_include_paths(
    look: Look, statement: str, place: str
) -> None:
    """compile_commands.json gives the include paths; without it habits do."""
    database = """[{"directory": "/w/build", "file": "../src/main.cc",
        "command": "c++ -I../third/party -isystem /w/quoted -c ../src/main.cc"}]"""
    found = look(
        gather,
        {
            place: HEADER,
            "build/compile_commands.json": database,
            "src/main.cc": f"{statement}\nint main() {{ Store s; open_store|CURSOR|(s); }}\n",
        },
    )
    assert "int get(int key) const;" in found[place].text
    assert "int open_store(const char* path);" in found[place].text


def test_names_come_through_headers_that_include_others(look: Look) -> None:
    """An umbrella header is seen through, and a cycle of headers ends."""
    found = look(
        gather,
        {
            "all.h": '#include "store.h"\n',
            "store.h": '#include "all.h"\n' + HEADER,
            "main.c": '#include "all.h"\nvoid f() { open_store|CURSOR|(0); }\n',
        },
    )
    assert "int open_store(const char* path);" in found["store.h"].text
