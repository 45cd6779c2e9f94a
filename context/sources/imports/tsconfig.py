"""`paths` and `baseUrl` of tsconfig.json and jsconfig.json."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from context.locations import ancestors, folder_of, join
from context.sources.imports.configs import objects, read_object, strings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from context.access.files import Files

_MAX_EXTENDS: Final = 8
_MAX_REFERENCES: Final = 16
_NAMES: Final = ("tsconfig.json", "jsconfig.json")


@dataclass(frozen=True, slots=True)
class PathMap:
    """Where module names lead.

    Attributes:
        base: folder of names that are not relative, "" for none.
        patterns: pattern with at most one `*`, and the locations it may mean, with the same `*`.
    """

    base: str = ""
    patterns: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def lookup(self, module: str) -> Iterator[str]:
        """Locations, without extension perhaps, that a module name may mean."""
        best = [
            (len(head) + (not star) * _EXACT, head, tail, star, places)
            for pattern, places in self.patterns
            for head, star, tail in [pattern.partition("*")]
            if (module.startswith(head) and module.endswith(tail) if star else module == head)
            and len(module) >= len(head) + len(tail)
        ]
        # the longest beginning wins, as in TypeScript
        for _, head, tail, star, places in sorted(best, key=lambda entry: -entry[0])[:1]:
            middle = module[len(head) : len(module) - len(tail)] if star else ""
            for place in places:
                yield place.replace("*", middle, 1)
        if self.base:
            yield join(self.base, module)


_EXACT = 10_000


def path_map(location: str, files: Files) -> PathMap:
    """The map of the nearest configuration above a file that says anything."""
    for folder in ancestors(location, files.root_of(location)):
        for name in _NAMES:
            config = join(folder, name)
            if files.is_file(config):
                found = _load(config, files, _MAX_EXTENDS) or _referenced(config, files)
                return found or PathMap()
    return PathMap()


def _load(config: str, files: Files, steps: int) -> PathMap | None:
    """The map that a configuration sets or inherits, None when there is none."""
    value = read_object(config, files)
    options = objects(value.get("compilerOptions"))
    folder = folder_of(config)
    base_url = options.get("baseUrl")
    base = join(folder, base_url) if isinstance(base_url, str) else ""
    paths = objects(options.get("paths"))
    if paths or base:
        start = base or folder
        patterns = tuple(
            (pattern, tuple(join(start, place) for place in strings(places)))
            for pattern, places in paths.items()
        )
        inherited = None if paths else _inherited(value.get("extends"), folder, files, steps)
        return PathMap(base, patterns or (inherited.patterns if inherited else ()))
    return _inherited(value.get("extends"), folder, files, steps)


def _inherited(extends: object, folder: str, files: Files, steps: int) -> PathMap | None:
    if steps == 0:
        return None
    # the last one of a list wins
    for name in reversed(strings(extends)):
        for place in _extended(name, folder, files):
            if files.is_file(place):
                found = _load(place, files, steps - 1)
                if found:
                    return found
                break
    return None


def _extended(name: str, folder: str, files: Files) -> Iterator[str]:
    if name.startswith((".", "/")):
        base = join(folder, name)
        yield base
        yield f"{base}.json"
        return
    for above in ancestors(
        join(folder, "x"), files.root_of(folder) or files.root_of(f"{folder}/x")
    ):
        base = join(above, "node_modules", name)
        yield from (base, f"{base}.json", f"{base}/tsconfig.json")


def _referenced(config: str, files: Files) -> PathMap | None:
    """The map of a configuration that only refers to others (`"files": []`)."""
    references = read_object(config, files).get("references")
    for reference in references[:_MAX_REFERENCES] if isinstance(references, list) else ():
        for path in strings(objects(reference).get("path")):
            place = join(folder_of(config), path)
            place = place if place.endswith(".json") else f"{place}/tsconfig.json"
            found = _load(place, files, _MAX_EXTENDS)
            if found:
                return found
    return None
