"""Which model runs: settings, then `use`, then what is best here."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from engine.errors import ModelMissingError, StoreError, UnknownModelError
from engine.load import wanted
from engine.models.catalogue import DEFAULT, FOR_GPU
from engine.models.manifest import Manifest
from engine.models.selection import choose
from engine.settings import EngineSettings
from tests.engine.device.fakes import GIB, H100, FakeCuda

if TYPE_CHECKING:
    from engine.models.store import Store


def put(store: Store, *names: str, size: int = 0) -> None:
    """Models that look whole; the weights are a hole of this size."""
    for name in names:
        folder = store.path(name)
        folder.mkdir(parents=True)
        with (folder / "model.bin").open("wb") as weights:
            weights.truncate(size)
        manifest = Manifest(name, "qwen2.5-coder", "x", "0", "int8", 1, 8, 10)
        replace(manifest, files={"model.bin": "0"}, sizes={"model.bin": size}).write(folder)


def chosen(store: Store, setting: str = "auto", *, card: bool = False) -> str:
    """The name of the model that would run."""
    return choose(store, setting, lambda _: card).path.name


def test_setting_then_use_then_auto(store: Store) -> None:
    """An explicit setting beats `use`, which beats what midfill would take."""
    put(store, DEFAULT, FOR_GPU, "mine", "other")
    assert chosen(store) == DEFAULT
    store.use("mine")
    assert chosen(store) == "mine"
    assert chosen(store, "other") == "other"
    store.forget_choice()
    assert chosen(store) == DEFAULT


def test_auto_takes_the_larger_model_where_a_card_has_room(store: Store) -> None:
    """Only when it is there and the card is."""
    put(store, DEFAULT)
    assert chosen(store, card=True) == DEFAULT
    put(store, FOR_GPU)
    assert chosen(store, card=True) == FOR_GPU
    assert chosen(store, card=False) == DEFAULT


@pytest.mark.parametrize(
    ("cuda", "settings", "expected"),
    [
        (FakeCuda(), EngineSettings(), FOR_GPU),
        (FakeCuda(()), EngineSettings(), DEFAULT),
        (FakeCuda((replace(H100, free_bytes=GIB),)), EngineSettings(), DEFAULT),
        (FakeCuda(driver_error="broken"), EngineSettings(), DEFAULT),
        (FakeCuda(cublas_error="not there"), EngineSettings(), DEFAULT),
        (FakeCuda(), EngineSettings(device="cpu"), DEFAULT),
        (FakeCuda(), EngineSettings(model="mine"), "mine"),
    ],
)
def test_room_on_a_card_is_what_the_device_layer_says(
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    cuda: FakeCuda,
    settings: EngineSettings,
    expected: str,
) -> None:
    """A fit card, none, a full one, a broken driver, no library; and a setting that says CPU."""
    monkeypatch.setenv("MIDFILL_DATA_DIR", str(store.root))
    put(store, DEFAULT, "mine")
    put(store, FOR_GPU, size=1_790_000_000)
    assert wanted(settings, cuda).path.name == expected


def test_auto_takes_what_there_is(store: Store) -> None:
    """A machine that has only a model of the user's own runs that; an empty store says pull."""
    with pytest.raises(ModelMissingError, match=f"midfill models pull {DEFAULT}"):
        chosen(store)
    put(store, "mine")
    assert chosen(store) == "mine"
    put(store, FOR_GPU)
    assert chosen(store) == FOR_GPU


def test_missing_choice_is_an_error_that_names_it(store: Store) -> None:
    """A chosen model whose folder was deleted by hand is not silently replaced by another."""
    put(store, DEFAULT, "mine")
    store.use("mine")
    shutil.rmtree(store.path("mine"))
    with pytest.raises(UnknownModelError, match="'mine'"):
        chosen(store)


@pytest.mark.parametrize("content", [b"", b"\xff", b"../x", b"auto", b"A" * 1000])
def test_damaged_choice_is_none(store: Store, content: bytes) -> None:
    """A choice file that holds no name is as good as absent."""
    put(store, DEFAULT)
    store.choice_file.write_bytes(content)
    assert chosen(store) == DEFAULT


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_use_without_rights_keeps_the_old_choice(store: Store) -> None:
    """What was chosen before still holds."""
    put(store, DEFAULT, "mine")
    store.use("mine")
    store.root.chmod(0o500)
    try:
        with pytest.raises(StoreError):
            store.use(DEFAULT)
        assert store.chosen() == "mine"
    finally:
        store.root.chmod(0o700)
