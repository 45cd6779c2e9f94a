"""Where midfill may write: data (models), state (measured rates), logs. Nowhere else.

The config file is the user's: it is only read.
"""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_config_dir, user_state_dir


def state_dir() -> Path:
    """Small files that are kept between sessions; `MIDFILL_STATE_DIR` overrides."""
    chosen = os.environ.get("MIDFILL_STATE_DIR")
    return Path(chosen) if chosen else Path(user_state_dir("midfill", appauthor=False))


def config_file() -> Path:
    """The user's settings; `MIDFILL_CONFIG` overrides."""
    chosen = os.environ.get("MIDFILL_CONFIG")
    if chosen:
        return Path(chosen)
    return Path(user_config_dir("midfill", appauthor=False)) / "config.toml"
