"""Settings of the engine: each defined once, with type, default, range and unit."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """How the model runs. Read when the server starts.

    Attributes:
        model: name in the store; `auto` takes the one chosen with `midfill models use`, otherwise
            the best for this machine.
        device: where the model runs: `auto`, `cpu`, `cuda`, or one card such as `cuda:1`.
        compute_type: arithmetic of the model; `auto` takes the fastest that passes the self-test.
        threads: cores for one inference; 0 takes the physical cores, minus one from 4 cores on.
        state_share: share of the memory free at start that kept prompt states may use.
        state_max_mb: upper limit of that memory.
        nice: how far the engine's process yields to other programs (POSIX; not for `inside`).
        process: where the engine runs: in one process for all servers of this user, in its own
            process, or inside the server.
        linger_s: how long the shared process stays after its last server left.
        idle_min: the model is unloaded after this many minutes without a request, and loaded
            again by the next one; 0 keeps it loaded.
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
