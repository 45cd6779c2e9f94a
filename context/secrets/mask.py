"""Find secrets in text and cover them with `*`, so that no model or log has them.

The covered text has the length and the line endings of the text, so every line and column stays
what it was; covering it again changes nothing.

Four things are looked for: tokens of known kinds (`secret_kinds`), private key blocks, passwords
in URLs and headers, and values of assignments to names such as `password` or `api_key`. Letters
and digits that only look random are left alone: in source text they are hashes, identifiers and
test data far more often than keys. docs/privacy.md says how often that is right.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Final

from context.secrets.assignments import assigned, is_placeholder
from context.secrets.kinds import KINDS, RUN, SHAPES, SecretKind
from context.text import Text, split_lines
from context.words import in_word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from context.text import Chunk

MASK: Final = "*"

Span = tuple[int, int]

_STARS = re.compile(re.escape(MASK) + "+")
_WORD = re.compile(r"\w")
_VISIBLE = re.compile(r"[^\s]")
_LONGEST_RUN = 4096
"""Unbroken text that is longer is data; looking for tokens in all of it could take for ever."""


def mask(text: str) -> str:
    """`text` with every secret covered.

    >>> mask('url = "https://me:hunter2@host/"')
    'url = "https://me:*******@host/"'
    """
    return _cover(text, [*_spans(text)])


def hidden(text: str) -> str:
    """`text` without its secrets, as a model reads it: what is not there cannot be said again.

    >>> hidden('url = "https://me:hunter2@host/"')
    'url = "https://me:@host/"'
    """
    return without_masks(text, mask(text))


def without_masks(text: str, covered: str) -> str:
    """What a model may read of a text: a row of stars would come back as a value.

    Args:
        text: the text.
        covered: the same with its secrets covered, of the same length.
    """
    if text == covered:
        return text
    pieces, done = [], 0
    for stars in _STARS.finditer(covered):
        start, end = stars.span()
        if text[start:end] != covered[start:end]:
            pieces.append(text[done:start])
            done = end
    return "".join((*pieces, text[done:]))


def masked(text: Text) -> Text:
    """`mask` for a document; unchanged parts cost nothing."""
    covered = text.with_chunks(_masked_chunk)
    if covered is text or not any(map(_is_begin, text.lines(0, len(text)))):
        return covered
    whole = str(text)  # a key may reach beyond its chunk
    return Text.of(_cover(str(covered), [*_key_blocks(whole)]))


def _is_begin(line: str) -> bool:
    return "PRIVATE KEY" in line or "Private-Lines" in line


_known_lines: dict[str, str] = {}
_MOST_KNOWN = 1 << 16
_FEW = 4


_LONG_CHUNK = 50_000
"""Characters from which on few pieces are remembered, so that no odd document fills the memory."""


def _masked_chunk(chunk: Chunk) -> Chunk:
    return (_masked_long if sum(map(len, chunk)) > _LONG_CHUNK else _masked_lines)(chunk)


@functools.lru_cache(maxsize=8)
def _masked_long(chunk: Chunk) -> Chunk:
    return _masked_whole(chunk)


@functools.lru_cache(maxsize=512)
def _masked_lines(chunk: Chunk) -> Chunk:
    """The lines of one piece of a document, of which a keystroke changes one or two."""
    if any(map(_is_begin, chunk)):
        return _masked_whole(chunk)
    new = [line for line in chunk if line not in _known_lines]
    if len(new) > _FEW:
        covered = _masked_whole(chunk)
        if len(_known_lines) > _MOST_KNOWN:
            _known_lines.clear()
        _known_lines.update(zip(chunk, covered, strict=True))
        return covered
    fresh = {line: mask(line) for line in new}
    return tuple(fresh.get(line) or _known_lines.get(line) or mask(line) for line in chunk)


def _masked_whole(chunk: Chunk) -> Chunk:
    lines = split_lines(mask("".join(chunk)))
    return tuple(lines[: len(chunk)])  # behind the ending of the last line there is no line


def _spans(text: str) -> Iterator[Span]:
    yield from _known(text)
    yield from _key_blocks(text)
    yield from _in_urls(text)
    yield from _in_headers(text)
    yield from assigned(text)


def _cover(text: str, spans: list[Span]) -> str:
    if not spans:
        return text
    pieces, done = [], 0
    for start, end in sorted(spans):
        if end > done:
            begin = max(start, done)
            pieces += [text[done:begin], _VISIBLE.sub(MASK, text[begin:end])]
            done = end
    return "".join((*pieces, text[done:]))


def _places(text: str, mark: str) -> Iterator[int]:
    """Where a mark begins; `str.find` is many times quicker than an expression."""
    place = text.find(mark)
    while place >= 0:
        yield place
        place = text.find(mark, place + 1)


def _known(text: str) -> Iterator[Span]:
    for kind in _APART:
        for place in _places(text, kind.mark):
            yield from _secret_at(text, place, kind)
    for run in RUN.finditer(text):
        start, end = run.span()
        if end - start <= _LONGEST_RUN and _DIGIT.search(text, start, end):
            yield from (found.span() for found in SHAPES.finditer(text, start, end))
            for mark in _MARK.finditer(text, start, end):
                for kind in _BY_MARK[mark[1]]:
                    yield from _secret_at(text, mark.start(), kind)


_APART = tuple(kind for kind in KINDS if not kind.is_run)
_BY_MARK: dict[str, list[SecretKind]] = {}
for _kind in KINDS:
    if _kind.is_run:
        # the longest mark is found, so it speaks for the shorter ones that it begins with
        _BY_MARK.setdefault(_kind.mark, []).append(_kind)
for _mark, _held in _BY_MARK.items():
    _held += [
        kind for kind in KINDS if kind.is_run and kind.mark != _mark and _mark.startswith(kind.mark)
    ]
_MARK = re.compile(f"(?=({'|'.join(map(re.escape, sorted(_BY_MARK, key=len, reverse=True)))}))")
_DIGIT = re.compile(r"[0-9]")


def _secret_at(text: str, place: int, kind: SecretKind) -> Iterator[Span]:
    if kind.inner or not place or not in_word(text[place - 1]):
        found = kind.pattern.match(text, place)
        if found:
            yield found.span(found.re.groups)


# Private keys: every line of a block, until one that cannot belong to it

_BEGIN = re.compile(r"-{4,5} ?BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)? ?-{4,5}|Private-Lines: \d+")
_BODY = re.compile(r"[A-Za-z0-9+/=_-]+")
_BODY_LINE = re.compile(
    r"[ \t]*(?:[>#*|]|//|--)?[ \t]*[bfru]?[\"'`]?(?:\\n)?"
    r"([A-Za-z0-9+/=]+)(?:\\r)?(?:\\n)*\\?[\"'`]?[ \t]*[+.,;)\\]*[ \t\r]*"
)
_HEADER_LINE = re.compile(r"[ \t]*[\"'`]?(?:[A-Z][A-Za-z-]+: [^\n]*|)\r?")
_MOST_HEADERS = 6


def _key_blocks(text: str) -> Iterator[Span]:
    if "PRIVATE KEY" not in text and "Private-Lines" not in text:
        return
    for begin in _BEGIN.finditer(text):
        end = text.find("\n", begin.end())
        rest = text[begin.end() : end if end >= 0 else len(text)]
        for found in _BODY.finditer(rest.partition("---END")[0]):
            if len(found[0]) >= _SHORTEST_BODY:  # a whole key on one line, with `\n` in it
                yield begin.end() + found.start(), begin.end() + found.end()
        yield from _key_lines(text, end)


_SHORTEST_BODY = 8


def _key_lines(text: str, end: int) -> Iterator[Span]:
    """The lines after a `BEGIN` that make up its key; `end` is the end of that line, or -1."""
    headers = 0
    first = True
    while end >= 0:
        start = end + 1
        end = text.find("\n", start)
        stop = end if end >= 0 else len(text)
        found = _BODY_LINE.fullmatch(text, start, stop)
        if found and (not first or len(found[1]) >= _SHORTEST_BODY):
            yield found.span(1)
            first = False
        elif first and headers < _MOST_HEADERS and _HEADER_LINE.fullmatch(text, start, stop):
            headers += 1
        else:
            return


# Passwords in URLs and headers

_URL = re.compile(r"://[^\s:/?#@\"'<>*{}()\[\]]*:([^\s/?\"'<>`]{1,200})@(?=[\w\[{$%.-])")
_HEADER = re.compile(
    r"authorization[\"']?\]?\s*[:=,(]\s*(?:f?[\"'`])?(?:bearer|basic|token|digest|apikey)\s+"
    r"([A-Za-z0-9._~+/=-]{8,})",
    re.IGNORECASE,
)
_BEARER = re.compile(r"[Bb]earer\s+((?=[A-Za-z._~+/-]*\d)[A-Za-z0-9._~+/-]{20,}={0,2})")


def _in_urls(text: str) -> Iterator[Span]:
    for place in _places(text, "://"):
        found = _URL.match(text, place)
        if found and not is_placeholder(found[1]):
            yield found.span(1)


def _in_headers(text: str) -> Iterator[Span]:
    for mark in ("uthorization", "UTHORIZATION"):
        for place in _places(text, mark):
            if place and (found := _HEADER.match(text, place - 1)):
                yield found.span(1)
    for mark in ("earer ",):
        for place in _places(text, mark):
            if place and (found := _BEARER.match(text, place - 1)):
                yield found.span(1)
