"""Milliseconds from a key to visible ghost text, on a server that answers at once.

Run `python tests/editors/neovim/measure_latency.py [0.11|0.12] [repeats]`. Prints the median and
the 95th percentile of the repeats (50 unless given). A repeat begins in insert mode on an empty
line of a real Neovim and types one character; it ends in the redraw that puts the ghost text on
the screen. Both ends are read from the editor's own clock, so that driving it from outside costs
nothing.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))
from tests.editors.neovim.conftest import Editor, find_neovim

PROBE = """
local ghost = require('midfill.ghost').namespace
local start
_G.times = {}
vim.on_key(function(_, typed)
  if typed == 'v' then start = vim.uv.hrtime() end
end)
-- Called at the end of each redraw: what has an extmark by now is on the screen.
vim.api.nvim_set_decoration_provider(vim.api.nvim_create_namespace('probe'), {
  on_end = function()
    if start and #vim.api.nvim_buf_get_extmarks(0, ghost, 0, -1, { limit = 1 }) > 0 then
      table.insert(_G.times, (vim.uv.hrtime() - start) / 1e6)
      start = nil
    end
  end,
})
"""


def measure(version: str, repeats: int) -> list[float]:
    """The times of all repeats, in milliseconds."""
    with tempfile.TemporaryDirectory() as directory:
        editor = Editor(find_neovim(version), Path(directory))
        editor.start("value = compute(first, second)\nprint(value)")
        editor.open("a.py", b"\n" * 500)
        editor.wait_ready()
        editor.lua(PROBE)
        for repeat in range(repeats):
            editor.keys("i")
            editor.catch_up()
            editor.keys("v")
            editor.until(
                lambda n=repeat: editor.lua("return #_G.times") > n,  # type: ignore[misc]
                "no ghost text",
            )
            editor.keys("<Esc>", "j")
        times = [float(each) for each in editor.lua("return _G.times")]
        editor.close()
        return times


def main() -> None:
    """Measure and print."""
    version = sys.argv[1] if len(sys.argv) > 1 else "0.12"
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    times = sorted(measure(version, repeats))
    print(  # noqa: T201 - the script's result
        f"Neovim {version}, key to ghost text, {len(times)} repeats: "
        f"median {statistics.median(times):.1f} ms, p95 {times[int(len(times) * 0.95)]:.1f} ms"
    )


if __name__ == "__main__":
    main()
