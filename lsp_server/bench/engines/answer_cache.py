"""Model answers on disk, so that an interrupted run can continue.

One JSON line an answer, in a file a model: `{"key", "value"}`.
A key is the hash of everything that decides a greedy answer.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from lsp_server.bench.errors import ResultFileError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def key_of(what: Mapping[str, Any]) -> str:
    """The hash of a description; equal descriptions in any order give equal keys."""
    spelled = json.dumps(what, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(spelled.encode("utf-8", "surrogatepass")).hexdigest()[:32]


class AnswerCache:
    """A growing file of answers; several processes may append to it at once."""

    def __init__(self, path: Path) -> None:
        """Read what is there.

        Raises:
            ResultFileError: the folder cannot be written.
        """
        self._path = path
        self._known: dict[str, Any] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a+", encoding="utf-8") as file:
                file.seek(0)
                lines = file.readlines()
                if lines and not lines[-1].endswith("\n"):
                    file.write("\n")  # its writer died; what comes now starts on a line of its own
        except OSError as error:
            message = f"cannot keep answers in {path}: {error}; choose another place with --memo"
            raise ResultFileError(message) from error
        for line in lines:
            try:
                row = json.loads(line)
                self._known[row["key"]] = row["value"]
            except (ValueError, KeyError, TypeError):
                continue  # a line that was cut off when its process died

    def __len__(self) -> int:
        """How many answers are known."""
        return len(self._known)

    def get(self, key: str) -> Any:
        """The value of a key, None when there is none."""
        return self._known.get(key)

    def put(self, key: str, value: Any) -> None:
        """Keep a value, on disk at once."""
        self._known[key] = value
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": key, "value": value}, ensure_ascii=False) + "\n")
