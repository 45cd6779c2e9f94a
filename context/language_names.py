"""What people and editors call languages, read from the lists that people write."""

from __future__ import annotations

import difflib
import functools
import re
from typing import Final

from context.languages import LANGUAGES, PLAIN

_OTHERS: Final = {
    PLAIN: "plain text txt",
    "asciidoc": "adoc",
    "assembly": "asm nasm",
    "bibtex": "bib",
    "csv": "tsv",
    "diff": "patch",
    "dotenv": "env",
    "elm": "",
    "emacs-lisp": "elisp el",
    "git-commit": "gitcommit commit",
    "git-rebase": "gitrebase",
    "handlebars": "hbs",
    "help": "",
    "log": "",
    "mdx": "",
    "org": "orgmode",
    "pascal": "delphi",
    "restructuredtext": "rst rest",
    "solidity": "sol",
    "tcl": "",
    "typst": "",
    "vb": "visualbasic vbnet",
    "verilog": "systemverilog",
    "vhdl": "",
}
"""Identifiers without a row in `LANGUAGES`, since editors send them too, and their other names."""

_MORE: Final = {
    "bat": "batchfile",
    "cpp": "cplusplus cxx",
    "dockerfile": "docker",
    "javascript": "ecmascript",
    "lisp": "cl",
    "shellscript": "posixshell bourneshell",
}
_SEPARATORS = re.compile(r"[,;\s]+")
_LISTED = re.compile(r"[,;\n]+")


def language_named(name: str) -> str | None:
    """The identifier of a language by any of its names, None for one that is not known.

    >>> language_named("C++"), language_named("Python 3"), language_named("*.tex")
    ('cpp', 'python', 'latex')
    """
    plain = _plain(name)
    return _names().get(plain) or _names().get(plain.rstrip("0123456789"))


def same_language(name: str) -> str:
    """One spelling for all names of a language, known here or not."""
    return language_named(name) or name.strip().lower()


@functools.lru_cache(maxsize=16)
def languages_in(listed: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """A list of languages as people write it: commas between, or blanks.

    Returns:
        Their identifiers, and the words among them that name no language known here.

    >>> languages_in("Objective-C, sh md pyton")[1]
    ('pyton',)
    """
    words: list[str] = []
    for part in filter(None, map(str.strip, _LISTED.split(listed))):
        words += [part] if language_named(part) else _SEPARATORS.split(part)
    unknown = tuple(word for word in words if language_named(word) is None)
    return frozenset(map(same_language, words)), unknown


def near(name: str) -> str:
    """A language that may have been meant, "" for none."""
    names = _names()
    found = difflib.get_close_matches(_plain(name), names, 1)
    return names[found[0]] if found else ""


def _plain(name: str) -> str:
    """A name without what people leave out or add: case, `*.`, blanks, dots, dashes."""
    return re.sub(r"[\s._*-]", "", name.lower())


@functools.cache
def _names() -> dict[str, str]:
    """Identifiers by every plain name; identifiers themselves come first, endings last."""
    found: dict[str, str] = {}
    rows = LANGUAGES.values()
    levels = (
        [(row.id, (row.id, *row.aliases, row.name)) for row in rows],
        [(one, (one, *more.split())) for one, more in (_OTHERS | _MORE).items()],
        [(row.id, (*row.extensions, *row.filenames, *row.interpreters)) for row in rows],
    )
    for level in levels:
        for identifier, names in level:
            for name in filter(None, map(_plain, names)):
                found.setdefault(name, identifier)
    return found
