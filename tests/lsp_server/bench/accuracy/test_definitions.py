"""The oracle finds definitions and outlines them in the languages of the study."""

from __future__ import annotations

import pytest

from lsp_server.bench.accuracy.definitions import find, full, outline, signature

PYTHON = '''\
import os

LIMIT = 3


class Store(Base):
    """Keeps
    things."""

    path: str

    def __init__(
        self,
        path: str,
    ) -> None:
        self.path = path

    # a comment
    def read(self, name: str) -> bytes:
        """Bytes of a name."""
        return b""


def open_store(path: str) -> Store:
    """Open it."""
    return Store(path)
'''

GO = """\
package a

type Store struct {
\tPath string
\tsize int
}

func (s *Store) Read(name string) ([]byte, error) {
\treturn nil, nil
}
"""

TYPESCRIPT = """\
import { a } from './a';

export interface Options {
  /** How long. */
  timeout?: number;
  retries: number;
}

export class Client {
  private readonly url: string;
  async send(message: string): Promise<void> {
    await post(message);
  }
}
"""

JAVA = """\
package a;

public final class Client {
    private final String url;

    public Client(String url) {
        this.url = url;
    }

    public String send(String message) {
        return message;
    }
}
"""

OUTLINES = [
    (
        PYTHON,
        "python",
        "read",
        (
            "class Store(Base):\n    path: str\n    def __init__(\n        self,\n"
            "        path: str,\n"
            "    ) -> None:\n    def read(self, name: str) -> bytes:\n"
        ),
    ),
    (
        PYTHON,
        "python",
        "open_store",
        'def open_store(path: str) -> Store:\n    """Open it."""\n',
    ),
    (PYTHON, "python", "LIMIT", "LIMIT = 3\n"),
    (GO, "go", "Store", "type Store struct {\n\tPath string\n\tsize int\n}\n"),
    (GO, "go", "Read", "func (s *Store) Read(name string) ([]byte, error) {\n"),
    (
        TYPESCRIPT,
        "typescript",
        "Options",
        "export interface Options {\n  timeout?: number;\n  retries: number;\n}\n",
    ),
    (
        TYPESCRIPT,
        "typescript",
        "send",
        (
            "export class Client {\n  private readonly url: string;\n"
            "  async send(message: string): Promise<void> {\n}\n"
        ),
    ),
    (
        JAVA,
        "java",
        "send",
        (
            "public final class Client {\n    private final String url;\n"
            "    public Client(String url) {\n    public String send(String message) {\n}\n"
        ),
    ),
]


@pytest.mark.parametrize(("text", "language", "symbol", "wanted"), OUTLINES)
def test_an_outline_has_the_signatures_around_a_name(
    text: str, language: str, symbol: str, wanted: str
) -> None:
    """The header of what encloses it and its members, without bodies and comments."""
    found = find(text, symbol, language)
    assert found is not None
    assert outline(found) == wanted


def test_a_signature_is_the_header_and_the_line() -> None:
    """The least that says where a name belongs."""
    found = find(PYTHON, "read", "python")
    assert found is not None
    assert signature(found) == "class Store(Base):\n    def read(self, name: str) -> bytes:\n"


def test_full_text_has_the_body_and_at_most_forty_lines() -> None:
    """A short definition comes with what stands around it."""
    found = find(PYTHON, "open_store", "python")
    assert found is not None
    assert "return Store(path)" in full(found)
    long = "def f():\n" + "    x = 1\n" * 100
    found = find(long, "f", "python")
    assert found is not None
    assert full(found).count("\n") == 40


def test_a_name_that_is_only_used_is_not_found() -> None:
    """And an unknown language has no definitions."""
    assert find("print(thing)\n", "thing", "python") is None
    assert find("thing = 1\n", "thing", "cobol") is None
