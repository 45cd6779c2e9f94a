"""`midfill bench model`, from the command line to its report, on a model of a few kilobytes."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import partial
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest

from engine.device.placement import Placement
from engine.errors import GenerationError
from engine.fake import FakeEngine
from engine.models.architectures.decoder import DecoderShape
from lsp_server import __main__ as program
from lsp_server.bench.engines import random_model
from lsp_server.bench.model import card_limits, machine_limits, report, run, speed, step_account
from lsp_server.bench.model.card_limits import CardLimits
from tests.engine.device.fake_driver import FakeCard
from tests.engine.device.fakes import GIB, FakeCuda

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.device.cuda import Cuda, GpuCard
    from engine.settings import EngineSettings

TINY = DecoderShape(layers=2, heads=4, kv_heads=2, width=64, inner=128, vocabulary=400)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(random_model.SHAPES, "0.5b", TINY)
    monkeypatch.setattr(machine_limits, "PROBE", TINY)
    monkeypatch.setattr(machine_limits, "BUFFER_BYTES", 1 << 20)
    monkeypatch.setattr(machine_limits, "_cache_bytes", lambda: 0)
    monkeypatch.setattr(speed, "_READ_FAST", ())
    monkeypatch.setattr(speed, "_CONTEXTS_FAST", ())


def bench(monkeypatch: pytest.MonkeyPatch, folder: Path, *options: str) -> tuple[int, Any, str]:
    """Exit code, JSON and HTML of one run."""
    found, page = folder / "found.json", folder / "found.html"
    command = ["bench", "model", "--shape", "0.5b", "--random-weights", "--device", "cpu"]
    command += ["--repeats", "1", "--completions", "2", "--json", str(found), "--html", str(page)]
    monkeypatch.setattr("sys.argv", ["midfill", *command, *options])
    with pytest.raises(SystemExit) as end:
        program.main()
    return int(str(end.value.code)), json.loads(found.read_text("utf-8")), page.read_text("utf-8")


class Page(HTMLParser):
    """What a page is made of; a tag that nothing closes is an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember it."""
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"src", "href"}]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Such as a line of a plot."""
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in {"src", "href"}]

    def handle_endtag(self, tag: str) -> None:
        """It closes the last one."""
        assert self.open.pop() == tag


def test_one_command_gives_limits_shares_account_and_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every length has its bound, and the parts of a step sum to it."""
    code, found, page = bench(monkeypatch, tmp_path, "--compute-types", "all")
    assert (code, found["kind"]) == (0, "model")
    assert [one["device"]["compute_type"] for one in found["results"]] == ["int8", "float32"]
    for one in found["results"]:
        assert one["limits"]["reasons"] == []
        assert min(one["limits"][f"{name}_s"] for name in ("read_bytes", "operations")) > 0
        assert [point["length"] for point in one["prefill"]] == [64, 128, 256, 512]
        assert [point["length"] for point in one["decode"]] == [32, 256, 512, 1024]
        for point in (*one["prefill"], *one["decode"]):
            assert point["share"] == pytest.approx(point["bound_ms"] / point["ms"], abs=1e-2)
        for part in one["account"]:
            parts = part["weights_ms"] + part["state_ms"] + part["rest_ms"]
            assert parts == pytest.approx(part["ms"], abs=1e-3)
        assert one["completion"]["kept"]["held"] is True
        assert one["completion"]["cold"]["p50_ms"] <= one["completion"]["cold"]["p95_ms"]
        assert one["peak_bytes"] > 0
    weights = [one["step_weight_bytes"] for one in found["results"]]
    assert weights[1] == 4 * weights[0]
    parsed = Page(page)
    assert parsed.tags.count("svg") == 4
    assert parsed.links == []
    assert "script" not in parsed.tags
    said = capsys.readouterr().out
    assert "bounded by" in said
    assert "random-0.5b float32" in said


def test_a_broken_engine_is_a_failure_in_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other compute type is measured; nothing at all is an exit code."""

    def fail(*_: object) -> None:
        raise GenerationError("CUDA failed with error <an illegal memory access>")

    monkeypatch.setattr(speed, "measure", fail)
    code, found, page = bench(monkeypatch, tmp_path)
    assert code == 1
    assert found["results"] == []
    assert found["failures"][0].startswith("cpu in int8: CUDA failed")
    assert "&lt;an illegal memory access&gt;" in page


def test_batches_that_do_not_fit_are_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was measured before stays."""

    def until_full(*_: object) -> Iterator[tuple[int, dict[int, float]]]:
        yield 1, {40: 1.0, 264: 2.0}
        raise RuntimeError("CUDA failed with error out of memory")

    monkeypatch.setattr(step_account, "step_times", until_full)
    code, found, page = bench(monkeypatch, tmp_path)
    assert code == 0
    (one,) = found["results"]
    assert [part["batch"] for part in one["account"]] == [1]
    assert "out of memory" in one["limits"]["reasons"][0]
    assert "out of memory" in page


def test_limits_of_a_card_that_fails_leave_shares_open_in_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Times are reported all the same."""
    failed = CardLimits(None, 4e14, 8192, ("copy rate: cuMemAlloc_v2 failed with error 2",))
    monkeypatch.setattr(card_limits, "measure", lambda *_: failed)
    limits = machine_limits.measure(Placement("cuda", 0, "bfloat16", "H100"), 0, tmp_path)
    assert math.isnan(limits.read_bytes_s)
    assert limits.operations_s == 4e14
    monkeypatch.setattr(machine_limits, "measure", lambda *_: limits)
    code, found, page = bench(monkeypatch, tmp_path)
    assert code == 0
    assert {point["share"] for point in found["results"][0]["decode"]} == {None}
    assert "cuMemAlloc_v2 failed" in page
    assert Page(page).tags.count("svg") == 2  # no plots of shares


class FillingCuda(FakeCuda):
    """Each look finds a gibibyte less free, down to half of the card."""

    def cards(self) -> tuple[GpuCard, ...]:
        """The one card."""
        (one,) = super().cards()
        return (replace(one, free_bytes=max(40 * GIB, one.free_bytes - len(self.asked) * GIB)),)


def test_on_a_card_one_command_gives_every_type_with_card_driver_memory_and_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Engine and libraries are stand-ins; all between them is real."""
    places: list[Placement] = []

    def open_at(_: Path, __: EngineSettings, place: Placement, *, cuda: Cuda) -> FakeEngine:
        assert cuda.cards()
        places.append(place)
        return FakeEngine(rest="a " * 20, name=f"random {place.compute_type} {place.card}")

    def steps(*_: object) -> Iterator[tuple[int, dict[int, float]]]:
        yield from ((batch, {40: 3.0, 520: 4.0}) for batch in step_account.BATCHES)

    library = FakeCard(errors={"cublasGemmEx": 15})
    rates = partial(card_limits.measure, open_driver=lambda: library, open_cublas=lambda: library)
    monkeypatch.setattr(run, "NvidiaCuda", FillingCuda)
    monkeypatch.setattr(run, "Ct2Engine", open_at)
    monkeypatch.setattr(step_account, "step_times", steps)
    monkeypatch.setattr(card_limits, "measure", rates)
    code, found, page = bench(monkeypatch, tmp_path, "--device", "cuda", "--compute-types", "all")
    assert code == 0
    types = ["bfloat16", "int8_bfloat16", "int8", "float32"]
    assert [place.compute_type for place in places] == types
    for one in found["results"]:
        assert (one["device"]["card"], one["device"]["driver"]) == ("H100", "550.54")
        assert one["peak_bytes"] >= GIB
        assert one["limits"]["copy_bytes_s"] == pytest.approx(2e12, rel=1e-3)
        assert one["limits"]["reasons"] == [
            "matrix rate: cublasGemmEx failed with error 15; try `nvidia-smi`"
        ]
        assert [part["batch"] for part in one["account"]] == [1, 2, 4]
    assert library.memory == {}
    assert "H100, driver 550.54: reads 2,000 GB/s" in page


def test_targets_stand_beside_the_measured_lines() -> None:
    """Those of the model and prompt that they are for."""
    document = {
        "environment": {}, "results": [], "failures": ["cuda:0 in int8: full"], "repeats": 1,
        "targets_ms": run.TARGETS_MS,
    }  # fmt: skip
    page = report.page(document)
    assert "within 40 ms (p50) and 80 ms (p95)" in page
    assert "120 ms on one of 8 GB" in page


def test_a_copy_moves_what_it_reads_and_writes() -> None:
    """The buffer is split among threads without a rest, and both rates are of this machine."""
    read, copied = machine_limits.bandwidths(8 * 100_003, 3)
    assert 1e7 < read < 1e13
    assert 1e7 < copied < 1e13


def test_a_place_that_cannot_be_written_is_said_before_anything_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not after a quarter of an hour."""
    for option in ("--json", "--html"):
        command = ["midfill", "bench", "model", option, str(tmp_path / "nowhere" / "x")]
        monkeypatch.setattr("sys.argv", command)
        with pytest.raises(SystemExit):
            program.main()
        assert "there is no folder" in capsys.readouterr().err


def test_shape_and_random_weights_go_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One without the other is refused before anything is measured."""
    monkeypatch.setattr("sys.argv", ["midfill", "bench", "model", "--random-weights"])
    with pytest.raises(SystemExit, match="2"):
        program.main()
    assert "go together" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
