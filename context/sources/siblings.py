"""Files that belong together without an import: packages, header and source, test and tested."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from context.candidate import Candidate, CandidateKind
from context.locations import folder_of, name_of, stem_of
from context.sources.counterparts import counterparts, is_test
from context.sources.imports import resolver_of, rows
from context.sources.imports.go import package_files
from context.sources.imports.java import class_files
from context.sources.imports.trace import imports_of, is_public
from context.sources.outline_pieces import Pick, candidates
from context.sources.usage import REACH, Usage, where
from context.syntax.outline import outline_of
from context.syntax.outline.model import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from context.access.files import Files, SourceFile
    from context.syntax.outline import Interest

MAX_FILES: Final = 60
"""Most files of a package that are opened."""

_PACKAGE_SHARE = 0.95
_TESTED = 0.6
_OTHER = 0.42
_RESEMBLING = 0.5
_MAX_RESEMBLING = 8
_MAX_LISTED = 60


def gather(
    current: SourceFile, cursor_line: int, files: Files, *, column: int = 0
) -> list[Candidate]:
    """Outlines from the same package and from the file's counterpart, the best first.

    Args:
        current: the file being edited, with the text of its buffer.
        cursor_line: 0-based line of the cursor.
        files: the one way to other files.
        column: of the cursor, in code points.
    """
    resolver = resolver_of(current.language)
    if resolver is None:
        return []
    own = outline_of(current)
    imported = rows(imports_of(current, resolver))
    usage = Usage.near(current.text, cursor_line, imported, column=column)
    usage = usage.through(own)
    picks = [*_package(current, usage, files), *_counterparts(current, usage, files)]
    found = (pick for pick in picks if pick.definition.name not in own.by_name)
    return candidates(CandidateKind.SIBLING, found, usage)


def _package(current: SourceFile, usage: Usage, files: Files) -> Iterator[Pick]:
    """Names of the same package that are used, or resemble what is written, near the cursor."""
    interest = usage.interest()
    for location in _package_files(current, usage, interest, files):
        file = files.read(location)
        if file is None:
            continue
        by_name = outline_of(file).by_name
        for name in sorted(by_name.keys() & usage.lines.keys()):
            distance = usage.lines[name]
            for definition in by_name[name]:
                yield Pick(file, definition, usage.score(name) * _PACKAGE_SHARE, distance)
        alike = sorted(
            by_name.keys() - usage.lines.keys(), key=lambda name: _unlike(name, interest)
        )
        for name in alike[:_MAX_RESEMBLING]:
            shared = -_unlike(name, interest)[0]
            if shared > 0:
                score = _RESEMBLING * shared
                note = "its name is like words near the cursor"
                for definition in by_name[name]:
                    yield Pick(file, definition, score, None, note)


def _unlike(name: str, interest: Interest) -> tuple[float, str]:
    """How little the words of a name are those near the cursor, from -1 to 0."""
    words = words_of(name)
    return -len(words & interest.words) / len(words) if words else 0.0, name


def _package_files(
    current: SourceFile, usage: Usage, interest: Interest, files: Files
) -> list[str]:
    """Files of the same package: all in Go; in Java those whose class may be meant."""
    folder = folder_of(current.location)
    if current.language == "go":
        found = package_files(folder, files)
        return [location for location in found if location != current.location][:MAX_FILES]
    if current.language == "java":
        places = [place for place in class_files(folder, files) if place != current.location]
        used = [place for place in places if stem_of(place) in usage.lines]
        others = (place for place in places if stem_of(place) not in usage.lines)
        alike = sorted(others, key=lambda place: _unlike(stem_of(place), interest))
        alike = [place for place in alike if _unlike(stem_of(place), interest)[0] < 0]
        return (used + alike[:_MAX_RESEMBLING])[:MAX_FILES]
    return []


def _counterparts(current: SourceFile, usage: Usage, files: Files) -> Iterator[Pick]:
    """Names of the header of a source, the source of a test, and the other way round."""
    for location in counterparts(current.location, files):
        file = files.read(location)
        if file is None:
            continue
        wanted = is_test(name_of(current.location)) or file.location.endswith((".h", ".hpp", ".hh"))
        base = _TESTED if wanted else _OTHER
        for definition in islice(outline_of(file).definitions, _MAX_LISTED):
            distance = usage.lines.get(definition.name)
            used = distance is not None and abs(distance) < REACH
            if not used and not is_public(definition.name, file.language):
                continue
            score = max(base, usage.score(definition.name)) if used else base
            note = where(distance) if used else f"counterpart of {name_of(current.location)}"
            yield Pick(file, definition, score, distance, note)
