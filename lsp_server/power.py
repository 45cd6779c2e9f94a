"""Whether work ahead is welcome: not on battery, where every token is somebody's hour of work."""

from __future__ import annotations

import time

_CHECK_S = 30.0


class Power:
    """Looks at the battery, at most every 30 seconds."""

    def __init__(self) -> None:
        self._checked = float("-inf")
        self._on_battery = False

    @property
    def on_battery(self) -> bool:
        """Whether the machine runs on its battery; False where that cannot be known."""
        now = time.monotonic()
        if now - self._checked > _CHECK_S:
            self._checked = now
            self._on_battery = _on_battery()
        return self._on_battery


def _on_battery() -> bool:
    import psutil

    try:
        battery = psutil.sensors_battery()
    except (AttributeError, OSError):  # no such sensor on this system
        return False
    return battery is not None and battery.power_plugged is False
