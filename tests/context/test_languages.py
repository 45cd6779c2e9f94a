"""Languages: which one a file is, and how its path is told in a comment."""

from __future__ import annotations

import pytest

from context.languages import LANGUAGES, language_of, path_comment


@pytest.mark.parametrize(
    ("path", "language_id", "first_line", "expected"),
    [
        ("a.py", "python", "", "python"),
        ("a.py", "ruby", "", "ruby"),
        ("a.py", "plaintext", "", "python"),
        ("a.py", "", "", "python"),
        ("a.py", "no-such-language", "", "python"),
        ("src/A.CPP", "", "", "cpp"),
        ("Makefile", "plaintext", "", "makefile"),
        ("docker/Dockerfile", "", "", "dockerfile"),
        (".bashrc", "", "", "shellscript"),
        ("a.tsx", "typescript.tsx", "", "typescriptreact"),
        ("x", "sh", "", "shellscript"),
        ("x", "C_Sharp", "", "csharp"),
        ("run", "", "#!/usr/bin/env python3\n", "python"),
        ("run", "plaintext", "#!/bin/bash -eu\r\n", "shellscript"),
        ("run", "", "#! /usr/bin/env -S FOO=1 node22.1 --x\n", "javascript"),
        ("run", "", "#!/usr/bin/python3.12\n", "python"),
        ("run", "", "#!\n", "plaintext"),
        ("run", "", "#!/usr/bin/env\n", "plaintext"),
        ("a.py", "", "#!/bin/sh\n", "python"),
        ("a.qqq", "qqq", "", "qqq"),
        ("a.qqq", "", "", "plaintext"),
        ("", "", "", "plaintext"),
        ("back\\slash\\a.rs", "", "", "rust"),
    ],
)
def test_a_file_shows_its_language(
    path: str, language_id: str, first_line: str, expected: str
) -> None:
    """The editor's identifier wins, then the name, then the `#!` line."""
    assert language_of(path, language_id, first_line) == expected


@pytest.mark.parametrize(
    ("language", "path", "comment"),
    [
        ("python", "a/b.py", "# Path: a/b.py"),
        ("typescript", "x.ts", "// Path: x.ts"),
        ("html", "a.html", "<!-- Path: a.html -->"),
        ("css", "a.css", "/* Path: a.css */"),
        ("lua", "a.lua", "-- Path: a.lua"),
        ("ocaml", "a.ml", "(* Path: a.ml *)"),
        ("cs", "a.cs", "// Path: a.cs"),
        ("no-such-language", "a.qqq", "# Path: a.qqq"),
        ("plaintext", "notes", "# Path: notes"),
        ("html", "a-->b.html", "<!-- Path: a?b.html -->"),
        ("python", "a\nimport evil\u2028.py", "# Path: a?import evil?.py"),
    ],
)
def test_a_path_is_told_in_a_comment(language: str, path: str, comment: str) -> None:
    """The comment has the language's marks and stays one comment on one line."""
    assert path_comment(language, path) == comment


def test_every_extension_name_and_alias_means_one_language() -> None:
    """No row of the table takes an extension, file name, alias or interpreter from another."""
    for attribute in ("extensions", "filenames", "aliases", "interpreters"):
        values = [value for row in LANGUAGES.values() for value in getattr(row, attribute)]
        assert sorted(values) == sorted(set(values)), attribute
    assert not set(LANGUAGES) & {alias for row in LANGUAGES.values() for alias in row.aliases}


def test_every_row_is_written_as_it_is_looked_up() -> None:
    """Identifiers, extensions and file names are lower case; names are there."""
    assert len(LANGUAGES) >= 40
    for row in LANGUAGES.values():
        assert row.name
        assert row.id == row.id.lower()
        assert all(end == end.lower() and end.startswith(".") for end in row.extensions)
        assert all(name == name.lower() for name in row.filenames)
        assert language_of("x" + row.extensions[0] if row.extensions else "", row.id) == row.id
