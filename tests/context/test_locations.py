"""Locations: one spelling for every system."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from context import locations


@pytest.mark.parametrize(
    ("uri", "location"),
    [
        ("file:///space/a.py", "/space/a.py"),
        ("FILE:///space/a.py", "/space/a.py"),
        ("file://localhost/space/a.py", "/space/a.py"),
        ("file:/space/a.py", "/space/a.py"),
        ("file:///space/app/../a.py", "/space/a.py"),
        ("file:///space/./a.py", "/space/a.py"),
        ("file:///space/", "/space"),
        ("file:///a%20b/%C3%A9%23%25.py", "/a b/é#%.py"),
        ("file:///c%3A/Users/me/a.py", "C:/Users/me/a.py"),
        ("file:///C:/Users/me/a.py", "C:/Users/me/a.py"),
        ("file:///c:%5CUsers%5Cme%5Ca.py", "C:/Users/me/a.py"),
        ("file:///c%3A/", "C:/"),
        ("file:///c%3A", "C:/"),
        ("file:///c%3A/../../a.py", "C:/a.py"),
        ("file://server/share/a.py", "//server/share/a.py"),
        ("file:///space/back%5Cslash.py", "/space/back\\slash.py"),
        ("file:///space/%ff.py", "/space/\udcff.py"),
        ("untitled:Untitled-1", None),
        ("vscode-notebook-cell:/space/a.ipynb#W0", None),
        ("https://host/a.py", None),
        ("/space/a.py", None),
        ("", None),
        ("file:///space/%00.py", None),
    ],
)
def test_a_uri_is_one_location_on_every_system(uri: str, location: str | None) -> None:
    """Percent signs, drive letters, network shares and other schemes are understood."""
    assert locations.location_of(uri) == location


def uri_of(location: str) -> str:
    """The `file:` URI of a location, as editors write it."""
    data = location.encode("utf-8", "surrogateescape")
    if location.startswith("//"):
        return "file:" + quote(data)
    return "file://" + quote(data if location.startswith("/") else b"/" + data)


@given(st.lists(st.text(st.characters(exclude_characters="/\0"), min_size=1), min_size=1))
def test_a_location_survives_the_way_through_a_uri(names: list[str]) -> None:
    """Any name that a file can have comes back the same."""
    data = [name.encode("utf-8", "surrogatepass") for name in names]
    location = locations.normal("/" + "/".join(os.fsdecode(name) for name in data))
    if locations.normal(location) == location and not location[1:3].endswith((":", "|")):
        assert locations.location_of(uri_of(location)) == location


@pytest.mark.parametrize("location", ["C:/a b/é.py", "//server/share/a.py", "/", "C:/"])
def test_drives_and_shares_survive_too(location: str) -> None:
    """So do those of Windows."""
    assert locations.location_of(uri_of(location)) == location


def test_names_that_are_not_utf8_can_be_opened(tmp_path: Path) -> None:
    """The location of such a file is what the operating system takes."""
    name = os.fsencode(tmp_path) + b"/caf\xe9.py"
    Path(os.fsdecode(name)).write_text("x = 1\n")
    uri = f"file://{tmp_path}/caf%E9.py"
    location = locations.location_of(uri)
    assert location is not None
    assert Path(location).read_text() == "x = 1\n"
    assert locations.printable(locations.name_of(location)) == "caf\ufffd.py"


def test_the_deepest_folder_holds_a_location() -> None:
    """Of folders within each other the inner one; a common beginning of names is none."""
    folders = ["/space", "/space/app", "C:/x", "/"]
    assert locations.root_of("/space/app/a.py", folders) == "/space/app"
    assert locations.root_of("/space/apple/a.py", folders) == "/space"
    assert locations.root_of("C:/x/a.py", folders) == "C:/x"
    assert locations.root_of("D:/a.py", folders[:3]) is None
    assert locations.relative("/space/app/a.py", "/space/app") == "a.py"
    assert locations.relative("/a.py", "/") == "a.py"
    assert locations.relative("C:/a.py", "C:/") == "a.py"


@pytest.mark.parametrize(
    ("location", "folder"),
    [
        ("/a/b", "/a"),
        ("/a", "/"),
        ("/", "/"),
        ("C:/a", "C:/"),
        ("C:/", "C:/"),
        ("//server/share", "//server"),
    ],
)
def test_folders_end_at_the_top(location: str, folder: str) -> None:
    """Going up ends at the root, a drive or a server."""
    assert locations.folder_of(location) == folder


def test_one_file_has_one_spelling_where_case_is_ignored() -> None:
    """Case, and the two ways to write an accented letter."""
    assert locations.folded("/Space/CAF\u00c9.py") == locations.folded("/space/cafe\u0301.py")
