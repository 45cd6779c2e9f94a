"""The real engine with the real model: kept states, stops, healing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psutil
import pytest

from engine.api import CancelToken, Generation, Request, StopReason, Token
from engine.ct2 import Ct2Engine
from engine.errors import EngineClosedError, EngineLoadError, MidfillError, ModelMissingError
from engine.models.catalogue import DEFAULT
from engine.models.store import Store
from engine.settings import EngineSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def engine() -> Iterator[Ct2Engine]:
    """The default model, loaded once."""
    try:
        folder = Store().find(DEFAULT)
    except ModelMissingError as error:
        pytest.fail(f"run `midfill models pull` ({error})")
    engine = Ct2Engine(folder.path, EngineSettings())
    yield engine
    engine.close()


def run(
    engine: Ct2Engine,
    before: str,
    live: str,
    after: str = "\n",
    *,
    limit: int = 12,
    heal: bool = False,
    on_token: Callable[[Token], bool] = lambda _: False,
    cancel: CancelToken | None = None,
) -> Generation:
    """Fill in between `before` + `live` and `after`; all but `live` is the stable part."""
    control, encode, family = engine.tokenizer.control, engine.tokenizer.encode, engine.family
    stable = (
        control(family.prefix),
        *encode(before),
        control(family.suffix),
        *encode(after),
    )
    request = Request(stable, (control(family.middle), *encode(live)), limit, heal=heal)
    return engine.generate(request, on_token, cancel or CancelToken())


def test_an_easy_hole_is_filled(engine: Ct2Engine) -> None:
    """The sum of two arguments, as everybody writes it."""
    assert run(engine, "def add(a, b):\n    return ", "").text.startswith("a + b")


def test_a_kept_state_gives_the_same_answer_for_less(engine: Ct2Engine) -> None:
    """The second run reads only the live tokens, and says the same."""
    before = "def multiply(first, second):\n    return "
    first, second = run(engine, before, "", "\n\n"), run(engine, before, "", "\n\n")
    assert first.reused_tokens == 0
    assert second.read_tokens == 1
    assert second.reused_tokens == first.read_tokens - 1
    assert second.text == first.text


@pytest.mark.parametrize(
    ("live", "expected"), [("    re", "turn"), ("    ret", "urn"), ("    return a +", " b")]
)
def test_a_cursor_inside_a_word_continues_it(engine: Ct2Engine, live: str, expected: str) -> None:
    """Healing chooses the token that the model would have written over the typed part."""
    generation = run(engine, "def add(a, b):\n", live, heal=True)
    assert generation.text.startswith(expected)
    assert sum(len(token.text) for token in generation.tokens) == len(generation.text)


def test_decoding_stops_when_told(engine: Ct2Engine) -> None:
    """By the caller, by cancelling, by the limit: within one token."""
    before = "numbers = [1, 2, 3, 4, "
    seen: list[Token] = []

    def second(token: Token) -> bool:
        seen.append(token)
        return len(seen) == 2

    stopped = run(engine, before, "", on_token=second)
    assert (stopped.reason, len(stopped.tokens)) == (StopReason.STOPPED, 2)
    cancel = CancelToken()
    cancel.cancel()
    cancelled = run(engine, before, "", cancel=cancel)
    assert cancelled.reason is StopReason.CANCELLED
    assert len(cancelled.tokens) <= 1
    assert run(engine, before, "", limit=3).reason is StopReason.LENGTH


def test_the_models_end_token_is_not_text(engine: Ct2Engine) -> None:
    """An answer ends where the model says so, and its control tokens are not part of it."""
    generation = run(engine, "<html>\n<body>\n<p>Hi", "", "</p>\n</body>\n</html>\n", limit=30)
    assert generation.reason is StopReason.END
    assert generation.decoded == len(generation.tokens) + 1
    assert "<|" not in generation.text


def test_emoji_come_out_whole(engine: Ct2Engine) -> None:
    """Tokens that are parts of a character are held back until it is complete."""
    generation = run(engine, 'a = "🙂🙂🙂🙂"\nb = "🙂🙂🙂🙂"\nc = "🙂🙂', "", '"\n', limit=8)
    assert "\ufffd" not in generation.text


def test_a_fault_in_the_caller_is_an_engine_error_and_the_engine_lives(engine: Ct2Engine) -> None:
    """CTranslate2 swallows exceptions of callbacks; the engine does not."""

    def broken(_: Token) -> bool:
        raise ZeroDivisionError

    with pytest.raises(MidfillError):
        run(engine, "x = ", "", on_token=broken)
    assert run(engine, "def add(a, b):\n    return ", "").text.startswith("a + b")


def test_recycling_forgets_states_and_goes_on(engine: Ct2Engine) -> None:
    """All bytes are given back, and the next answer is the same."""
    first = run(engine, "def add(a, b):\n    return ", "")
    assert engine.account().prompts > 0
    assert 0 < engine.account().held_bytes <= engine.account().budget_bytes
    engine.recycle()
    assert (engine.account().prompts, engine.account().held_bytes) == (0, 0)
    again = run(engine, "def add(a, b):\n    return ", "")
    assert again.reused_tokens == 0
    assert again.text == first.text


def test_a_prompt_beyond_the_budget_is_read_but_not_kept() -> None:
    """A budget of nothing costs speed, not answers."""
    tight = Ct2Engine(Store().find(DEFAULT).path, EngineSettings(state_share=0.0))
    try:
        for _ in range(2):
            generation = run(tight, "def add(a, b):\n    return ", "")
            assert generation.text.startswith("a + b")
            assert generation.reused_tokens == 0
        assert tight.account().held_bytes == 0
    finally:
        tight.close()
    with pytest.raises(EngineClosedError):
        run(tight, "x", "")


def test_many_anchors_stay_within_the_budget_and_in_memory() -> None:
    """One anchor after the other: states are dropped in time, and the resident set stays flat."""
    small = Ct2Engine(Store().find(DEFAULT).path, EngineSettings(state_max_mb=60))
    process, resident = psutil.Process(), []
    try:
        for number in range(12):
            lines = "".join(f"value_{number}_{line} = {line}\n" for line in range(20))
            run(small, lines, "value", limit=2)
            account = small.account()
            assert 0 < account.held_bytes <= account.budget_bytes
            resident.append(process.memory_info().rss)
    finally:
        small.close()
    assert max(resident[6:]) < max(resident[:6]) * 1.1


def test_a_damaged_model_says_what_to_do(tmp_path: Path) -> None:
    """The reason and the next step, not a traceback of a library."""
    folder = Store().find(DEFAULT).path
    for name in ("midfill.json", "config.json", "tokenizer.json", "vocabulary.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "model.bin").write_bytes(b"not a model")
    with pytest.raises(EngineLoadError, match="midfill models verify"):
        Ct2Engine(tmp_path, EngineSettings())


def test_a_model_that_runs_out_of_memory_goes_on_with_half_the_budget() -> None:
    """Another program took the card's memory: the same answer, fewer kept states."""
    engine = Ct2Engine(Store().find(DEFAULT).path, EngineSettings(state_max_mb=200))
    try:
        expected = run(engine, "def add(a, b):\n    return ", "").text
        real, budget = engine._model, engine.account().budget_bytes

        class Full:
            """The real model, whose first generation fails as CTranslate2 does on a full card."""

            failed = False

            def __getattr__(self, name: str) -> Any:
                return getattr(real, name)

            def generate_batch(self, *arguments: Any, **keywords: Any) -> Any:
                if not Full.failed:
                    Full.failed = True
                    raise RuntimeError("CUDA failed with error out of memory")
                return real.generate_batch(*arguments, **keywords)

        engine._model = Full()
        assert run(engine, "def add(a, b):\n    return ", "").text == expected
        assert engine.account().budget_bytes == budget // 2
        assert engine.account().prompts == 1
        Full.failed = False
        choice = Request((1,), (2,), 4, alternatives=3)
        assert engine.generate(choice, lambda _: False, CancelToken()).texts == ()
        assert engine.account().prompts == 0
    finally:
        engine.close()


def test_alternatives_begin_differently_and_leave_the_kept_state_alone(engine: Ct2Engine) -> None:
    """Three ways to go on, the greedy one first, on the state that is there."""
    control, encode = engine.tokenizer.control, engine.tokenizer.encode
    family = engine.family
    stable = (
        control(family.prefix),
        *encode("import os\n\ndef read(path):\n"),
        control(family.suffix),
        *encode("\nread('x')\n"),
    )
    live = (control(family.middle), *encode("    with open("))
    engine.generate(Request(stable, live, 0), lambda _: True, CancelToken())
    request = Request(stable, live, 6, alternatives=3)
    found = engine.generate(request, lambda _: False, CancelToken())
    assert len(found.texts) == len({text.split()[0] for text in found.texts}) == 3
    assert found.texts[0].strip().startswith("path")
    assert found.reused_tokens == len(stable)
    assert all(len(encode(text)) <= 8 for text in found.texts)
    ended = CancelToken()
    ended.cancel()
    assert engine.generate(request, lambda _: False, ended).reason is StopReason.CANCELLED
