"""A Hugging Face folder (`config.json`, `*.safetensors`) as a source of weights.

`transformers` reads the configuration, since it knows what its fields were called over the years
and what they are when they are missing. `gguf` knows which tensor is which. Neither runs code of
the folder, and torch is not needed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import gguf
import numpy as np

from engine.errors import ConversionError
from engine.models.formats.safetensors_file import SafetensorsFile
from engine.models.formats.weights import SLICE_VALUES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from engine.models.formats.weights import Scalar

CONFIG = "config.json"
INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"

# GGUF's names where they differ; others are the same
ARCHITECTURES = {"gpt_bigcode": "starcoder"}

# attributes of a configuration by GGUF's metadata keys; the first that is there counts
KEYS = {
    "general.name": ("_name_or_path",),
    ".activation": ("hidden_act", "activation_function"),
    ".block_count": ("num_hidden_layers",),
    ".attention.head_count": ("num_attention_heads",),
    ".attention.head_count_kv": ("num_key_value_heads",),
    ".attention.key_length": ("head_dim",),
    ".attention.layer_norm_rms_epsilon": ("rms_norm_eps",),
    ".attention.layer_norm_epsilon": ("norm_epsilon", "layer_norm_epsilon"),
    ".attention.sliding_window": ("sliding_window",),
    ".context_length": ("max_position_embeddings", "n_positions"),
    ".embedding_length": ("hidden_size",),
    ".feed_forward_length": ("intermediate_size", "n_inner"),
}
MOST_LAYERS = 1000
_BUFFERS = (".rotary_emb.inv_freq", ".attn.bias", ".attn.masked_bias")
"""Values that are computed and that old checkpoints hold all the same."""


class HfFolder:
    """An open Hugging Face folder; an `WeightSource`.

    Args:
        path: the folder.

    Raises:
        ConversionError: something of it is missing, damaged, or a pickle.
    """

    rearranged = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self._config = self._read_config()
        self._files = self._open()
        self._tensors = self._named()
        self._read: set[str] = set()

    def error(self, reason: str) -> ConversionError:
        """A ConversionError that names this folder, the reason and the next step."""
        return ConversionError(
            f"{self.path}: {reason}; get the folder again, or choose a model that is supported "
            "(`midfill models list`)"
        )

    def _read_config(self) -> Any:  # transformers has a class for each architecture
        from transformers import AutoConfig

        try:
            self._check_layers(json.loads((self.path / CONFIG).read_bytes()))
            return AutoConfig.from_pretrained(
                self.path, local_files_only=True, trust_remote_code=False
            )
        # transformers raises whatever the damaged or hostile content led to
        except Exception as error:
            raise self.error(f"{CONFIG} is not a readable configuration ({error})") from error

    @staticmethod
    def _check_layers(described: dict[str, Any]) -> None:
        # transformers makes a list of them at once, however many are promised
        for key, value in described.items():
            if "layer" in key and isinstance(value, int) and value > MOST_LAYERS:
                raise ValueError(f"{key} is {value:,}")

    def _open(self) -> dict[str, SafetensorsFile]:
        """The file that holds each tensor."""
        index = self.path / INDEX
        if not index.exists():
            if not (self.path / SINGLE).exists():
                raise self._without_weights()
            file = SafetensorsFile(self.path / SINGLE)
            return dict.fromkeys(file.entries, file)
        try:
            found = json.loads(index.read_bytes())["weight_map"]
            places = {str(tensor): str(name) for tensor, name in found.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise self.error(f"{INDEX} is damaged ({error})") from error
        self._check_index(places)
        shards = {name: SafetensorsFile(self.path / name) for name in sorted(set(places.values()))}
        for name, shard in shards.items():
            for tensor in shard.entries:
                if places.get(tensor) != name:
                    raise self._stale(f"{name} holds {tensor}, which it does not name there")
        for tensor, name in places.items():
            if tensor not in shards[name].entries:
                raise self._stale(f"{name} does not hold {tensor}, which it names there")
        return {tensor: shards[name] for tensor, name in places.items()}

    def _check_index(self, places: dict[str, str]) -> None:
        """The index must be of this folder's files and no others."""
        names = sorted(set(places.values()))
        for name in names:
            if "/" in name or "\\" in name or name.startswith("."):
                raise self.error(f"{INDEX} names {name!r}, which is no file of the folder")
        if SINGLE not in names and (self.path / SINGLE).is_file():
            raise self._stale(f"it names {', '.join(names)}, and {SINGLE} is there")
        if missing := [name for name in names if not (self.path / name).is_file()]:
            raise self.error(f"{', '.join(missing)}: no such file, and {INDEX} names it")

    def _stale(self, reason: str) -> ConversionError:
        return self.error(
            f"{INDEX} is of other weights ({reason}); delete what is left over from another "
            "version of the model"
        )

    def _without_weights(self) -> ConversionError:
        pickles = [item for item in self.path.glob("*") if item.suffix in {".bin", ".pt", ".pth"}]
        if pickles:
            return self.error(
                f"{pickles[0].name} is a pickle, which can run any code when it is read, so it is "
                "never opened; get the model as .safetensors or GGUF"
            )
        return self.error(f"it has no {SINGLE} and no {INDEX}")

    def _named(self) -> dict[str, str]:
        """The tensor of the folder behind each of GGUF's names."""
        known = {name: number for number, name in gguf.MODEL_ARCH_NAMES.items()}
        number = known.get(self.architecture)
        if number is None:
            return {}
        layers = self.scalar(".block_count", int)
        if not 0 < layers <= len(self._files):
            raise self.error(f"{CONFIG} promises {layers} layers")
        names = gguf.get_tensor_name_map(number, layers)
        found = {}
        for tensor in self._files:
            if not tensor.endswith(_BUFFERS):
                # what has no name there stays under its own, and is reported as unread
                found[names.get_name(tensor, (".weight", ".bias")) or tensor] = tensor
        return found

    def __contains__(self, name: str) -> bool:
        return name in self._tensors

    @property
    def architecture(self) -> str:
        """GGUF's name of the architecture, such as `qwen2`."""
        kind = str(self._config.model_type)
        return ARCHITECTURES.get(kind, kind)

    @property
    def tied(self) -> bool:
        """Whether the embeddings are the output projection too."""
        tied = bool(self._config.tie_word_embeddings)
        if tied:
            self._read.add("output.weight")  # some folders hold it all the same
        return tied

    def scalar(self, key: str, kind: type[Scalar], default: Scalar | None = None) -> Scalar:
        """A value of the configuration under GGUF's name (see `WeightSource`)."""
        value = self._value(key)
        if value is None and default is not None:
            return default
        if kind is float and isinstance(value, int):
            return kind(value)
        if value is None or not isinstance(value, kind):
            wanted = " or ".join(KEYS.get(key, (key,)))
            raise self.error(f"{CONFIG}: {wanted} is {value!r} where {kind.__name__} is needed")
        return value

    def _value(self, key: str) -> Any:  # callers check the type they need
        config = self._config
        rope = getattr(config, "rope_parameters", None)
        if key.startswith(".rope."):
            rope = rope if isinstance(rope, dict) else {}
            kind = rope.get("rope_type", "default")
            return {
                ".rope.freq_base": rope.get("rope_theta"),
                ".rope.scaling.type": "none" if kind == "default" else kind,
                ".rope.scaling.factor": rope.get("factor"),
            }.get(key)
        for name in KEYS.get(key, ()):
            value = getattr(config, name, None)
            if value is not None:
                return value
        if key == ".feed_forward_length":  # what gpt_bigcode means when it says nothing
            return 4 * self.scalar(".embedding_length", int)
        return None

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of a tensor, rows first.

        Raises:
            ConversionError: there is no such tensor.
        """
        tensor = self._tensor(name)
        return self._files[tensor].entries[tensor].shape

    def _tensor(self, name: str) -> str:
        tensor = self._tensors.get(name)
        if tensor is None:
            raise self.error(f"tensor {name} (by its GGUF name) is missing")
        return tensor

    def slices(self, name: str, shape: tuple[int, ...]) -> Iterator[NDArray[np.float32]]:
        """A tensor in float32, a few rows at a time (see `WeightSource`)."""
        tensor = self._tensor(name)
        self._read.add(name)
        if self.shape(name) != shape:
            raise self.error(f"tensor {tensor} has shape {self.shape(name)}, not {shape}")
        rows = max(1, SLICE_VALUES // max(1, int(np.prod(shape[1:]))))
        for start in range(0, shape[0], rows):
            try:
                values = self._files[tensor].rows(tensor, start, min(shape[0], start + rows))
            except ValueError as error:
                raise self.error(f"tensor {tensor}: {error}") from error
            if not np.isfinite(values).all():
                raise self.error(f"tensor {tensor} has values that are not finite")
            yield values

    def tensor(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """A whole tensor in float32, for the small ones; arguments and errors as in `slices`."""
        return np.concatenate(list(self.slices(name, shape)))

    def unread(self) -> list[str]:
        """Names of the tensors that nobody asked for: the folder is of another kind of model."""
        return sorted(self._tensors.keys() - self._read)

    def unapplied(self) -> list[str]:
        """Settings that nobody asked for and that change the arithmetic, with their values."""
        rope = getattr(self._config, "rope_parameters", None)
        share = rope.get("partial_rotary_factor") if isinstance(rope, dict) else None
        found = {"partial_rotary_factor": share} if share not in (None, 1) else {}
        if getattr(self._config, "scale_attn_weights", True) is not True:
            found["scale_attn_weights"] = False
        return [f"{name} = {value!r}" for name, value in found.items()]
