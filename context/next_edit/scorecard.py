"""How sure a prediction is: points for what speaks for it, from a table that people can read."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Scorecard:
    """Points by trait; their sum is the log-odds of being right.

    Attributes:
        points: by the name of a trait.
        threshold: the confidence from which a prediction is shown.
    """

    points: Mapping[str, float]
    threshold: float

    def confidence(self, traits: Mapping[str, float]) -> float:
        """How often predictions with these traits are right, 0 to 1."""
        total = sum(self.points.get(name, 0.0) * value for name, value in traits.items())
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


@cache
def shipped() -> Scorecard:
    """The table that comes with midfill; `calibration.json` says how it was made."""
    source = resources.files("context.next_edit").joinpath("calibration.json")
    table = json.loads(source.read_text(encoding="utf-8"))
    return Scorecard(table["points"], table["threshold"])
