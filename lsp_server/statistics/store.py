"""Local statistics on disk: sums by day, language and source.

Only numbers: no text, no name, no path. The file never leaves the machine, belongs to the user
alone, and `midfill stats --delete` removes it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from engine.errors import StoreError, reason
from lsp_server import paths

if TYPE_CHECKING:
    import sqlite3
    from collections import Counter
    from collections.abc import Mapping
    from pathlib import Path

_log = logging.getLogger(__name__)

SURVIVAL_S: Final = (30, 120, 600)
"""When accepted text is looked at again, in seconds."""
COUNTS: Final = ("offered", "shown", "accepted", "partly", "typed", "rejected")
SUMS: Final = tuple(f"{what}_{after}" for after in SURVIVAL_S for what in ("looked", "kept"))
_COLUMNS: Final = (*COUNTS, *SUMS)
_KEEP_DAYS: Final = 400
_WAIT_S: Final = 1.0
"""How long another server's write is waited for."""

_TABLE = (
    "CREATE TABLE IF NOT EXISTS fates (day TEXT, language TEXT, source TEXT, "
    + ", ".join(f"{name} REAL NOT NULL DEFAULT 0" for name in _COLUMNS)
    + ", PRIMARY KEY (day, language, source))"
)
_ADD = (
    f"INSERT INTO fates (day, language, source, {', '.join(_COLUMNS)}) "  # noqa: S608 - names above
    f"VALUES (?, ?, ?, {', '.join('?' * len(_COLUMNS))}) ON CONFLICT (day, language, source) "
    f"DO UPDATE SET {', '.join(f'{name} = {name} + excluded.{name}' for name in _COLUMNS)}"
)

_PRUNE = (  # by their number: a clock that once stood in 2099 must not make all others old
    "DELETE FROM fates WHERE day NOT IN "  # noqa: S608 - a number from above
    f"(SELECT DISTINCT day FROM fates ORDER BY day DESC LIMIT {_KEEP_DAYS})"
)

Key = tuple[str, str]
"""Language and source of an answer."""


@dataclass(frozen=True, slots=True)
class StatisticsRow:
    """Sums of one day, language and source; `sums` by the names of `COUNTS` and `SUMS`."""

    day: str
    language: str
    source: str
    sums: Mapping[str, float] = field(default_factory=dict)


def path() -> Path:
    """The path of the statistics file."""
    return paths.state_dir() / "statistics.sqlite"


def add(file: Path, sums: Mapping[Key, Counter[str]]) -> bool:
    """Add to today's sums; False when they are lost. May wait for the disk.

    A damaged file is set aside, a folder that cannot be written costs only the statistics.
    """
    import sqlite3

    day = time.strftime("%Y-%m-%d")
    rows = [(day, *key, *(one[name] for name in _COLUMNS)) for key, one in sums.items()]
    for _ in range(2):
        try:
            with contextlib.closing(_open(file)) as database, database:
                database.execute(_TABLE)
                database.executemany(_ADD, rows)
                database.execute(_PRUNE)
        except (OSError, sqlite3.OperationalError) as error:
            why = error if isinstance(error, sqlite3.Error) else reason(error)
            _log.warning("statistics could not be remembered: %s; `midfill doctor`", why)
            return False
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                _log.warning("statistics could not be remembered: %s", error)
                return False
            with contextlib.suppress(OSError):
                file.replace(file.with_suffix(".damaged"))
        else:
            return True
    return False


def read(file: Path) -> list[StatisticsRow]:
    """All sums, oldest first; empty if there are none.

    It is enough that the file can be read: it may be another user's, on a disk that is read-only.

    Raises:
        StoreError: the file is damaged or cannot be read.
    """
    import sqlite3

    query = f"SELECT day, language, source, {', '.join(_COLUMNS)} FROM fates ORDER BY day"  # noqa: S608 - names above
    try:
        file.stat()
        place = f"{file.as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(place, _WAIT_S, uri=True)) as database:
            return [
                StatisticsRow(day, language, source, dict(zip(_COLUMNS, sums, strict=True)))
                for day, language, source, *sums in database.execute(query)
            ]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, sqlite3.Error) as error:
        if isinstance(error, sqlite3.Error):
            if _is_damage(error):
                step = "`midfill stats --delete` starts afresh"
                raise StoreError(f"{file} is damaged ({error}); {step}") from error
            if str(error).startswith("no such table"):
                return []  # a server has made the file and not written to it yet
        why = error if isinstance(error, sqlite3.Error) else reason(error)
        step = "make it readable, or set MIDFILL_STATE_DIR to another folder"
        if "locked" in str(why):
            step = "a server writes to it; try again"
        raise StoreError(f"{file} cannot be read ({why}); {step}") from error


def files(file: Path) -> list[Path]:
    """What is there of the statistics: the file, its journal, and a damaged one set aside."""
    every = (file.with_suffix(suffix) for suffix in (".sqlite", ".sqlite-journal", ".damaged"))
    return [one for one in every if one.exists()]


def delete(file: Path) -> None:
    """Remove the statistics.

    Raises:
        OSError: they cannot be removed.
    """
    for one in files(file):
        one.unlink(missing_ok=True)


def _is_damage(error: sqlite3.Error) -> bool:
    """Whether the file is none of sqlite's any more, and not merely closed, locked or strange."""
    import sqlite3

    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest says more of the same code
    return code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def _open(file: Path) -> sqlite3.Connection:
    import sqlite3

    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))  # sqlite's own files copy its rights
    return sqlite3.connect(file, timeout=_WAIT_S)
