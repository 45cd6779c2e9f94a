"""Frames: what goes in comes out, and what is no frame is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.api import Generation, Request, StopReason, Token
from engine.errors import EngineError, GenerationError, ModelMissingError
from engine.host import messages
from engine.host.messages import (
    Came,
    Cancelled,
    Done,
    Frame,
    News,
    Recycled,
    RequestMessage,
    TokenVerdict,
    VerdictMessage,
    WireError,
)

NUMBERS = st.integers(0, 2**32 - 1)
IDS = st.lists(NUMBERS, max_size=20).map(tuple)
TIMES = st.floats(0, 1e6, allow_nan=False)
ANY_TEXT = st.text(st.characters())  # surrogates too
FRAMES: st.SearchStrategy[Frame] = st.one_of(
    st.builds(
        RequestMessage,
        NUMBERS,
        st.builds(
            Request,
            IDS,
            st.lists(NUMBERS, min_size=1, max_size=20).map(tuple),
            NUMBERS,
            keep=st.booleans(),
            heal=st.booleans(),
        ),
        st.booleans(),
    ),
    st.builds(VerdictMessage, NUMBERS, NUMBERS, st.sampled_from(TokenVerdict)),
    st.builds(Cancelled, NUMBERS),
    st.builds(Recycled, NUMBERS),
    st.builds(Came, NUMBERS, NUMBERS, st.builds(Token, NUMBERS, ANY_TEXT, TIMES)),
    st.builds(
        Done,
        NUMBERS,
        st.builds(
            Generation,
            st.just(()),
            NUMBERS,
            st.sampled_from(StopReason),
            NUMBERS,
            NUMBERS,
            TIMES,
            TIMES,
        ),
    ),
    st.builds(
        News, st.text(), st.dictionaries(st.text().filter(lambda k: k != "event"), st.integers())
    ),
)


@given(FRAMES)
def test_what_goes_in_comes_out(frame: Frame) -> None:
    """Every kind of frame, with every value that fits."""
    assert messages.decode(frame.pack()) == frame


@given(st.binary(max_size=60), st.sampled_from(b"GVXRTDEJ\0"))
def test_nonsense_is_refused(data: bytes, kind: int) -> None:
    """Bytes that are no frame are one kind of error, never another."""
    try:
        frame = messages.decode(bytes([kind]) + data)
    except WireError:
        return
    assert isinstance(frame, Frame)


@given(FRAMES, st.data())
def test_a_cut_frame_never_becomes_a_request(frame: Frame, data: st.DataObject) -> None:
    """A request whose ids are incomplete is not run with those that are there."""
    if isinstance(frame, RequestMessage):
        whole = frame.pack()
        cut = data.draw(st.integers(0, len(whole) - 1))
        with pytest.raises(WireError):
            messages.decode(whole[:cut])


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (ModelMissingError("run pull"), ModelMissingError, "run pull"),
        (GenerationError("it failed"), GenerationError, "it failed"),
        (ValueError("a user's secret"), EngineError, "ValueError"),
    ],
)
def test_errors_keep_their_class_and_strangers_lose_their_words(
    error: Exception, kind: type[Exception], words: str
) -> None:
    """A message of midfill's can be shown; that of a library may quote anything."""
    came = messages.unpack_error(messages.pack_error(error))
    assert type(came) is kind
    assert words in str(came)
    assert "secret" not in str(came)


@pytest.mark.parametrize("kind", ["os", "annotations", "Exception", "nothing"])
def test_only_midfills_errors_are_made_from_a_name(kind: str) -> None:
    """A class name on the wire reaches nothing else."""
    assert type(messages.unpack_error({"kind": kind, "text": "x"})) is EngineError
