"""The reader: files from open buffers and the disk, always through the gate.

It never raises for what it meets. What is kept out is counted by reason, and nothing else of it is
kept. A disk may hang, so everything here but `opened`, `changed` and `closed` belongs on a worker
thread; bounds are in bytes and in names, not in time.
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from context.access.disk import Disk, UnreadError
from context.access.files import SourceFile
from context.access.gate import Gate, GateReason, is_library, text_reason
from context.access.private_names import is_private
from context.languages import language_of
from context.locations import folded, folder_of, name_of, printable, relative, root_of
from context.secrets.mask import hidden
from context.settings import ContextSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from context.text import Text

_MOST_KEPT = 512
"""Files that are kept in memory, the latest asked for."""

_CONFIG_ENDINGS: Final = (
    ".cfg",
    ".json",
    ".mod",
    ".pth",
    ".toml",
    ".work",
    ".xml",
    ".yaml",
    ".yml",
)
"""Endings of project files that are parsed even when they lie above the workspace folder."""

_MOST_CONFIG_BYTES = 4 * 1024 * 1024
"""Project files may be large: `compile_commands.json` has a line for each source file."""

_MOST_FOREIGN = 0.05
"""Share of bytes that are not ASCII up to which a text that is not UTF-8 is taken for Western."""


@dataclass(frozen=True, slots=True)
class _Buffer:
    """An open document: its text wins over the disk."""

    location: str
    language: str
    text: Text


class Reader:
    """Files as the context engine may see them; the real `context.access.files.Files`.

    Attributes:
        gate: the policy.
        skipped: how often a file was kept out, by reason; no names.
    """

    def __init__(
        self, current: Callable[[], ContextSettings] = ContextSettings, disk: Disk | None = None
    ) -> None:
        """Make a reader without workspace folders and open documents.

        Args:
            current: says how large files may be and whether secrets are masked.
            disk: where the files are.
        """
        self._disk = disk or Disk()
        self._current = current
        self._lock = threading.Lock()
        self._buffers: dict[str, _Buffer] = {}
        self._ever_opened: set[str] = set()
        self._kept: OrderedDict[str, tuple[object, SourceFile | GateReason]] = OrderedDict()
        self.gate = Gate(self._disk)
        self.skipped: Counter[str] = Counter()

    # what an editor tells; none of it touches the disk

    def opened(self, location: str, language: str, text: Text) -> None:
        """Use the text of an opened document from now on."""
        key = self._key(location)
        with self._lock:
            self._buffers[key] = _Buffer(location, language, text)
            self._ever_opened.add(key)

    def changed(self, location: str, text: Text) -> None:
        """Use the new text of an open document."""
        key = self._key(location)
        with self._lock:
            if (known := self._buffers.get(key)) is not None:
                self._buffers[key] = _Buffer(known.location, known.language, text)

    def closed(self, location: str) -> None:
        """Use the disk again, because the document was closed."""
        with self._lock:
            self._buffers.pop(self._key(location), None)

    def reconfigured(self) -> None:
        """Drop what was read under other settings."""
        with self._lock:
            self._kept.clear()

    # what a worker thread asks

    def set_roots(self, roots: Iterable[str]) -> None:
        """Replace the workspace folders (locations). Reads the disk."""
        self.gate.set_roots(roots)
        with self._lock:
            self._buffers = {self._key(held.location): held for held in self._buffers.values()}
            self._kept.clear()

    def read(self, location: str) -> SourceFile | None:
        """The file, None when it is not there or the policy keeps it out."""
        found = self._read(location)
        if isinstance(found, SourceFile):
            return found
        self.skipped[found] += 1
        return None

    def read_config(self, location: str) -> str | None:
        """The text of a project file to parse, never to show: not masked, ignored or not."""
        known = is_library(location) or root_of(location, self.gate.roots) is not None
        if is_private(location) or not (known or location.lower().endswith(_CONFIG_ENDINGS)):
            self.skipped[GateReason.PRIVATE if is_private(location) else GateReason.OUTSIDE] += 1
            return None
        buffer = self._buffers.get(self._key(location))
        if buffer is not None:
            return _unix(str(buffer.text))
        text = self._text_on_disk(location, _MOST_CONFIG_BYTES)
        if isinstance(text, GateReason):
            self.skipped[text] += 1
            return None
        return text

    def is_file(self, location: str) -> bool:
        """Whether a regular file is there, or an open document that is not saved yet."""
        if self._key(location) in self._buffers:
            return True
        entry = self._disk.entry(location)
        return entry is not None and entry.is_file

    def is_folder(self, location: str) -> bool:
        """Whether a folder is there."""
        entry = self._disk.entry(location)
        return entry is not None and entry.is_folder

    def names(self, folder: str) -> tuple[str, ...]:
        """Names in a folder, sorted, at most 4,096 of the disk's; unsaved documents too."""
        names = self._disk.names(folder)
        held = [held.location for held in tuple(self._buffers.values())]
        unsaved = {name_of(place) for place in held if folder_of(place) == folder} - set(names)
        return tuple(sorted((*names, *unsaved))) if unsaved else names

    def root_of(self, location: str) -> str | None:
        """The workspace folder that holds a location, None outside of all."""
        return root_of(location, self.gate.roots)

    def skip(self, reason: str) -> None:
        """Count something that a parser of these files skipped."""
        self.skipped[reason] += 1

    def _key(self, location: str) -> str:
        return folded(location) if self.gate.ignores_case(location) else location

    def _read(self, location: str) -> SourceFile | GateReason:
        key = self._key(location)
        buffer = self._buffers.get(key)
        if buffer is not None:
            verdict = self.gate.verdict(location)
            version: object = buffer
        else:
            verdict = self.gate.reading_verdict(location, opened=key in self._ever_opened)
            entry = self._disk.entry(location)
            version = entry and entry.version
        if verdict.reason is not None:
            self._forget(key)
            return verdict.reason
        with self._lock:
            known = self._kept.get(key)
            if known is not None and _same(known[0], version):
                self._kept.move_to_end(key)
                return known[1]
        found = self._load(location, buffer)
        with self._lock:
            if found is GateReason.CHANGED:
                self._kept.pop(key, None)
            else:
                self._kept[key] = (version, found)
                self._kept.move_to_end(key)
                while len(self._kept) > _MOST_KEPT:
                    self._kept.popitem(last=False)
        return found

    def _load(self, location: str, buffer: _Buffer | None) -> SourceFile | GateReason:
        most = self._current().max_file_kb * 1024
        text = self._text_on_disk(location, most) if buffer is None else _text_of(buffer, most)
        if isinstance(text, GateReason):
            return text
        if not is_library(location) and (reason := text_reason(text)) is not None:
            return reason
        if self._current().mask_secrets:
            text = hidden(text)
        language = buffer.language if buffer else ""
        return SourceFile(
            location=location,
            path=self._path(location),
            language=language_of(location, language, text.partition("\n")[0]),
            text=text,
            stamp=_stamp(text),
        )

    def _text_on_disk(self, location: str, most: int) -> str | GateReason:
        try:
            _, data = self._disk.read(self._disk.resolved(location), most)
        except UnreadError as error:
            return GateReason(str(error))
        return decoded(data)

    def _path(self, location: str) -> str:
        """The path shown to a model, without anything above the workspace folder."""
        root = self.root_of(location)
        return printable(name_of(location) if root is None else relative(location, root))

    def _forget(self, key: str) -> None:
        with self._lock:
            self._kept.pop(key, None)


def decoded(data: bytes) -> str | GateReason:
    """The text of a file with LF endings, or the reason there is none.

    UTF-8 (with or without its mark), UTF-16 with its mark, and else Windows-1252 if nearly all of
    it is ASCII: any bytes are some text in that, but names in code stay right.
    """
    try:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            text = data.decode("utf-16")
        else:
            text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        if b"\0" in data:
            return GateReason.BINARY
        foreign = len(data) - len(data.translate(None, bytes(range(128, 256))))
        if foreign > len(data) * _MOST_FOREIGN:
            return GateReason.ENCODING
        text = data.decode("cp1252", "replace")
    return GateReason.BINARY if "\0" in text else _unix(text)


def _text_of(buffer: _Buffer, most: int) -> str | GateReason:
    text = _unix(str(buffer.text))
    return GateReason.TOO_LARGE if len(text) > most else text


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _same(one: object, other: object) -> bool:
    """Whether a text is unchanged; open texts are compared by identity."""
    if isinstance(one, _Buffer) and isinstance(other, _Buffer):
        return one.text is other.text and one.language == other.language
    return one == other and type(one) is type(other)


def _stamp(text: str) -> tuple[int, int]:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return len(text), int.from_bytes(digest, "big")
