"""Errors of `midfill bundle`."""

from __future__ import annotations

from engine.errors import MidfillError


class BundleError(MidfillError):
    """The bundle could not be made; nothing of it is left."""
