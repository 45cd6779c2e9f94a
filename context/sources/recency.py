"""Recency: the most recently used files of each language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_RELATED: Final = (
    ("typescript", "typescriptreact", "javascript", "javascriptreact"),
    ("c", "cpp", "cuda-cpp", "objective-c", "objective-cpp"),
    ("java", "kotlin"),
    ("css", "scss", "less"),
)
_GROUP: Final = {language: group[0] for group in _RELATED for language in group}

MOST_LANGUAGES: Final = 16


def group_of(language: str) -> str:
    """Languages whose files use each other share a group: TypeScript and JavaScript, C and C++."""
    return _GROUP.get(language, language)


class Recency:
    """The most recently accessed locations of each group of languages, the newest first.

    Opening, focusing, editing and viewing are all accesses; none of them reads a file.
    """

    def __init__(self, most: int = 20) -> None:
        """Start with nothing.

        Args:
            most: locations kept for each group of languages.
        """
        self._most = most
        self._groups: dict[str, dict[str, None]] = {}  # group -> locations, the oldest first

    def touch(self, location: str, language: str) -> bool:
        """A file was accessed; False when it was the newest already."""
        group = group_of(language)
        known = self._groups.pop(group, {})
        self._groups[group] = known
        if known and next(reversed(known)) == location:
            return False
        for others in self._groups.values():
            others.pop(location, None)  # its language may have changed
        known[location] = None
        self._trim()
        return True

    def forget(self, location: str) -> bool:
        """A file is gone; False when it was not known."""
        holders = [known for known in self._groups.values() if location in known]
        for known in holders:
            del known[location]
        return bool(holders)

    def rename(self, old: str, new: str) -> bool:
        """A file has another name and keeps its place; False when it was not known."""
        found = False
        for group, known in self._groups.items():
            if old in known:
                found = True
                names = [new if name == old else name for name in known if name != new]
                self._groups[group] = dict.fromkeys(names)
        return found

    def resize(self, most: int) -> None:
        """Keep another number of locations for each group."""
        self._most = most
        self._trim()

    def files(self, language: str) -> tuple[str, ...]:
        """Locations of a language and its relatives, the newest first."""
        return tuple(reversed(self._groups.get(group_of(language), {})))

    def __iter__(self) -> Iterator[str]:
        """All locations."""
        return iter([name for known in self._groups.values() for name in known])

    def as_dict(self) -> dict[str, list[str]]:
        """For the state file: group to locations, the oldest first."""
        return {group: list(known) for group, known in self._groups.items()}

    @classmethod
    def from_dict(cls, saved: Any, most: int = 20) -> Recency:
        """What `as_dict` gave; whatever does not look like that is left out."""
        recency = cls(most)
        if isinstance(saved, dict):
            for group, names in saved.items():
                if isinstance(group, str) and isinstance(names, list):
                    kept = [name for name in names if isinstance(name, str) and name]
                    recency._groups[group] = dict.fromkeys(kept)
        recency._trim()
        return recency

    def _trim(self) -> None:
        while len(self._groups) > MOST_LANGUAGES:
            del self._groups[next(iter(self._groups))]
        for known in self._groups.values():
            while len(known) > self._most:
                del known[next(iter(known))]
