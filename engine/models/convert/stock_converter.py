"""Architectures without a loader here, through CTranslate2's own converter.

It needs torch (the extra `midfill[convert]`) and memory for the whole model as it is published.
Code of the folder is never run, and pickles are refused before this is reached.
"""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.models.formats import ct2_folder
from engine.models.formats.vocabulary import choose_family, make_special

if TYPE_CHECKING:
    from pathlib import Path

    from engine.models.formats.hf_folder import HfFolder
    from engine.models.formats.vocabulary import About, Vocabulary

_MADE = (ct2_folder.MODEL, ct2_folder.CONFIG, ct2_folder.VOCABULARY)


def convert(
    source: HfFolder, vocabulary: Vocabulary, folder: Path, family: str | None, quantization: str
) -> About:
    """Convert a Hugging Face folder into `folder`.

    Args:
        source: the folder.
        vocabulary: its tokenizer.
        folder: an existing empty folder.
        family: name of its prompt family, None to guess.
        quantization: what CTranslate2 calls `int8`, `float16`, `float32`.

    Raises:
        ConversionError: torch is missing, or CTranslate2 refuses the model, with its reason.
    """
    if importlib.util.find_spec("torch") is None:
        raise source.error(
            f"architecture {source.architecture!r} needs CTranslate2's own converter: "
            "`pip install midfill[convert]`"
        )
    chosen = choose_family(source, vocabulary.tokens, family)
    make_special(vocabulary, chosen)
    made = folder / "made"
    try:
        _converter(source.path).convert(str(made), quantization=quantization)
        for name in _MADE:
            (made / name).rename(folder / name)
    # the converter raises whatever the content of the folder led to
    except Exception as error:
        raise source.error(f"CTranslate2's converter refused it ({error})") from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
    vocabulary.tokenizer.save(str(folder / ct2_folder.TOKENIZER), pretty=False)
    about = ct2_folder.describe(folder, chosen, quantization)
    return replace(about, context_length=source.scalar(".context_length", int, 0))


def _converter(path: Path) -> Any:  # CTranslate2 has no types
    from ctranslate2.converters import TransformersConverter

    class Careful(TransformersConverter):  # type: ignore[misc]  # CTranslate2 has no types
        """Reads nothing but local safetensors."""

        def load_model(self, model_class: Any, place: str, **options: Any) -> Any:
            return model_class.from_pretrained(
                place, use_safetensors=True, local_files_only=True, **options
            )

        def load_tokenizer(self, tokenizer_class: Any, place: str, **options: Any) -> Any:
            return tokenizer_class.from_pretrained(place, local_files_only=True, **options)

    return Careful(str(path), trust_remote_code=False)
