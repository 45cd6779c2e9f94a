"""Logging: midfill's own lines only, in a file of the owner's."""

from __future__ import annotations

import logging
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from lsp_server import logs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = (*logs._OWN, "")


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    """Loggers belong to the whole process."""
    loggers = [logging.getLogger(name) for name in NAMES]
    before = [(logger.level, logger.propagate, list(logger.handlers)) for logger in loggers]
    yield
    for logger, (level, propagate, handlers) in zip(loggers, before, strict=True):
        for handler in set(logger.handlers) - set(handlers):
            handler.close()
        logger.level, logger.propagate, logger.handlers[:] = level, propagate, handlers


def test_only_midfills_own_lines_are_written(tmp_path: Path) -> None:
    """Libraries log whole messages, which hold the user's text."""
    file = tmp_path / "new" / "x.log"
    logs.set_up("debug", file)
    logging.getLogger("lsp_server.completion.pipeline").debug("ours")
    logging.getLogger("pygls.protocol").critical("theirs")
    text = file.read_text(encoding="utf-8")
    assert "DEBUG lsp_server.completion.pipeline: ours" in text
    assert "theirs" not in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_level_is_obeyed(tmp_path: Path) -> None:
    """Nothing below it is written."""
    file = tmp_path / "x.log"
    logs.set_up("warning", file)
    logging.getLogger("engine").info("quiet")
    logging.getLogger("engine").warning("loud")
    text = file.read_text(encoding="utf-8")
    assert "loud" in text
    assert "quiet" not in text


def test_a_place_that_cannot_be_written_raises(tmp_path: Path) -> None:
    """Who wants a log wants to know that there is none."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OSError, match="file"):
        logs.set_up("debug", tmp_path / "file" / "x.log")


def test_servers_that_share_a_log_lose_no_line(tmp_path: Path) -> None:
    """Four windows with one `--log-file`: it is put aside once when it is full, by one of them."""
    file = tmp_path / "x.log"
    code = """if 1:
        import logging, sys
        from lsp_server import logs
        logs._MAX_BYTES = 40_000
        logs.set_up("info", __import__("pathlib").Path(sys.argv[1]))
        sys.stdin.readline()
        for number in range(200):
            logging.getLogger("engine").info("%s %d %s", sys.argv[2], number, "x" * 60)
    """
    words = [sys.executable, "-c", code, str(file)]
    pipe = subprocess.PIPE
    writers = [subprocess.Popen([*words, f"w{one}"], stdin=pipe, stderr=pipe) for one in range(4)]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(b"go\n")
        writer.stdin.flush()
    for writer in writers:
        assert writer.communicate()[1] == b""
    files = list(tmp_path.glob("x.log*"))
    written = [line.split() for path in files for line in path.read_text("utf-8").splitlines()]
    seen = {(line[-3], line[-2]) for line in written}
    assert seen == {(f"w{one}", str(number)) for one in range(4) for number in range(200)}
    assert len(written) == 800
    assert all(path.stat().st_size <= 41_000 for path in files)


def test_a_log_that_was_deleted_is_made_anew(tmp_path: Path) -> None:
    """And paths of odd bytes are written with an escape."""
    file = tmp_path / "x.log"
    logs.set_up("info", file)
    file.unlink()
    logging.getLogger("engine").info("%s", "odd-\udcff")
    assert "odd-\\udcff" in file.read_text(encoding="utf-8")
