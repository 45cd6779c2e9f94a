"""Settings of the engine: each defined once, with type, default and unit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """How the model is run.

    Attributes:
        model: name in the store.
        device: `auto`, `cpu` or `cuda`.
        threads: cores used by one inference; 0 takes the physical cores, one left free from 4 on.
        state_share: part of the free memory at start that kept prompt states may take, 0 to 0.9.
        state_max_mb: upper limit of that part, in MiB.
    """

    model: str = "qwen2.5-coder-0.5b"
    device: str = "auto"
    threads: int = 0
    state_share: float = 0.2
    state_max_mb: int = 2048
