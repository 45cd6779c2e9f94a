"""Model families as data: how each one spells fill-in-the-middle. Sources: docs of each model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """How a family of models spells a fill-in-the-middle prompt.

    Attributes:
        name: what a manifest says.
        prefix, suffix, middle: control tokens before each part.
        repo, file: control tokens of repository-level prompts, "" where the family has none.
        stops: control tokens that end an answer.
    """

    name: str
    prefix: str
    suffix: str
    middle: str
    repo: str = ""
    file: str = ""
    stops: tuple[str, ...] = ()

    @property
    def control_tokens(self) -> frozenset[str]:
        """All control tokens that the family needs in a vocabulary."""
        parts = (self.prefix, self.suffix, self.middle, self.repo, self.file, *self.stops)
        return frozenset(part for part in parts if part)


FAMILIES = {
    family.name: family
    for family in (
        Family(
            name="qwen2.5-coder",
            prefix="<|fim_prefix|>",
            suffix="<|fim_suffix|>",
            middle="<|fim_middle|>",
            repo="<|repo_name|>",
            file="<|file_sep|>",
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
        ),
    )
}
