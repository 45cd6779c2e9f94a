"""Where midfill may write: data (models), state (measured rates), logs. Nowhere else.

The config file is the user's: it is only read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from platformdirs import user_config_dir, user_state_dir

from engine.user_paths import user_path

if TYPE_CHECKING:
    from pathlib import Path


def state_dir() -> Path:
    """Small files that are kept between sessions; `MIDFILL_STATE_DIR` overrides.

    Raises:
        UnknownPathError: see `engine.user_paths`.
    """
    return user_path("MIDFILL_STATE_DIR", lambda: user_state_dir("midfill", appauthor=False))


def config_file() -> Path:
    """The user's settings; `MIDFILL_CONFIG` overrides.

    Raises:
        UnknownPathError: see `engine.user_paths`.
    """
    return user_path(
        "MIDFILL_CONFIG", lambda: f"{user_config_dir('midfill', appauthor=False)}/config.toml"
    )
