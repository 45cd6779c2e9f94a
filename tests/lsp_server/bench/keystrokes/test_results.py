"""Results in files, compared, and as a page."""

from __future__ import annotations

import math
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from lsp_server.bench.errors import ResultFileError
from lsp_server.bench.keystrokes import results, tables
from lsp_server.bench.keystrokes.compare import compare, pick
from lsp_server.bench.keystrokes.metrics import Counts
from lsp_server.bench.keystrokes.report import page
from lsp_server.bench.keystrokes.results import ReplayResults, Run, TaskResult
from lsp_server.bench.keystrokes.timeline import spans

if TYPE_CHECKING:
    from pathlib import Path


def run(name: str, *accepted: int) -> Run:
    """A run with a task for each number of accepted characters out of 100."""
    tasks = [
        TaskResult(
            id=f"t{place}",
            language="go" if place % 2 else "python",
            counts=Counts(
                chars=100,
                keys=100 - n,
                accepts=1,
                accepted_chars=n,
                requests=2,
                answered=2,
                decoded_tokens=math.nan,
                latency_ms=[1.0, 250.0],
                sources=["cache", "<cold>"],
            ),
            events=[(0.0, "ask", 0), (20.0, "show", n), (520.0, "accept", n), (600.0, "key", 100)],
        )
        for place, n in enumerate(accepted)
    ]
    return Run(name, f"{name} --stdio", tasks)


@pytest.fixture
def both() -> ReplayResults:
    """Two runs, the second with a task that failed."""
    second = run("b", 50, 60, 70, 55)
    second.tasks.append(TaskResult("t9", "go", Counts(), error="gone <bad>"))
    return ReplayResults({"cpu": "x"}, {}, runs=[run("a", 20, 30, 40, 25), second])


def test_results_come_back_from_a_file_as_they_were(tmp_path: Path, both: ReplayResults) -> None:
    """What was not measured is null there, and nan again when read."""
    path = tmp_path / "r.json"
    both.save(path)
    assert "NaN" not in path.read_text(encoding="utf-8")
    back = results.load(path)
    assert back.runs[0].tasks[0].events == both.runs[0].tasks[0].events
    assert math.isnan(back.runs[0].tasks[0].counts.decoded_tokens)
    assert back.runs[1].figures()["failed"] == 1
    saved = back.runs[0].figures()["keystrokes_saved"]
    assert saved == pytest.approx(both.runs[0].figures()["keystrokes_saved"])
    assert list(tmp_path.iterdir()) == [path]


def test_a_run_is_picked_by_name_where_a_file_holds_several(
    tmp_path: Path, both: ReplayResults
) -> None:
    """Without a name the message lists them."""
    path = tmp_path / "r.json"
    both.save(path)
    assert pick(f"{path}#b").name == "b"
    for spec in (str(path), f"{path}#c"):
        with pytest.raises(ResultFileError, match=r"r\.json#a, .*r\.json#b"):
            pick(spec)


def test_a_difference_that_every_task_shows_is_clear(both: ReplayResults) -> None:
    """The interval holds the difference and leaves out zero; equal figures give no difference."""
    found = {one.name: one for one in compare(*both.runs)}
    saved = found["keystrokes_saved"]
    assert saved.difference == pytest.approx(0.3)
    assert saved.low <= saved.difference <= saved.high
    assert saved.clear
    assert not found["latency_p50"].clear
    assert math.isnan(found["tokens_per_accepted_char"].difference)
    assert not found["tokens_per_accepted_char"].clear


def test_comparing_needs_tasks_in_common(both: ReplayResults) -> None:
    """Failed ones do not count."""
    with pytest.raises(ResultFileError, match="no task in common"):
        compare(both.runs[0], Run("c", "", [both.runs[1].tasks[-1]]))


def test_latency_efficiency_is_the_reached_share_of_the_bound() -> None:
    """The bound is the run of the same name without latency."""
    both = ReplayResults({}, {}, runs=[run("m", 30), run("m (zero latency)", 60)])
    found = tables.with_efficiency(both)
    assert found["m"]["latency_efficiency"] == pytest.approx(0.29 / 0.59)
    assert math.isnan(found["m (zero latency)"]["latency_efficiency"])


class Checker(HTMLParser):
    """Looks for tags that are not closed and for anything from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.svgs = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Opened."""
        assert tag not in {"script", "link", "img", "iframe"}
        assert not {"src", "href"} & {name for name, _ in attrs}
        self.svgs += tag == "svg"
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Opened and closed."""
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        """Closed."""
        assert self.open.pop() == tag


@pytest.mark.parametrize("interrupted", [False, True])
def test_the_report_needs_nothing_else(both: ReplayResults, *, interrupted: bool) -> None:
    """Plots are inline, text from outside is escaped, every tag is closed."""
    both.interrupted = interrupted
    checker = Checker()
    checker.feed(text := page(both))
    assert checker.open == []
    assert checker.svgs == 5  # languages, latency of both, the session in both
    assert "gone &lt;bad&gt;" in text
    assert ("interrupted" in text) is interrupted


def test_a_run_without_a_finished_task_still_has_a_report() -> None:
    """Tables and plots of nothing."""
    checker = Checker()
    checker.feed(page(ReplayResults({}, {}, runs=[Run("a", "x")])))
    assert checker.open == []


def test_spans_end_where_the_next_one_begins() -> None:
    """A request that is replaced by another has ended."""
    events = [(0.0, "ask", 0), (5.0, "ask", 0), (9.0, "answer", 4)]
    assert spans(events, {"ask"}, {"ask", "answer"}) == [(0, 5, "ask"), (5, 9, "answer")]
