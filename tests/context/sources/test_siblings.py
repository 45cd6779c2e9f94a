"""Siblings: what belongs to a file without an import."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from context.sources.counterparts import counterparts
from context.sources.siblings import gather
from tests.context.sources.tree import Tree

if TYPE_CHECKING:
    from tests.context.sources.tree import Look


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("src/store.c", "src/store.h"),
        ("src/store.cc", "include/store.hpp"),
        ("include/app/store.h", "src/app/store.cpp"),
        ("app/store.py", "tests/test_store.py"),
        ("src/app/deep/store.py", "tests/deep/test_store.py"),
        ("src/app/store.py", "tests/app/test_store.py"),
        ("app/store.py", "app/store_test.py"),
        ("src/store.ts", "src/store.test.ts"),
        ("src/store.tsx", "src/__tests__/store.spec.tsx"),
        ("src/store.js", "test/store.test.js"),
        ("store/a.go", "store/a_test.go"),
        ("m/src/main/java/a/Store.java", "m/src/test/java/a/StoreTest.java"),
    ],
)
def test_counterparts_are_found_both_ways(one: str, other: str) -> None:
    """Header and source, test and tested lie beside each other or in parallel trees."""
    tree = Tree({one: "", other: ""})
    assert counterparts(f"/w/{one}", tree) == [f"/w/{other}"]
    assert counterparts(f"/w/{other}", tree) == [f"/w/{one}"]


def test_names_of_the_same_go_package_are_found_without_import(look: Look) -> None:
    """What is used near the cursor, also by way of an own type, comes from the package."""
    found = look(
        gather,
        {
            "store/base.go": "package store\ntype Base struct {\n\tColor int\n}\n",
            "store/other.go": "package store\nfunc helper(a int) int { return a }\nfunc far() {}\n",
            "store/main.go": "package store\ntype Main struct { Base }\n\n"
            "func f() {\n\tm := &Main{}\n\thelper(1)\n\tm.|CURSOR|\n}\n",
        },
    )
    assert found["store/base.go"].text == "type Base struct {\n\tColor int\n}\n"
    assert found["store/other.go"].text == "func helper(a int) int\n"


def test_classes_of_the_same_java_package_are_found_without_import(look: Look) -> None:
    """A class that is used, and one whose name is like what is being written."""
    found = look(
        gather,
        {
            "a/Store.java": "package a;\nclass Store { int get() { return 1; } }",
            "a/DockerTools.java": "package a;\nclass DockerTools { }",
            "a/Nothing.java": "package a;\nclass Nothing { }",
            "a/Main.java": "package a;\nclass Main {\n Store s;\n boolean skipDocker = |CURSOR|\n}",
        },
    )
    assert list(found) == ["a/Store.java", "a/DockerTools.java"]
    assert found["a/DockerTools.java"].reason.endswith("its name is like words near the cursor")


def test_a_test_sees_the_outline_of_what_it_tests(look: Look) -> None:
    """Also what it has not used yet; private names stay out."""
    found = look(
        gather,
        {
            "app/store.py": "class Store:\n    def get(self): return 1\ndef _hidden(): pass\n",
            "tests/test_store.py": "def test_it():\n    |CURSOR|\n",
        },
    )
    assert found["app/store.py"].text == "class Store:\n    def get(self): ...\n"
    assert found["app/store.py"].reason == "defines Store, counterpart of test_store.py"


def test_a_source_sees_its_header(look: Look) -> None:
    """Declarations of the header that the source does not define yet."""
    found = look(
        gather,
        {
            "store.h": "int open_store(int a);\nint close_store(int a);\n",
            "store.c": "int open_store(int a) { return 1; }\n|CURSOR|",
        },
    )
    assert found["store.h"].text == "int close_store(int a);\n"
