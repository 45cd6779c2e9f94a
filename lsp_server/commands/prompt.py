"""Prints a prompt for people: part by part, with every piece of other files and its verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from context.prompt.layout import Layout
    from context.prompt.maker import Prompt
    from context.prompt.selection import RankedCandidate


@dataclass(frozen=True, slots=True)
class Shown:
    """A prompt for people.

    Attributes:
        prompt: the prompt.
        judged: every piece of other files, the best first, and what became of it.
        layout: where pieces stand in this model's prompts.
        prefill_tokens_s: tokens that this machine reads in a second.
    """

    prompt: Prompt
    judged: Sequence[RankedCandidate]
    layout: Layout
    prefill_tokens_s: float


def print_parts(console: Console, shown: Shown) -> None:
    """Print a prompt part by part, with what reading it costs."""
    prompt, rate = shown.prompt, shown.prefill_tokens_s
    parts = [(part.name, part.text, part.tokens) for part in prompt.stable.parts]
    live = ("live (after the anchor)", prompt.live_text, len(prompt.live))
    for name, text, tokens in (*parts, live):
        console.rule(f"{name}: {tokens} tokens", align="left", style="dim")
        console.print(text, markup=False, end="" if text.endswith("\n") else "\n")
    console.rule(style="dim")
    stable, key = len(prompt.stable.ids), len(prompt.live)
    console.print(
        f"stable part {stable} tokens, read once in about {stable / rate * 1000:.0f} ms; "
        f"live part {key} tokens, read at every key in about {key / rate * 1000:.0f} ms "
        f"({rate:.0f} tokens/s measured here)"
    )


def print_candidates(console: Console, shown: Shown) -> None:
    """Print what was found in other files: score, reason, tokens, and why it is in or out."""
    chosen = sum(judged.chosen for judged in shown.judged)
    console.print(f"other files ({shown.layout}): {len(shown.judged)} pieces, {chosen} told")
    for judged in shown.judged:
        one = judged.candidate
        verdict = "in: " if judged.chosen else "out:"
        console.print(
            f"{verdict} {one.score:.2f} {one.kind:8} {judged.tokens:5} tokens  {one.path}\n"
            f"       {one.reason}; {judged.why}",
            markup=False,
        )
