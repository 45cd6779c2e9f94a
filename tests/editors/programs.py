"""Editors and terminals of the system, which the tests drive."""

from __future__ import annotations

import os
import shutil

import pytest


def program(name: str) -> str:
    """Its path. Without it a test is skipped, but fails under `make test-editors`."""
    found = shutil.which(name)
    if found:
        return found
    reason = f"there is no {name}; tests/editors/install.sh installs it"
    if os.environ.get("MIDFILL_TEST_EDITORS"):
        pytest.fail(reason)
    pytest.skip(reason)
