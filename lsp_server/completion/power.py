"""Whether to work ahead: not on battery, and not on a busy machine."""

from __future__ import annotations

import os
import time

_BATTERY_S = 30.0
_LOAD_S = 5.0
BUSY = 1.5
"""Processes that want to run, for each processor; the engine itself is at most one of these."""


class Power:
    """Battery and load of the machine, read at most every 30 and 5 seconds."""

    def __init__(self) -> None:
        self._battery_at = self._load_at = float("-inf")
        self._on_battery = self._busy = False

    def allows(self, ahead: str) -> bool:
        """Whether to work ahead under `suggestions.ahead`: `on`, `off` or `auto`."""
        return ahead == "on" or (ahead == "auto" and self.plenty)

    @property
    def plenty(self) -> bool:
        """Whether the machine has mains power and idle processors."""
        return not (self.on_battery or self.busy)

    @property
    def on_battery(self) -> bool:
        """Whether the machine runs on battery; False if unknown."""
        now = time.monotonic()
        if now - self._battery_at > _BATTERY_S:
            self._battery_at = now
            self._on_battery = _on_battery()
        return self._on_battery

    @property
    def busy(self) -> bool:
        """Whether more processes want to run than there are processors; False if unknown."""
        now = time.monotonic()
        if now - self._load_at > _LOAD_S:
            self._load_at = now
            self._busy = load() > BUSY
        return self._busy


def load() -> float:
    """Processes that wanted to run in the last minute, for each processor; 0 where unknown."""
    try:
        return os.getloadavg()[0] / (os.cpu_count() or 1)
    except (AttributeError, OSError):  # Windows, or a system that does not tell
        return 0.0


def _on_battery() -> bool:
    import psutil

    try:
        battery = psutil.sensors_battery()
    except (AttributeError, OSError):  # no such sensor on this system
        return False
    return battery is not None and battery.power_plugged is False
