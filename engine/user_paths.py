"""Paths that the environment names: always absolute, so that server and host mean the same."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import MidfillError

if TYPE_CHECKING:
    from collections.abc import Callable


class UnknownPathError(MidfillError):
    """A path that begins in a folder which is not known; the text says what to set."""


def user_path(variable: str, default: Callable[[], str]) -> Path:
    """What an environment variable names, `~` expanded and relative to the working folder.

    Args:
        variable: its name.
        default: gives the path where the variable is not set.

    Raises:
        UnknownPathError: there is no home folder, or no working folder, to begin with.
    """
    given = os.environ.get(variable, "")
    try:
        return absolute(given or default())
    except (OSError, RuntimeError) as error:  # RuntimeError: platformdirs found no home either
        why = f"{variable} is {given!r}, but" if given else "where to keep files is unknown:"
        what = "home" if given.startswith("~") or isinstance(error, RuntimeError) else "working"
        raise UnknownPathError(
            f"{why} this user has no {what} folder; set {variable} to an absolute path, or HOME"
        ) from error


def absolute(given: str) -> Path:
    """A path with `~` expanded, relative to the working folder.

    Raises:
        OSError: the home folder is not known, or the working folder is gone.
    """
    path = os.path.expanduser(given)  # noqa: PTH111 - as `absolute`, but links stay as they are
    if path.startswith("~"):
        raise FileNotFoundError(errno.ENOENT, "no home folder is known")
    return Path(os.path.abspath(path))  # noqa: PTH100
