"""Measures the mask: what it covers of planted secrets and of ordinary code, and how long it takes.

    .venv/bin/python -m tests.context.measure_mask FOLDER...

counts planted secrets that can still be read, then, over all program text below the folders,
covered characters and processor time. With `--detect-secrets` that package does the same (install
it first: it is no dependency, since it imports a network library).
"""

from __future__ import annotations

import argparse
import importlib
import random
import time
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from context.access.private_names import CODE
from context.secrets.mask import mask
from tests.context import planted

if TYPE_CHECKING:
    from collections.abc import Callable

PLANTED = 5000
MOST_FILES = 4000
LARGEST = 512 * 1024


def measure(covered: Callable[[str], int], texts: list[str]) -> None:
    """Print what is covered of `texts`; `covered` says how many characters of one are."""
    lines, characters = sum(text.count("\n") for text in texts), sum(map(len, texts))
    started = time.process_time()
    hidden = sum(map(covered, texts))
    spent_ms = (time.process_time() - started) * 1000
    share, each_ms = hidden / max(1, characters), spent_ms / max(1, lines) * 5000
    print(  # noqa: T201
        f"{len(texts)} files, {lines} lines, {characters} characters: {hidden} covered "
        f"({share:.5%}), {each_ms:.1f} ms for 5,000 lines"
    )


def count_covered(text: str) -> int:
    """Characters of a text that the mask covers."""
    covered = mask(text)
    return 0 if covered == text else sum(map(str.__ne__, covered, text))


def recall(is_found: Callable[[str, str], bool], count: int) -> None:
    """Print how many planted secrets are not found."""
    missed = Counter(
        kind for kind, secret, line in planted.planted(count, seed=7) if not is_found(line, secret)
    )
    print(f"planted: {missed.total()} of {count} missed, of {len(missed)} kinds")  # noqa: T201


def texts_below(folders: list[Path]) -> list[str]:
    """Program text, drawn by chance (but always the same) when there is much."""
    paths = sorted(path for folder in folders for path in folder.rglob("*") if path.suffix in CODE)
    random.Random(1).shuffle(paths)  # noqa: S311 - a sample
    small = (path for path in paths if path.is_file() and path.stat().st_size <= LARGEST)
    return [path.read_text("utf-8", errors="replace") for path in islice(small, MOST_FILES)]


def compare(texts: list[str]) -> None:
    """The same with detect-secrets and its default plugins; half of a secret counts as found."""
    settings: Any = importlib.import_module("detect_secrets.settings")
    with settings.default_settings():
        plugins = settings.get_plugins()

        def find(line: str) -> set[str]:
            found = (secret for one in plugins for secret in one.analyze_line("a.py", line, 1))
            return {secret.secret_value for secret in found if secret.secret_value}

        recall(
            lambda line, secret: any(
                secret in one or (one in secret and 2 * len(one) >= len(secret))
                for one in find(line)
            ),
            PLANTED,
        )
        measure(
            lambda text: sum(len(one) for line in text.split("\n") for one in find(line)), texts
        )


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--detect-secrets", action="store_true")
    arguments = parser.parse_args()
    texts = texts_below(arguments.folders)
    if arguments.detect_secrets:
        compare(texts)
        return
    recall(lambda line, secret: secret not in mask(line), PLANTED)
    measure(count_covered, texts)


if __name__ == "__main__":
    main()
