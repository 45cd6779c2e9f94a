"""Settings of the engine: each defined once, with type, default, range and unit."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """How the model is run. These are read when the server starts.

    Attributes:
        model: name in the store; `auto` takes the one of `midfill models use`, else the best here.
        device: where the model runs: `auto`, `cpu`, `cuda`, or one card such as `cuda:1`.
        compute_type: its arithmetic; `auto` takes the fastest on a card that tells the truth.
        threads: cores used by one inference; 0 takes the physical cores, one left free from 4 on.
        state_share: part of the free memory at start that kept prompt states may take.
        state_max_mb: upper limit of that part.
        nice: how far the engine's process gives way to other programs (POSIX; not for `inside`).
        process: where the engine lives: in a process that all servers of this user share, in one of
            its own, or inside the server's.
        linger_s: how long the shared process stays after its last server left.
        idle_min: unload the model when nobody asked for so long, until somebody does; 0 never.
    """

    model: str = field(default="auto", metadata={"pattern": r"[a-z0-9][a-z0-9._-]{0,99}"})
    device: str = field(default="auto", metadata={"pattern": r"auto|cpu|cuda(:\d{1,2})?"})
    compute_type: str = field(
        default="auto",
        metadata={
            "choices": (
                "auto",
                "int8",
                "int8_float16",
                "int8_bfloat16",
                "float16",
                "bfloat16",
                "float32",
            )
        },
    )
    threads: int = field(default=0, metadata={"min": 0, "max": 1024})
    state_share: float = field(default=0.2, metadata={"min": 0, "max": 0.9})
    state_max_mb: int = field(default=1024, metadata={"min": 0, "max": 1_000_000, "unit": "MiB"})
    nice: int = field(default=0, metadata={"min": 0, "max": 19})
    process: str = field(default="shared", metadata={"choices": ("shared", "own", "inside")})
    linger_s: float = field(default=10.0, metadata={"min": 0, "max": 86_400, "unit": "s"})
    idle_min: float = field(default=60.0, metadata={"min": 0, "max": 100_000, "unit": "minutes"})
