"""The command line: usage errors, messages, exit codes."""

from __future__ import annotations

import pytest

from engine.errors import MidfillError
from lsp_server import cli
from lsp_server.commands import complete
from lsp_server.version import VERSION


@pytest.mark.parametrize(
    "arguments",
    [["no-such-command"], ["serve", "--log-level", "loud"], ["serve", "--tcp", "1.2.3.4:5"],
     ["serve", "--clientProcessId", "me"], ["complete"], ["serve", "--threads", "x"]],
    ids=str,
)  # fmt: skip
def test_usage_errors_are_exit_code_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """With the usage on stderr and nothing on stdout, where a client would read it."""
    with pytest.raises(SystemExit) as caught:
        cli.run(arguments)
    assert caught.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "usage: midfill" in printed.err


@pytest.mark.parametrize("arguments", [[], ["models"], ["bench"]], ids=str)
def test_a_command_that_is_missing_gets_the_whole_help(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """On stderr, with the code of a usage error: a script must not take it for a success."""
    assert cli.run(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("usage: midfill")
    assert "\ncommands:\n" in printed.err


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        (":8000", ("127.0.0.1", 8000)),
        ("[::1]:80", ("::1", 80)),
        ("localhost:9", ("localhost", 9)),
        ("127.8.8.8:9", ("127.8.8.8", 9)),
    ],
)
def test_loopback_addresses_are_accepted(address: str, place: tuple[str, int]) -> None:
    """Every spelling of this machine."""
    assert cli.parser().parse_args(["serve", "--tcp", address]).tcp == place


def test_what_editors_pass_is_accepted() -> None:
    """`--stdio` and `--clientProcessId=N` come from client libraries unasked."""
    arguments = cli.parser().parse_args(["serve", "--stdio", "--clientProcessId=42"])
    assert arguments.parent == 42


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    """Name and number."""
    with pytest.raises(SystemExit) as caught:
        cli.run(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"midfill {VERSION}\n"


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (MidfillError("the disk is full; free some"), 1, "midfill: the disk is full; free some"),
        (KeyboardInterrupt(), cli.EXIT_INTERRUPTED, "midfill: interrupted"),
    ],
)
def test_known_errors_are_one_line(
    error: BaseException,
    code: int,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What the user can act on comes without a traceback."""

    def fail(_: str, **_options: bool) -> int:
        raise error

    monkeypatch.setattr(complete, "prompt", fail)
    assert cli.run(["prompt", "a:1:1"]) == code
    assert capsys.readouterr().err == words + "\n"
