"""Where midfill may write: data (models), state (measured rates), logs. Nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_state_dir


def state_dir() -> Path:
    """Small files that are kept between sessions; `MIDFILL_STATE_DIR` overrides."""
    chosen = os.environ.get("MIDFILL_STATE_DIR")
    return Path(chosen) if chosen else Path(user_state_dir("midfill", appauthor=False))
