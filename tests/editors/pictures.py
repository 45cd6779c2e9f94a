"""Pictures for the docs, made by the tests where MIDFILL_PICTURES names a folder."""

from __future__ import annotations

import os
import re
from pathlib import Path

_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def save(name: str, svg: str) -> None:
    """Write a picture that asks for no font from anywhere."""
    folder = os.environ.get("MIDFILL_PICTURES")
    if folder:
        Path(folder, name).write_text(_FONT.sub("", svg), encoding="utf-8")
