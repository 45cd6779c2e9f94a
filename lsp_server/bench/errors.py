"""Errors of benchmarks, as one tree.

BenchError               its text can be shown to the user as it is
├── TaskFileError        tasks that cannot be read or made
└── ResultFileError      results that cannot be read or compared
"""

from __future__ import annotations

from engine.errors import MidfillError


class BenchError(MidfillError):
    """Root of the tree; its text can be shown to the user as it is."""


class TaskFileError(BenchError):
    """Tasks that cannot be read or made."""


class ResultFileError(BenchError):
    """Results that cannot be read or compared."""
