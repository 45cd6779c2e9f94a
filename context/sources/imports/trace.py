"""From the imports of a file to the definitions that they mean, through re-exports."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from context.locations import folder_of, stem_of
from context.memo import Memo
from context.sources.imports.go import package_files
from context.sources.outline_pieces import Pick
from context.sources.usage import TYPE_OF_OPEN
from context.syntax.outline import outline_of
from context.syntax.trees import syntax_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from context.access.files import Files, SourceFile
    from context.sources.imports.model import Import, ImportTarget, Resolver
    from context.sources.usage import Usage
    from context.syntax.outline import Definition

MAX_READS: Final = 120
"""Most files that one search opens."""

MAX_STEPS: Final = 5
"""Most re-exports that are followed from an import to the definition."""

OFFER_REACH: Final = 30
"""Lines from the cursor within which a module that is used by name shows what else it has."""

_MODULE_SHARE = 0.8
_TYPES_SHARE = 0.55
_FURTHER_SHARE = 0.45
_RESULT_SHARE = 0.95
_FOLLOWED = 0.55
_MENTIONS = 6
_OPEN = 0.88
_LISTED = 60
_MAX_NAMES = 250

_statements: Memo[tuple[Import, ...]] = Memo(512)


def imports_of(file: SourceFile, resolver: Resolver) -> tuple[Import, ...]:
    """The import statements of a file, cached."""

    def make() -> tuple[Import, ...]:
        syntax = syntax_of(file)
        return tuple(resolver.imports(syntax)) if syntax else ()

    return _statements.get((file.location, file.stamp, file.language), make)


class ImportTrace:
    """One search through files; remembers what it has opened and stops when that is too much."""

    def __init__(
        self,
        files: Files,
        resolver: Resolver,
        locate: Callable[[Import, SourceFile], ImportTarget],
        max_reads: int = MAX_READS,
        offer_reach: int = OFFER_REACH,
    ) -> None:
        """A search that has opened nothing yet.

        Args:
            files: the one way to files.
            resolver: finds the import statements of a file.
            locate: where a statement in a file leads.
            max_reads: most files that are opened.
            offer_reach: lines from the cursor within which a module that is used by name shows
                what else it has.
        """
        self._max_reads = max_reads
        self._offer_reach = offer_reach
        self._files = files
        self._resolver = resolver
        self._locate = locate
        self._opened: dict[str, SourceFile | None] = {}
        self._targets: dict[tuple[str, str, str], ImportTarget] = {}

    def picks(
        self, current: SourceFile, statements: Sequence[Import], usage: Usage
    ) -> Iterator[Pick]:
        """Definitions of what `current` imports, each with how much it counts."""
        # names used nearest first, so that a search that ends early has found the best
        ordered = sorted(statements, key=lambda found: -usage.score(found.alias or found.name))
        for statement in ordered:
            target = self._target(statement, current)
            if statement.name == "":
                yield from self._module(target.files, statement.alias, usage)
            elif statement.name == "*":
                yield from self._everything(target.files, current, usage)
            else:
                yield from self._name(statement, target, usage)

    def _name(self, statement: Import, target: ImportTarget, usage: Usage) -> Iterator[Pick]:
        distance = usage.lines.get(statement.alias)
        found = self.define(target.files, statement.name)
        if not found and target.submodule:
            yield from self._module(target.submodule, statement.alias, usage)
            return
        if not found and distance is not None:
            found = self.define(target.inside, statement.name, 0)
        score = max(usage.score(statement.alias), usage.score(statement.name))
        for file, definition in found:
            known_as = statement.alias if definition.name == "default" else definition.name
            yield Pick(file, replace(definition, name=known_as), score, distance)
        yield from self._types(found, statement.alias, score)

    def _module(self, locations: Sequence[str], alias: str, usage: Usage) -> Iterator[Pick]:
        """What is used of a module, then what else it offers when it is used near the cursor."""
        used = usage.members.get(alias, {})
        for name, distance in used.items():
            found = self.define(locations, name)
            for file, definition in found:
                yield Pick(file, definition, usage.score(name), distance)
            yield from self._types(found, name, usage.score(name))
        nearest = usage.lines.get(alias)
        if nearest is None or abs(nearest) > self._offer_reach:
            return
        score = _OPEN if alias in usage.open else usage.score(alias) * _MODULE_SHARE
        note = f"offered by {alias}"
        listed = 0
        for file in self.open_all(locations):
            for definition in outline_of(file).definitions:
                if is_public(definition.name, file.language) and listed < _LISTED:
                    listed += 1
                    yield Pick(file, definition.brief(), score, nearest, note)

    def _everything(
        self, locations: Sequence[str], current: SourceFile, usage: Usage
    ) -> Iterator[Pick]:
        """What is used of modules whose names all come in."""
        if current.language == "java":  # one public class a file, of the same name
            locations = [place for place in locations if stem_of(place) in usage.lines]
        own = outline_of(current).by_name
        nearest = sorted(usage.lines.items(), key=lambda item: (abs(item[1]), item[0]))
        for name, distance in nearest[:_MAX_NAMES] if locations else ():
            if name not in own:
                for file, definition in self.define(locations, name):
                    yield Pick(file, definition, usage.score(name), distance)

    def _types(
        self, found: Sequence[tuple[SourceFile, Definition]], name: str, score: float
    ) -> Iterator[Pick]:
        """Types that the found definitions mention: one step further.

        Of the same file always, of the files that it imports only for what is used near.
        """
        note = f"mentioned by {name}"
        # what a function gives, behind whose call a dot stands, matters more than the function
        share = _RESULT_SHARE if score >= TYPE_OF_OPEN else _TYPES_SHARE
        further = share if share == _RESULT_SHARE else _FURTHER_SHARE
        for file, definition in found:
            by_name = outline_of(file).by_name
            types = [other for other in sorted(definition.mentions()) if other[:1].isupper()]
            for mentioned in types:
                for other in by_name.get(mentioned, ()):
                    yield Pick(file, other, score * share, None, note)
            if score < _FOLLOWED:
                continue
            elsewhere = [mentioned for mentioned in types if mentioned not in by_name]
            for mentioned in elsewhere[:_MENTIONS]:
                for place, other in self.define(self._package_of(file), mentioned):
                    yield Pick(place, other, score * further, None, note)

    def _package_of(self, file: SourceFile) -> Sequence[str]:
        """The files whose names a file sees without import, itself first."""
        if file.language not in _SPREAD:
            return (file.location,)
        folder = folder_of(file.location)
        return (file.location, *package_files(folder, self._files))

    def define(
        self,
        locations: Sequence[str],
        name: str,
        steps: int = MAX_STEPS,
        seen: set[tuple[str, str]] | None = None,
    ) -> list[tuple[SourceFile, Definition]]:
        """Where a module's `name` is defined: in its files, or where those import it from."""
        seen = set() if seen is None else seen
        opened = self.open_all(locations)
        there: list[tuple[SourceFile, Definition]] = []
        for file in opened:
            found = outline_of(file).by_name.get(name, ())
            there += [(file, definition) for definition in found[:_OVERLOADS]]
            if there and file.language not in _SPREAD:
                break
        if there or steps == 0:
            return there
        for file in opened:
            if (file.location, name) in seen:
                continue
            seen.add((file.location, name))
            for statement in imports_of(file, self._resolver):
                if statement.alias != name and statement.name != "*":
                    continue
                wanted = name if statement.name == "*" else statement.name
                target = self._target(statement, file)
                if wanted and (found_there := self.define(target.files, wanted, steps - 1, seen)):
                    return found_there
        return []

    def _target(self, statement: Import, origin: SourceFile) -> ImportTarget:
        key = (statement.module, statement.name, origin.location)
        if key not in self._targets:
            self._targets[key] = self._locate(statement, origin)
        return self._targets[key]

    def open_all(self, locations: Iterable[str]) -> list[SourceFile]:
        """Those of some files that can be read."""
        return [file for location in locations if (file := self.open(location))]

    def open(self, location: str) -> SourceFile | None:
        """The file at a location, as long as the search may open more."""
        if location not in self._opened and len(self._opened) < self._max_reads:
            self._opened[location] = self._files.read(location)
        return self._opened.get(location)


_OVERLOADS = 4
_SPREAD = frozenset({"go"})
"""Languages that spread one type's methods over the files of a package."""


def is_public(name: str, language: str) -> bool:
    """Whether other files are meant to use a name."""
    return name[:1].isupper() if language == "go" else not name.startswith("_")
