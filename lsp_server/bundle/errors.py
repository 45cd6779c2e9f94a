"""Errors of `midfill bundle`."""

from __future__ import annotations

from engine.errors import MidfillError


class BundleError(MidfillError):
    """The bundle could not be written; nothing is left behind."""
