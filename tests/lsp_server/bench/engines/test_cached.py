"""An engine that remembers: the same answers, asked for once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from engine.api import CancelToken, Generation, Request, StopReason, Token
from engine.fake import FakeEngine
from lsp_server.bench.engines.answer_cache import AnswerCache
from lsp_server.bench.engines.cached import RememberingEngine
from lsp_server.bench.errors import ResultFileError

if TYPE_CHECKING:
    from pathlib import Path

REQUEST = Request((1, 2), (3,), 10)


def _ask(
    engine: RememberingEngine, request: Request = REQUEST, stop_after: int = 99
) -> tuple[str, Generation]:
    """What the caller sees token by token, and the generation."""
    seen: list[str] = []

    def on_token(token: Token) -> bool:
        seen.append(token.text)
        return len(seen) >= stop_after

    generation = engine.generate(request, on_token, CancelToken())
    return "".join(seen), generation


def test_a_known_request_is_played_back(tmp_path: Path) -> None:
    """Also by the next process, with the same text, probabilities and reason."""
    fake = FakeEngine(["one two"])
    first = RememberingEngine(fake, tmp_path)
    text, generation = _ask(first)
    first.close()
    again = RememberingEngine(FakeEngine(["something else"]), tmp_path)
    played, copy = _ask(again)
    assert (text, played) == ("one two", "one two")
    assert again.asked == 0
    assert copy.tokens == generation.tokens
    assert copy.reason is generation.reason is StopReason.END
    assert again.decoded == "one two"


def test_other_requests_are_asked(tmp_path: Path) -> None:
    """Another prompt, or the same one with healing."""
    engine = RememberingEngine(FakeEngine(["one", "two", "three"]), tmp_path)
    assert _ask(engine)[0] == "one"
    assert _ask(engine, Request((1, 2), (4,), 10))[0] == "two"
    assert _ask(engine, Request((1, 2), (3,), 10, heal=True))[0] == "three"
    assert engine.asked == 3


def test_an_answer_that_was_stopped_goes_on_when_more_is_wanted(tmp_path: Path) -> None:
    """Nothing is handed on twice, and stopping earlier asks nobody."""
    fake = FakeEngine(["a b c d", "a b c d"])
    engine = RememberingEngine(fake, tmp_path)
    assert _ask(engine, stop_after=3)[0] == "a b"
    assert _ask(engine, stop_after=1)[0] == "a"
    assert engine.asked == 1
    text, generation = _ask(engine)
    assert text == "a b c d"
    assert generation.text == "a b c d"
    assert engine.asked == 2
    assert _ask(engine)[0] == "a b c d"
    assert engine.asked == 2


def test_an_answer_of_another_limit_is_cut_or_asked_again(tmp_path: Path) -> None:
    """A longer limit needs the model, a shorter one does not."""
    engine = RememberingEngine(FakeEngine(["a b c d", "a b c d"]), tmp_path)
    _, cut = _ask(engine, Request((1,), (2,), 3))
    assert (cut.text, cut.reason) == ("a b", StopReason.LENGTH)
    _, shorter = _ask(engine, Request((1,), (2,), 1))
    assert (shorter.text, shorter.reason) == ("a", StopReason.LENGTH)
    assert engine.asked == 1
    assert _ask(engine, Request((1,), (2,), 9))[0] == "a b c d"


def test_a_cancelled_answer_is_not_kept(tmp_path: Path) -> None:
    """It ends somewhere by chance."""
    engine = RememberingEngine(FakeEngine(["a b", "a b"]), tmp_path)
    cancel = CancelToken()
    cancel.cancel()
    engine.generate(REQUEST, lambda _: False, cancel)
    assert _ask(engine)[0] == "a b"
    assert engine.asked == 2


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    """A process that died while writing spoils one answer, not the file."""
    path = tmp_path / "m.jsonl"
    path.write_text(json.dumps({"key": "a", "value": 1}) + '\n{"key": "b", "va', encoding="utf-8")
    memo = AnswerCache(path)
    assert (memo.get("a"), memo.get("b"), len(memo)) == (1, None, 1)
    memo.put("c", 3)
    assert AnswerCache(path).get("c") == 3


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """With what to do about it."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ResultFileError, match="--memo"):
        AnswerCache(tmp_path / "file" / "m.jsonl")
