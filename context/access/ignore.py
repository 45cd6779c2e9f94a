"""Ignore files: what `.gitignore`, `.midfillignore` and git's own excludes say about a file.

Git's rules are git's: the last pattern that matches says, files of deeper folders over those of
higher ones, and all of them over `.git/info/exclude` and the global excludes file. Above them all
stands `.midfillignore`, which has the same syntax and lies in any folder of the workspace; a `!`
pattern in it lets midfill see what git ignores. Git itself is never run.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Final

from context.access.parsed import FRESH_S, Parsed
from context.locations import folded, folder_of, is_inside, normal, relative

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pathspec import GitIgnoreSpec

    from context.access.disk import Disk

OWN_NAME: Final = ".midfillignore"
GIT_NAME: Final = ".gitignore"

_LONGEST_PATTERN = 500
_MOST_STARS = 5
"""Wildcards of a pattern are matched with backtracking; a pattern with more could take for ever."""
_DEEPEST = 100


class IgnoreFiles:
    """All ignore files around some locations, cached until they change."""

    def __init__(self, disk: Disk, clock: Callable[[], float] = time.monotonic) -> None:
        """Prepare; nothing is read before `covers`.

        Args:
            disk: where the files are.
            clock: seconds, to believe a look at the disk for a moment.
        """
        self._disk = disk
        self._clock = clock
        self._exact = Parsed(disk, parse, clock)
        self._folded = Parsed(disk, lambda text: parse(text, fold=True), clock)
        self._pointers = Parsed(disk, str.strip, clock)
        self._configs = Parsed(disk, excludes_file_in, clock)
        self._repositories: dict[str, tuple[float, str | None]] = {}

    def covers(
        self, location: str, root: str | None, *, fold: bool = False, own: bool = False
    ) -> bool:
        """Whether a file is ignored.

        Args:
            location: of the file.
            root: the workspace folder that holds it, None outside of all.
            fold: the file system ignores case, so patterns do.
            own: ask `.midfillignore` alone.
        """
        folders = list(_upwards(folder_of(location)))
        repository = self._repository_of(folders[0])
        top = min(filter(None, (root, repository)), key=len, default=None)
        specs = [] if own else self._git_specs(folders, repository or root, fold=fold)
        if root is not None and root != top and _says_ignore(specs, root + "/", fold=fold):
            # somebody opened a folder that a repository above ignores: a home kept in git, often
            specs = self._git_specs(folders, root, fold=fold)
        specs = specs + self._specs_in(folders, top, OWN_NAME, fold=fold)
        if not specs:
            return False
        # a folder that is ignored takes everything in it along
        inner = [folder + "/" for folder in reversed(folders)]
        return any(_says_ignore(specs, place, fold=fold) for place in (*inner, location))

    def forget(self) -> None:
        """Read the disk again at the next question."""
        for files in (self._exact, self._folded, self._pointers, self._configs):
            files.forget()
        self._repositories.clear()

    def _git_specs(
        self, folders: list[str], top: str | None, *, fold: bool
    ) -> list[tuple[str, GitIgnoreSpec]]:
        """Base folders and patterns that git would use, weakest first."""
        found = []
        if top is not None:
            git_folder = self._git_folder(top)
            for path in (self._excludes_file(git_folder), f"{git_folder}/info/exclude"):
                spec = self._spec(path, fold=fold)
                if spec is not None:
                    found.append((top, spec))
        return found + self._specs_in(folders, top, GIT_NAME, fold=fold)

    def _specs_in(
        self, folders: list[str], top: str | None, name: str, *, fold: bool
    ) -> list[tuple[str, GitIgnoreSpec]]:
        """The ignore files of one name from `top` down to the deepest folder."""
        found = []
        for folder in reversed(folders):
            if folder == folders[0] if top is None else is_inside(folder, top):
                spec = self._spec(f"{folder.rstrip('/')}/{name}", fold=fold)
                if spec is not None:
                    found.append((folder, spec))
        return found

    def _spec(self, path: str, *, fold: bool) -> GitIgnoreSpec | None:
        """The patterns of one file, or None."""
        return (self._folded if fold else self._exact).get(path)

    def _repository_of(self, folder: str) -> str | None:
        """The work tree that holds a folder, or None."""
        now = self._clock()
        known = self._repositories.get(folder)
        if known is None or now - known[0] >= FRESH_S:
            found = None
            for place in _upwards(folder):
                if self._disk.entry(f"{place.rstrip('/')}/.git") is not None:
                    found = place
                    break
            self._repositories[folder] = known = (now, found)
        return known[1]

    def _git_folder(self, repository: str) -> str:
        """Where `info/exclude` and `config` are, also of submodules and linked work trees."""
        place = f"{repository.rstrip('/')}/.git"
        pointer = self._pointers.get(place)
        if pointer is not None:
            place = _joined(repository, pointer.removeprefix("gitdir:").strip())
            place = _joined(place, self._pointers.get(f"{place}/commondir") or ".")
        return place

    def _excludes_file(self, git_folder: str) -> str:
        """The global excludes file, as git's configuration or else its default says."""
        home = self._disk.home()
        settings = self._disk.variable("XDG_CONFIG_HOME") or f"{home}/.config"
        chosen = self._disk.variable("GIT_CONFIG_GLOBAL")
        own = [chosen] if chosen else [f"{home}/.gitconfig", f"{settings}/git/config"]
        for file in (f"{git_folder}/config", *own, "/etc/gitconfig"):
            if named := self._configs.get(file):
                return self._expanded(named, home)
        return f"{settings}/git/ignore"

    def _expanded(self, path: str, base: str) -> str:
        if path.startswith("~/"):
            return self._disk.home() + path[1:]
        return _joined(base, path)


def parse(text: str, *, fold: bool = False) -> GitIgnoreSpec | None:
    """The patterns of an ignore file, or None. Lines that git rejects are skipped."""
    from pathspec import GitIgnoreSpec

    lines = [
        folded(line) if fold else line
        for line in text.replace("\r\n", "\n").split("\n")
        if line.strip()
        and not line.startswith("#")
        and len(line) <= _LONGEST_PATTERN
        and line.replace("**", "*").count("*") <= _MOST_STARS
    ]
    try:
        return GitIgnoreSpec.from_lines(lines) if lines else None
    except (ValueError, re.error):
        good = [line for line in lines if _is_pattern(line)]
        return GitIgnoreSpec.from_lines(good) if good else None


def excludes_file_in(config: str) -> str:
    """The value of `core.excludesFile` in a git configuration, or ""; the last one counts.

    Included files are not followed.
    """
    found, section = "", ""
    for raw in config.splitlines():
        line = raw.strip()
        if line.startswith("["):
            section = line[1:].partition("]")[0].strip().lower()
        elif section == "core":
            key, _, value = line.partition("=")
            if key.strip().lower() == "excludesfile":
                found = value.split(" #")[0].split(" ;")[0].strip().strip('"')
    return found.replace("\\\\", "\\")


def _is_pattern(line: str) -> bool:
    from pathspec import GitIgnoreSpec

    try:
        GitIgnoreSpec.from_lines([line])
    except (ValueError, re.error):
        return False
    return True


def _says_ignore(specs: list[tuple[str, GitIgnoreSpec]], place: str, *, fold: bool) -> bool:
    """The verdict of the strongest pattern on a file, or on a folder (ending in a slash)."""
    for base, spec in reversed(specs):
        if is_inside(place, base) and len(place.rstrip("/")) > len(base):
            name = relative(place, base)
            said = _said(spec, folded(name) if fold else name)
            if said is not None:
                return said
    return False


def _said(spec: GitIgnoreSpec, name: str) -> bool | None:
    """The verdict of the last pattern that matches a name itself.

    The library's own answer also counts matches of a folder above. Here each folder is asked for
    itself, as git does, and a pattern for it must not outweigh a weaker one for the file. What
    matched can be told only by a group of the library's expressions, so its version is pinned.
    """
    for pattern in reversed(spec.patterns):
        found = None if pattern.include is None else pattern.match_file(name)
        if found is None:
            continue
        match = found.match
        if "ps_d" not in match.re.groupindex:  # `x/**` is for what is in `x`, not for `x`
            itself = match.re.match(name.rstrip("/")) is not None
        elif match["ps_d"] is None:
            itself = True  # no folder's mark in it
        else:
            any_folder = not match.re.pattern.startswith("^")
            itself = name.endswith("/") and (any_folder or match.end("ps_d") == len(name))
        if itself:
            return bool(pattern.include)
    return None


def _upwards(folder: str) -> Iterator[str]:
    """A folder and its parents, deepest first."""
    for _ in range(_DEEPEST):
        yield folder
        above = folder_of(folder)
        if above == folder:
            return
        folder = above


def _joined(base: str, path: str) -> str:
    absolute = path.startswith(("/", "\\\\")) or path[1:2] == ":"
    return normal(path if absolute else f"{base.rstrip('/')}/{path}")
