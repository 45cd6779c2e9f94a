"""Result files: JSON that is written whole or not at all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from lsp_server.bench.errors import ResultFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Format:
    """What the result files of one command look like: `{"kind", "format", ...}`.

    Attributes:
        kind: what stands in them.
        number: raised when older files cannot be read any more.
        command: what makes them, for messages.
    """

    kind: str
    number: int
    command: str

    def save(self, path: Path, content: Mapping[str, Any]) -> None:
        """Write a result as JSON.

        Raises:
            ResultFileError: the file cannot be written.
        """
        whole = {"kind": self.kind, "format": self.number, **content}
        # a setting of an odd kind must not lose an hour's work: it is written as text
        write(path, json.dumps(whole, allow_nan=False, default=str) + "\n")

    def load(self, path: Path, make: Callable[[dict[str, Any]], Made]) -> Made:
        """Read a result.

        Args:
            path: the file.
            make: gets what `save` was given, and may trip over what is missing or odd in it.

        Raises:
            ResultFileError: no such file, another command's, damaged, or of another format.
        """
        again = f"write one with `{self.command}`"
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            message = f"cannot read results from {path}: {error}; {again}"
            raise ResultFileError(message) from error
        if not isinstance(found, dict) or found.get("kind") != self.kind:
            message = f"{path} is not a result of midfill's kind {self.kind!r}; {again}"
            raise ResultFileError(message)
        if found.get("format") != self.number:
            message = f"{path} has format {found.get('format')}, this version reads {self.number}"
            raise ResultFileError(f"{message}; {again}")
        try:
            return make(found)
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            message = f"{path} is damaged: {error!r}; {again}"
            raise ResultFileError(message) from error


def write(path: Path, text: str) -> None:
    """Write a text, whole or not at all.

    Raises:
        ResultFileError: the file cannot be written; an older one is as it was.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        message = f"cannot write results to {path}: {error}; choose another place"
        raise ResultFileError(message) from error


def require_folder(path: Path | None) -> None:
    """An hour of measuring must not end with a path that cannot be written.

    Raises:
        ResultFileError: the folder of `path` is not there.
    """
    if path is not None and not path.parent.is_dir():
        message = f"cannot write {path}: there is no folder {path.parent}; make it first"
        raise ResultFileError(message)
