"""Tiny checkpoints of every architecture: weights from a seed, as a Hugging Face folder or GGUF.

Names, shapes and metadata are those of the published models; `reference/record.py` has
transformers load them strictly, so that none can be made up.
"""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import gguf
import numpy as np
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers
from tokenizers.pre_tokenizers import ByteLevel

from context.prompt.families import FAMILIES

if TYPE_CHECKING:
    from pathlib import Path

    Array = np.ndarray[Any, np.dtype[np.float32]]

LAYERS, WIDTH, INNER, HEADS = 2, 64, 96, 4
MERGES = [("a", "b"), ("ab", "c"), ("Ġ", "a"), ("d", "e")]
PIECES = ["▁", *"abcdef", "ab", "abc", "▁a", "de"]
PROMPT = [70, 3, 250, 99, 12, 180, 33, 5, 6, 7, 200, 101, 102, 64, 65, 66, 31, 2, 90, 91, 17, 43]


@dataclass(frozen=True)
class Checkpoint:
    """One tiny model.

    Attributes:
        family: its prompt family, which gives its control tokens.
        config: `config.json`.
        kv_heads: heads of keys and values.
        head: values of one head.
        gguf_name: its architecture in GGUF.
        gguf_extra: metadata of GGUF beyond the sizes.
        padding: embedding rows behind the last token.
        control_kind: GGUF's type of its control tokens.
    """

    family: str
    config: dict[str, Any]
    kv_heads: int
    gguf_name: str
    gguf_extra: dict[str, Any] = field(default_factory=dict)
    head: int = WIDTH // HEADS
    padding: int = 0
    control_kind: int = 3

    @property
    def pieces(self) -> bool:
        """Whether its tokenizer is of sentence pieces, else of bytes."""
        return self.family in {"codellama", "codegemma"}

    @property
    def tied(self) -> bool:
        """Whether the embeddings are the output projection too."""
        return bool(self.config["tie_word_embeddings"])

    def tokens(self) -> tuple[list[str], list[int]]:
        """The vocabulary and GGUF's type of each token."""
        control = sorted(FAMILIES[self.family].control_tokens)
        if self.pieces:
            plain = PIECES
            head, kinds = [f"<0x{byte:02X}>" for byte in range(256)], [6] * 256
            head, kinds = ["<unk>", *head], [2, *kinds]
        else:
            plain = [*sorted(ByteLevel.alphabet()), *("".join(merge) for merge in MERGES)]
            head, kinds = [], []
        tokens = [*head, *plain, *control]
        return tokens, [*kinds, *(1 for _ in plain), *(self.control_kind for _ in control)]

    def weights(self) -> dict[str, Array]:
        """All tensors by their Hugging Face names, from a seed."""
        rows = len(self.tokens()[0]) + self.padding
        shapes = _gpt_bigcode(rows) if "n_embd" in self.config else self._llama_like(rows)
        if not self.tied:
            shapes["lm_head.weight"] = (rows, WIDTH)
        random = np.random.default_rng(zlib.crc32(json.dumps(self.config).encode()))
        found = {}
        for name, shape in shapes.items():
            values = random.normal(0, 0.2, shape).astype(np.float32)
            norm = len(shape) == 1 and name.endswith("weight")
            found[name] = values + 1 if norm and self.gguf_name != "gemma" else values
            if shape[0] == rows:
                values[rows - self.padding :] = 0
        return found

    def _llama_like(self, rows: int) -> dict[str, tuple[int, ...]]:
        q, kv = HEADS * self.head, self.kv_heads * self.head
        kind = self.config["model_type"]
        attention = {
            "q_proj": (q, WIDTH),
            "k_proj": (kv, WIDTH),
            "v_proj": (kv, WIDTH),
            "o_proj": (WIDTH, q),
        }
        gates = {
            "gate_proj": (INNER, WIDTH),
            "up_proj": (INNER, WIDTH),
            "down_proj": (WIDTH, INNER),
        }
        plain = {"c_fc": (INNER, WIDTH), "c_proj": (WIDTH, INNER)}
        shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (rows, WIDTH)}
        norms = ["model.norm"]
        for index in range(LAYERS):
            block = f"model.layers.{index}."
            norms += [block + "input_layernorm", block + "post_attention_layernorm"]
            for name, shape in attention.items():
                shapes[f"{block}self_attn.{name}.weight"] = shape
                if self._biased(name):
                    shapes[f"{block}self_attn.{name}.bias"] = shape[:1]
            if kind == "qwen3":
                shapes[block + "self_attn.q_norm.weight"] = (self.head,)
                shapes[block + "self_attn.k_norm.weight"] = (self.head,)
            for name, shape in (plain if kind == "starcoder2" else gates).items():
                shapes[f"{block}mlp.{name}.weight"] = shape
                if kind == "starcoder2" or self.config.get("mlp_bias"):
                    shapes[f"{block}mlp.{name}.bias"] = shape[:1]
        for norm in norms:
            shapes[norm + ".weight"] = (WIDTH,)
            if kind == "starcoder2":
                shapes[norm + ".bias"] = (WIDTH,)
        return shapes

    def _biased(self, name: str) -> bool:
        kind = self.config["model_type"]
        everywhere = kind == "starcoder2" or self.config.get("attention_bias", False)
        return everywhere or (kind == "qwen2" and name != "o_proj")

    # A Hugging Face folder

    def write_folder(self, folder: Path, kind: str = "F32", shards: int = 1) -> Path:
        """Write `config.json`, `tokenizer.json` and the weights, in `shards` files."""
        folder.mkdir()
        weights = self.weights()
        rows = len(self.tokens()[0]) + self.padding
        config = json.dumps(self.config | {"vocab_size": rows}, indent=2)
        (folder / "config.json").write_text(config)
        self.tokenizer().save(str(folder / "tokenizer.json"))
        if shards == 1:
            write_safetensors(folder / "model.safetensors", weights, kind)
            return folder
        places = {name: f"model-{i % shards}.safetensors" for i, name in enumerate(weights)}
        for file in set(places.values()):
            part = {name: weights[name] for name in weights if places[name] == file}
            write_safetensors(folder / file, part, kind)
        index = {"metadata": {}, "weight_map": places}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))
        return folder

    def tokenizer(self) -> Tokenizer:
        """As the model's publisher would write it: with a space before the first word."""
        tokens, kinds = self.tokens()
        ids = {token: index for index, token in enumerate(tokens)}
        if self.pieces:
            merges = [("a", "b"), ("ab", "c"), ("▁", "a"), ("d", "e")]
            made = Tokenizer(models.BPE(ids, merges, fuse_unk=True, byte_fallback=True))
            made.normalizer = normalizers.Sequence(
                [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
            )
            made.decoder = decoders.Sequence(
                [
                    decoders.Replace("▁", " "),
                    decoders.ByteFallback(),
                    decoders.Fuse(),
                    decoders.Strip(" ", 1, 0),
                ]
            )
        else:
            made = Tokenizer(models.BPE(ids, MERGES))
            made.normalizer = normalizers.NFC()
            made.pre_tokenizer = pre_tokenizers.Sequence(
                [
                    pre_tokenizers.Digits(individual_digits=True),
                    pre_tokenizers.ByteLevel(add_prefix_space=True),
                ]
            )
            made.decoder = decoders.ByteLevel()
        special = [token for token, kind in zip(tokens, kinds, strict=True) if kind == 3]
        made.add_special_tokens([AddedToken(token, normalized=False) for token in special])
        return made

    # A GGUF file

    def write_gguf(self, path: Path, kind: str = "F32") -> Path:
        """Write the file as llama.cpp's converter would."""
        writer = gguf.GGUFWriter(path, self.gguf_name)
        writer.add_block_count(LAYERS)
        writer.add_context_length(64)
        writer.add_embedding_length(WIDTH)
        writer.add_feed_forward_length(INNER)
        writer.add_head_count(HEADS)
        writer.add_head_count_kv(self.kv_heads)
        if self.head * HEADS != WIDTH:
            writer.add_key_length(self.head)
            writer.add_value_length(self.head)
        for key, value in self.gguf_extra.items():
            name = f"{self.gguf_name}{key}" if key.startswith(".") else key
            add = writer.add_string if isinstance(value, str) else writer.add_float32
            add(name, value)
        self._write_tokenizer(writer)
        number = {name: n for n, name in gguf.MODEL_ARCH_NAMES.items()}[self.gguf_name]
        names = gguf.get_tensor_name_map(number, LAYERS)
        quantization = gguf.GGMLQuantizationType[kind]
        for name, values in self.weights().items():
            arranged = self._arranged(name, values)
            called = names.get_name(name, (".weight", ".bias"))
            assert called is not None
            if kind == "F32" or values.ndim == 1:
                writer.add_tensor(called, arranged)
            else:
                packed = gguf.quants.quantize(arranged, quantization)
                writer.add_tensor(called, packed, raw_dtype=quantization)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path

    def _write_tokenizer(self, writer: gguf.GGUFWriter) -> None:
        tokens, kinds = self.tokens()
        rows = len(tokens) + self.padding
        tokens += [f"[PAD{index}]" for index in range(len(tokens), rows)]
        kinds += [5] * self.padding
        writer.add_tokenizer_model("llama" if self.pieces else "gpt2")
        writer.add_token_list(tokens)
        writer.add_token_types(kinds)
        if self.pieces:
            # longer ones first, as their merges are in `tokenizer`
            scores = [-float(PIECES.index(t)) if t in PIECES else 0.0 for t in tokens]
            writer.add_token_scores(scores)
        else:
            pre = {"deepseek-coder": "deepseek-coder", "qwen2.5-coder": "qwen2"}
            writer.add_tokenizer_pre(pre.get(self.family, "starcoder"))
            writer.add_token_merges([" ".join(merge) for merge in MERGES])

    def _arranged(self, name: str, values: Array) -> Array:
        """What llama.cpp's converter does to the values."""
        if self.gguf_name == "gemma" and "norm" in name:
            return values + 1
        if self.gguf_name != "llama" or not ("q_proj" in name or "k_proj" in name):
            return values
        heads = HEADS if "q_proj" in name else self.kv_heads
        halves = values.reshape(heads, 2, len(values) // heads // 2, *values.shape[1:])
        return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(values.shape))


def _gpt_bigcode(rows: int) -> dict[str, tuple[int, ...]]:
    head = WIDTH // HEADS
    shapes: dict[str, tuple[int, ...]] = {
        "transformer.wte.weight": (rows, WIDTH),
        "transformer.wpe.weight": (64, WIDTH),
    }
    linear = {
        "attn.c_attn": (WIDTH + 2 * head, WIDTH),
        "attn.c_proj": (WIDTH, WIDTH),
        "mlp.c_fc": (INNER, WIDTH),
        "mlp.c_proj": (WIDTH, INNER),
    }
    norms = ["transformer.ln_f"]
    for index in range(LAYERS):
        block = f"transformer.h.{index}."
        norms += [block + "ln_1", block + "ln_2"]
        for name, shape in linear.items():
            shapes |= {f"{block}{name}.weight": shape, f"{block}{name}.bias": shape[:1]}
    for norm in norms:
        shapes |= {norm + ".weight": (WIDTH,), norm + ".bias": (WIDTH,)}
    return shapes


def write_safetensors(path: Path, weights: dict[str, Array], kind: str = "F32") -> Path:
    """Write a safetensors file of F32, F16 or BF16 (values cut, not rounded)."""
    packed = {name: _packed(values, kind) for name, values in weights.items()}
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    place = 0
    for name, data in packed.items():
        shape = list(weights[name].shape)
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [place, place + len(data)]}
        place += len(data)
    words = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(words)) + words + b"".join(packed.values()))
    return path


def _packed(values: Array, kind: str) -> bytes:
    if kind == "BF16":
        return (values.view(np.uint32) >> 16).astype("<u2").tobytes()
    return values.astype("<f4" if kind == "F32" else "<f2").tobytes()


def _config(kind: str, kv_heads: int, **more: Any) -> dict[str, Any]:
    return {
        "model_type": kind,
        "hidden_size": WIDTH,
        "intermediate_size": INNER,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": kv_heads,
        "max_position_embeddings": 64,
        "tie_word_embeddings": False,
        "bos_token_id": 0,
        "eos_token_id": 0,
        "pad_token_id": None,
        **more,
    }


_RMS = {".attention.layer_norm_rms_epsilon": 1e-6}
_NORM = {".attention.layer_norm_epsilon": 1e-5}

CHECKPOINTS = {
    "qwen2": Checkpoint(
        "qwen2.5-coder",
        _config("qwen2", 2, rope_theta=1e6, rms_norm_eps=1e-6),
        2,
        "qwen2",
        _RMS | {".rope.freq_base": 1e6},
    ),
    "qwen2-tied": Checkpoint(
        "qwen2.5-coder",
        _config("qwen2", 2, rope_theta=1e6, rms_norm_eps=1e-6, tie_word_embeddings=True),
        2,
        "qwen2",
        _RMS | {".rope.freq_base": 1e6},
        padding=5,
    ),
    "qwen3": Checkpoint(
        "qwen2.5-coder",
        _config("qwen3", 2, rope_theta=1e6, rms_norm_eps=1e-6, head_dim=32),
        2,
        "qwen3",
        _RMS | {".rope.freq_base": 1e6},
        head=32,
    ),
    "codellama": Checkpoint(
        "codellama",
        _config("llama", 4, rope_theta=1e6, rms_norm_eps=1e-6),
        4,
        "llama",
        _RMS | {".rope.freq_base": 1e6},
    ),
    "deepseek-coder": Checkpoint(
        "deepseek-coder",
        _config(
            "llama",
            4,
            rope_theta=1e5,
            rms_norm_eps=1e-6,
            rope_scaling={"type": "linear", "factor": 4.0},
        ),
        4,
        "llama",
        _RMS
        | {
            ".rope.freq_base": 1e5,
            ".rope.scaling.type": "linear",
            ".rope.scaling.factor": 4.0,
        },
        padding=7,
    ),
    "granite-code": Checkpoint(
        "granite-code",
        _config(
            "llama",
            2,
            rms_norm_eps=1e-5,
            attention_bias=True,
            mlp_bias=True,
            tie_word_embeddings=True,
        ),
        2,
        "llama",
        {".attention.layer_norm_rms_epsilon": 1e-5, "general.name": "Granite 3B Code"},
    ),
    "smollm2": Checkpoint(
        "left-to-right",
        _config("llama", 1, rope_theta=1e5, rms_norm_eps=1e-5, tie_word_embeddings=True),
        1,
        "llama",
        {
            ".attention.layer_norm_rms_epsilon": 1e-5,
            ".rope.freq_base": 1e5,
            "general.name": "SmolLM2 135M",
        },
    ),
    "starcoder2": Checkpoint(
        "starcoder2",
        _config(
            "starcoder2",
            2,
            rope_theta=999_999.4,
            norm_epsilon=1e-5,
            use_bias=True,
            tie_word_embeddings=True,
            sliding_window=4096,
        ),
        2,
        "starcoder2",
        _NORM | {".rope.freq_base": 999_999.4},
    ),
    "starcoder": Checkpoint(
        "starcoder",
        {
            "model_type": "gpt_bigcode",
            "n_embd": WIDTH,
            "n_inner": INNER,
            "n_layer": LAYERS,
            "n_head": HEADS,
            "n_positions": 64,
            "multi_query": True,
            "activation_function": "gelu_pytorch_tanh",
            "layer_norm_epsilon": 1e-5,
            "tie_word_embeddings": True,
            "bos_token_id": 0,
            "eos_token_id": 0,
        },
        1,
        "starcoder",
        _NORM,
    ),
    "codegemma": Checkpoint(
        "codegemma",
        _config(
            "gemma",
            1,
            rms_norm_eps=1e-6,
            head_dim=32,
            hidden_act="gelu_pytorch_tanh",
            tie_word_embeddings=True,
        ),
        1,
        "gemma",
        _RMS,
        head=32,
    ),
}
