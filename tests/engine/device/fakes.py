"""A device layer without a driver, and engines that fail as real cards do."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from engine.device.cuda import GpuCard
from engine.errors import DeviceError, EngineLoadError, GenerationError
from engine.fake import FakeEngine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.api import CancelToken, Generation, Request, Token
    from engine.device.cuda import Cuda
    from engine.device.placement import Placement
    from engine.settings import EngineSettings

GIB = 1024**3
H100 = GpuCard(0, "H100", (9, 0), 80 * GIB, 78 * GIB, driver="550.54", cuda=(12, 4))
ALL_TYPES = frozenset(
    {"int8", "int8_float32", "int8_float16", "int8_bfloat16", "float16", "bfloat16", "float32"}
)


@dataclass
class FakeCuda:
    """What a test says of the machine."""

    found: tuple[GpuCard, ...] = (H100,)
    driver_error: str = ""
    cublas_error: str = ""
    types: frozenset[str] = ALL_TYPES
    asked: list[str] = field(default_factory=list)

    def cards(self) -> tuple[GpuCard, ...]:
        """The cards, or the driver's refusal."""
        self.asked.append("cards")
        if self.driver_error:
            raise DeviceError(self.driver_error)
        return self.found

    def load_cublas(self) -> None:
        """There, or not."""
        if self.cublas_error:
            raise DeviceError(self.cublas_error)

    def compute_types(self, index: int) -> frozenset[str]:
        """The same on every card."""
        if not self.types:
            raise DeviceError(f"cuda:{index} cannot be used: CUDA failed")
        return self.types


class CountingEngine(FakeEngine):
    """Counts on as every model does, or not; may fail in mid-generation."""

    def __init__(self, place: Placement, *, wrong: bool = False, error: str = "") -> None:
        """An engine that claims to run at `place`."""
        right = " 40, 41, 42, 43"
        name = f"fake {place.label} {place.compute_type}"
        super().__init__(rest=" 7 7 7" if wrong else right, name=name)
        self.place = place
        self._error = error
        self.closed = False

    def generate(
        self, request: Request, on_token: Callable[[Token], bool], cancel: CancelToken
    ) -> Generation:
        """As the fake engine does, unless the card is broken."""
        if self._error:
            raise GenerationError(self._error)
        return super().generate(request, on_token, cancel)

    def close(self) -> None:
        """Remember it."""
        self.closed = True
        super().close()


@dataclass
class Workshop:
    """Opens engines, and remembers where; what fails is said by compute type or device."""

    load_errors: dict[str, str] = field(default_factory=dict)
    run_errors: dict[str, str] = field(default_factory=dict)
    wrong: frozenset[str] = frozenset()
    opened: list[CountingEngine] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __call__(
        self,
        folder: Path,  # noqa: ARG002 - the signature of engine.load.Open
        settings: EngineSettings,  # noqa: ARG002
        place: Placement,
        *,
        cuda: Cuda | None = None,  # noqa: ARG002
        note: str = "",
    ) -> CountingEngine:
        """Open at a place."""
        for key in (place.label, place.compute_type):
            if key in self.load_errors and place.device == "cuda":
                raise EngineLoadError(self.load_errors[key])
        error = "" if place.device == "cpu" else self.run_errors.get(place.compute_type, "")
        wrong = place.device == "cuda" and place.compute_type in self.wrong
        engine = CountingEngine(place, wrong=wrong, error=error)
        self.opened.append(engine)
        self.notes.append(note)
        return engine

    @property
    def places(self) -> list[str]:
        """Where engines were opened, in order."""
        return [f"{engine.place.label} {engine.place.compute_type}" for engine in self.opened]


def card(**changes: Any) -> GpuCard:
    """An H100 with something else about it."""
    return replace(H100, **changes)
