"""A language server in one page, for tests: `python made_up_server.py MODE TRUTH.json`.

TRUTH.json maps the end of a file name to the text that the file will have in the end. The server
mirrors documents from incremental changes and completes the line, as long as its mirror agrees
with the truth. Modes: right; growing (half the line first); crash (ends at the fourth request);
crash-once (only the first process does);
hang (goes silent there); nonsense (answers garbage); none (offers nothing).
"""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import Any

NOT_FOUND = {"error": {"code": -32601, "message": "no such method"}}
PATIENCE = 3


class Server:
    """One client, one thread; a timer tells of longer texts."""

    def __init__(self, mode: str, truth: dict[str, str]) -> None:
        self.mode = mode
        self.truth = truth
        self.texts: dict[str, str] = {}
        self.grown: set[str] = set()
        self.asked = 0
        self.out = threading.Lock()

    def send(self, message: dict[str, Any]) -> None:
        """One message out."""
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        with self.out:
            sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
            sys.stdout.buffer.flush()

    def take(self, message: dict[str, Any]) -> None:
        """One message in."""
        params = message.get("params") or {}
        match message.get("method"):
            case "initialize":
                offer: dict[str, Any] = (
                    {} if self.mode == "none" else {"inlineCompletionProvider": {}}
                )
                self.send({"id": message["id"], "result": {"capabilities": offer}})
            case "textDocument/didOpen":
                self.texts[params["textDocument"]["uri"]] = params["textDocument"]["text"]
            case "textDocument/didChange":
                self.change(params["textDocument"]["uri"], params["contentChanges"])
            case "textDocument/inlineCompletion":
                self.complete(message["id"], params)
            case "shutdown":
                self.send({"id": message["id"], "result": None})
            case "exit":
                sys.exit(0)
            case _ if "id" in message:
                self.send({"id": message["id"], **NOT_FOUND})

    def change(self, uri: str, changes: list[dict[str, Any]]) -> None:
        """Apply incremental changes."""
        for change in changes:
            text = self.texts[uri]
            start = offset(text, change["range"]["start"])
            end = offset(text, change["range"]["end"])
            self.texts[uri] = text[:start] + change["text"] + text[end:]

    def complete(self, number: int, params: dict[str, Any]) -> None:
        """Answer with the rest of the line, or misbehave."""
        self.asked += 1
        if self.asked > PATIENCE and self.crashes():
            sys.stderr.write("out of cheese\n")
            sys.exit(3)
        if self.asked > PATIENCE and self.mode == "hang":
            threading.Event().wait()
        if self.mode == "nonsense":
            sys.stdout.buffer.write(b"Hello\r\n\r\n")
            sys.stdout.buffer.flush()
            return
        uri, place = params["textDocument"]["uri"], params["position"]
        text = self.texts[uri]
        at = offset(text, place)
        rest = self.rest_of_line(text, at, self.truth[uri[-4:]])
        if self.mode == "growing" and len(rest) > PATIENCE and text not in self.grown:
            self.grown.add(text)
            rest = rest[: len(rest) // 2]
            told = {"method": "midfill/moreAvailable", "params": {"uri": uri, "version": 0}}
            threading.Timer(0.005, self.send, [told]).start()
        start = {"line": place["line"], "character": 0}
        typed = text[text.rfind("\n", 0, at) + 1 : at]
        item = {"insertText": typed + rest, "range": {"start": start, "end": place}}
        self.send({"id": number, "result": {"items": [item] if rest else []}})

    def crashes(self) -> bool:
        """Whether it is time to end; a file says that another process did."""
        done = Path(f"{sys.argv[2]}.crashed")
        again = self.mode == "crash" or (self.mode == "crash-once" and not done.exists())
        if again:
            done.touch()
        return again

    def rest_of_line(self, text: str, at: int, will_be: str) -> str:
        """What is still to come of the line; "" when the mirror is not what it should be."""
        if not (will_be.startswith(text[:at]) and will_be.endswith(text[at:])):
            return ""
        rest = will_be[at : len(will_be) - len(text[at:])]
        return rest[: rest.find("\n", 1)] if "\n" in rest[1:] else rest


def offset(text: str, place: dict[str, int]) -> int:
    """A place in UTF-16 units as code points from the start."""
    lines = text.split("\n")
    units = lines[place["line"]].encode("utf-16-le")[: 2 * place["character"]]
    return sum(len(line) + 1 for line in lines[: place["line"]]) + len(units.decode("utf-16-le"))


def receive() -> dict[str, Any]:
    """The next message; ends the process when there is none."""
    length = 0
    while line := sys.stdin.buffer.readline():
        if line.lower().startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
        elif not line.strip():
            message: dict[str, Any] = json.loads(sys.stdin.buffer.read(length))
            return message
    sys.exit(0)


if __name__ == "__main__":
    server = Server(sys.argv[1], json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))
    while True:
        server.take(receive())
