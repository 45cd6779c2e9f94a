"""A language server whose answers are a table: `stand_in.py LOG ENCODING [TEXT | TEXT=>LONGER]...`.

Every text that begins with what stands before the cursor on its line is an answer. `TEXT=>LONGER`
answers TEXT first, says that more is available, and answers LONGER from then on. Every message
received is appended to LOG, one JSON document a line. A line that holds `CRASH!` ends the server.
With a file named `loading` beside LOG, it has no answers until it gets `test/ready`.
Only the standard library is used, so that it starts at once.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any, BinaryIO


def length(text: str, encoding: str) -> int:
    """Length of `text` in the units of a position encoding."""
    return len(text.encode("utf-16-le")) // 2 if encoding == "utf-16" else len(text.encode())


def before(line: str, character: int, encoding: str) -> str:
    """The part of `line` before a protocol position."""
    if encoding == "utf-16":
        return line.encode("utf-16-le")[: character * 2].decode("utf-16-le")
    return line.encode()[:character].decode()


class StandIn:
    """One client's server."""

    def __init__(self, log: Path, encoding: str, table: list[str]) -> None:
        self.log = log
        self.encoding = encoding
        self.table = [tuple(entry.split("=>", 1)) for entry in table]
        self.grown: set[str] = set()
        self.documents: dict[str, dict[str, Any]] = {}
        self.loading = log.with_name("loading").exists()
        self.tells_status = False
        self.out: BinaryIO = sys.stdout.buffer

    def send(self, message: dict[str, Any]) -> None:
        """Write one message to the client."""
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.out.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.out.flush()

    def notify(self, method: str, params: dict[str, Any]) -> None:
        """Send a notification."""
        self.send({"method": method, "params": params})

    def complete(self, params: dict[str, Any]) -> dict[str, Any]:
        """Answer `textDocument/inlineCompletion`."""
        document = self.documents[params["textDocument"]["uri"]]
        position = params["position"]
        lines = document["text"].replace("\r\n", "\n").split("\n")
        line = lines[position["line"]]
        typed = before(line, position["character"], self.encoding)
        if "CRASH!" in line:
            os._exit(3)
        items = []
        for text, *longer in self.table:
            answer = longer[0] if text in self.grown else text
            if self.loading or not typed or not answer.startswith(typed) or answer == typed:
                continue
            items.append({"insertText": answer, "range": self.line_start_to(position)})
            items[-1]["command"] = {
                "title": "accepted",
                "command": "midfill.accepted",
                "arguments": [text],
            }
            if longer and text not in self.grown:
                self.grown.add(text)
                document["more"] = True
        return {"items": items}

    def line_start_to(self, position: dict[str, int]) -> dict[str, Any]:
        """The range that every answer replaces."""
        return {"start": {"line": position["line"], "character": 0}, "end": position}

    def answer(self, method: str, params: dict[str, Any]) -> object:
        """The result of a request."""
        if method == "initialize":
            self.tells_status = (params.get("initializationOptions") or {}).get("status") is True
            return {
                "serverInfo": {"name": "midfill", "version": "0"},
                "capabilities": {
                    "positionEncoding": self.encoding,
                    "textDocumentSync": {"openClose": True, "change": 1, "save": True},
                    "inlineCompletionProvider": {},
                    "executeCommandProvider": {"commands": ["midfill.accepted"]},
                },
            }
        if method == "textDocument/inlineCompletion":
            return self.complete(params)
        if method == "midfill/stats":
            return {"requests": 7}
        return None

    def notice(self, method: str, params: dict[str, Any]) -> None:
        """Follow a notification."""
        if method in {"textDocument/didOpen", "textDocument/didChange"}:
            document = params["textDocument"]
            text = document["text"] if "text" in document else params["contentChanges"][-1]["text"]
            self.documents[document["uri"]] = {"text": text, "version": document["version"]}
        elif method == "test/ready" or (method == "initialized" and not self.loading):
            self.loading = False
            if self.tells_status:  # as midfill does, only to those who asked
                self.notify("midfill/status", {"state": "ready", "message": "stand-in"})
        elif method == "exit":
            sys.exit(0)

    def run(self, stream: BinaryIO) -> None:
        """Serve until the client leaves."""
        while header := stream.readline():
            size = int(header.split(b":")[1])
            while stream.readline().strip():
                pass
            message = json.loads(stream.read(size))
            with self.log.open("a") as log:
                log.write(json.dumps({"pid": os.getpid(), **message}) + "\n")
            method, params = message.get("method", ""), message.get("params") or {}
            if "id" in message and method:
                self.send({"id": message["id"], "result": self.answer(method, params)})
            else:
                self.notice(method, params)
            for uri, document in self.documents.items():
                if document.pop("more", False):
                    grown = {"uri": uri, "version": document["version"]}
                    self.notify("midfill/moreAvailable", grown)


if __name__ == "__main__":
    StandIn(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]).run(sys.stdin.buffer)
