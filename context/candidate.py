"""Candidates: pieces of other files that could go into a prompt, each with a score and a reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CandidateKind(StrEnum):
    """Where a candidate comes from."""

    IMPORT = "import"  # outline of names that the current file imports from the workspace
    LIBRARY = "library"  # outline of names imported from an installed library
    WINDOW = "window"  # lines of a recently accessed file that look like the code at the cursor
    SIBLING = "sibling"  # same package, header and source, test and implementation
    EDIT = "edit"  # a recent edit


@dataclass(frozen=True, slots=True)
class Candidate:
    """A piece of context.

    Attributes:
        kind: where it comes from.
        location: absolute path of its file, see `SourceFile.location`.
        path: what the model is told.
        language: LSP language identifier.
        text: complete lines with LF endings, secrets masked.
        score: the higher, the more useful; comparable between kinds, from 0 to 1.
        reason: why, for people: `defines Store, used 2 lines above`.
    """

    kind: CandidateKind
    location: str
    path: str
    language: str
    text: str
    score: float
    reason: str
