"""Names of what is not a whole model by itself: parts of a GGUF file, and pointers of Git LFS."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.errors import ConversionError

if TYPE_CHECKING:
    from pathlib import Path

_PART = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf", re.DOTALL)
_CUT = re.compile(
    r"(?P<whole>.+\.gguf)[-.](?:split-?[a-z]|part-?(?:[a-z]|\d+)(?:of-?\d+)?)", re.IGNORECASE
)
"""Cut by bytes, as was usual before the format had parts."""
_MOST_PARTS = 1000
_POINTER = b"version https://git-lfs.github.com/spec/"


def siblings(name: str) -> list[str]:
    """Names of all parts of the model that a part's name tells of; the name alone of a whole one.

    >>> siblings("m-00002-of-00002.gguf")
    ['m-00001-of-00002.gguf', 'm-00002-of-00002.gguf']
    """
    found = _PART.fullmatch(name)
    if found is None or not 1 <= int(found["number"]) <= int(found["count"]) <= _MOST_PARTS:
        return [name]
    numbers = range(1, int(found["count"]) + 1)
    return [f"{found['stem']}-{number:05}-of-{found['count']}.gguf" for number in numbers]


def stem_of(name: str) -> str:
    """A file's name without its ending and without what tells of parts."""
    found = _PART.fullmatch(name)
    return found["stem"] if found else name.rpartition(".")[0] or name


def refuse_fragment(path: Path) -> None:
    """Make sure that a file is neither a pointer to a model nor a piece that was cut by bytes.

    Raises:
        ConversionError: it is, with the way to the whole model.
        OSError: it cannot be read.
    """
    if is_pointer(path):
        raise ConversionError(
            f"{path}: only a pointer of Git LFS, the model is still where it was cloned from; run "
            "`git lfs pull` in its folder"
        )
    if cut := _CUT.fullmatch(path.name):
        raise ConversionError(
            f"{path}: a piece of {cut['whole']}; join all pieces in their order into one file "
            f"(`cat PIECES > {cut['whole']}`), then give that"
        )


def is_pointer(path: Path) -> bool:
    """Whether a file is a pointer of Git LFS, which stands for a file that was not fetched.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        return stream.read(len(_POINTER)) == _POINTER
