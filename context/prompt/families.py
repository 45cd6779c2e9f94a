"""Model families as data: how each spells fill-in-the-middle. Sources: the models' docs.

A prompt for one file is `begin prefix opening TEXT suffix TEXT middle`; a family that only reads
from left to right has no `prefix`, `suffix` and `middle`, and its prompt is `begin TEXT`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """How a model family writes a fill-in-the-middle prompt.

    Attributes:
        name: what a manifest says.
        stops: control tokens that end an answer. Every vocabulary of the family has the first;
            of the others those count that a vocabulary has.
        prefix, suffix, middle: control tokens before each part; all "" for a family that reads
            from left to right only.
        begin: control token at the start of every prompt, "" where there is none.
        opening: ordinary text that the family was taught to expect before the prefix.
        repo: control token before a repository's name, "" where the family has none.
        repo_end: ordinary text behind that name.
        file: control token of repository prompts before each file's path; "" where the family
            has none, so that other files go into comments.
        path_inside: whether the current file's path follows `prefix` instead of standing before.
    """

    name: str
    stops: tuple[str, ...]
    prefix: str = ""
    suffix: str = ""
    middle: str = ""
    begin: str = ""
    opening: str = ""
    repo: str = ""
    repo_end: str = "\n"
    file: str = ""
    path_inside: bool = False

    @property
    def fills_in(self) -> bool:
        """Whether models of the family read the text after the cursor."""
        return bool(self.middle)

    @property
    def required(self) -> frozenset[str]:
        """Control tokens that every vocabulary of this family has."""
        parts = (self.prefix, self.suffix, self.middle, self.begin, self.repo, self.file)
        return frozenset(part for part in (*parts, self.stops[0]) if part)

    @property
    def control_tokens(self) -> frozenset[str]:
        """All control tokens that the family knows."""
        return self.required | frozenset(self.stops)


_STARCODER = ("<fim_prefix>", "<fim_middle>", "<fim_suffix>", "<fim_pad>")

_QWEN = Family(
    name="qwen2.5-coder",
    stops=(
        "<|endoftext|>",
        "<|im_end|>",
        "<|fim_prefix|>",
        "<|fim_middle|>",
        "<|fim_suffix|>",
        "<|fim_pad|>",
        "<|repo_name|>",
        "<|file_sep|>",
    ),
    prefix="<|fim_prefix|>",
    suffix="<|fim_suffix|>",
    middle="<|fim_middle|>",
    repo="<|repo_name|>",
    file="<|file_sep|>",
)

_STARCODER2 = Family(
    name="starcoder2",
    stops=("<|endoftext|>", "<file_sep>", "<repo_name>", *_STARCODER),
    prefix="<fim_prefix>",
    suffix="<fim_suffix>",
    middle="<fim_middle>",
    repo="<repo_name>",
    repo_end="",
    file="<file_sep>",
    path_inside=True,
)

_STARCODER1 = Family(
    name="starcoder",
    stops=("<|endoftext|>", "<filename>", "<reponame>", "<gh_stars>", *_STARCODER),
    prefix="<fim_prefix>",
    suffix="<fim_suffix>",
    middle="<fim_middle>",
    repo="<reponame>",
    repo_end="",
    file="<filename>",
    path_inside=True,
)

_SANTACODER = Family(
    name="santacoder",
    stops=("<|endoftext|>", "<fim-prefix>", "<fim-middle>", "<fim-suffix>", "<fim-pad>"),
    prefix="<fim-prefix>",
    suffix="<fim-suffix>",
    middle="<fim-middle>",
)

_DEEPSEEK = Family(
    name="deepseek-coder",
    stops=(
        "<｜end▁of▁sentence｜>",
        "<|EOT|>",
        "<｜begin▁of▁sentence｜>",
        "<｜fim▁begin｜>",
        "<｜fim▁hole｜>",
        "<｜fim▁end｜>",
    ),
    prefix="<｜fim▁begin｜>",
    suffix="<｜fim▁hole｜>",
    middle="<｜fim▁end｜>",
    begin="<｜begin▁of▁sentence｜>",
)

_CODELLAMA = Family(
    name="codellama",
    stops=("▁<EOT>", "</s>", "<s>", "▁<PRE>", "▁<SUF>", "▁<MID>"),
    prefix="▁<PRE>",
    suffix="▁<SUF>",
    middle="▁<MID>",
    begin="<s>",
    # its tokens include the space before `<PRE>`, `<SUF>` and `<MID>`, not the one behind `<PRE>`
    opening=" ",
)

_CODEGEMMA = Family(
    name="codegemma",
    stops=(
        "<|file_separator|>",
        "<eos>",
        "<bos>",
        "<|fim_prefix|>",
        "<|fim_suffix|>",
        "<|fim_middle|>",
        "<end_of_turn>",
    ),
    prefix="<|fim_prefix|>",
    suffix="<|fim_suffix|>",
    middle="<|fim_middle|>",
    begin="<bos>",
    file="<|file_separator|>",
)

_GRANITE = Family(
    name="granite-code",
    stops=("<|endoftext|>", "<filename>", "<reponame>", *_STARCODER),
    prefix="<fim_prefix>",
    suffix="<fim_suffix>",
    middle="<fim_middle>",
)

_LEFT_TO_RIGHT = Family(
    name="left-to-right",
    stops=("<|endoftext|>", "<|im_end|>", "<|im_start|>"),
    begin="<|endoftext|>",  # what stood between the documents it was trained on
)

_LLAMA = Family(name="llama", stops=("</s>", "<s>"), begin="<s>")

FAMILIES = {
    family.name: family
    for family in (
        _QWEN,
        _STARCODER2,
        _STARCODER1,
        _SANTACODER,
        _DEEPSEEK,
        _CODELLAMA,
        _CODEGEMMA,
        _GRANITE,
        _LEFT_TO_RIGHT,
        _LLAMA,
    )
}
