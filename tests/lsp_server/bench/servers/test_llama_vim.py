"""llama.vim's policy against made-up answers, in made-up time and over HTTP."""

from __future__ import annotations

import asyncio
import json
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from lsp_server.bench.engines import virtual_time
from lsp_server.bench.errors import BenchError
from lsp_server.bench.keystrokes.replay import Contestant, measure
from lsp_server.bench.keystrokes.results import ReplayResults
from lsp_server.bench.keystrokes.self_check import MadeUpServer
from lsp_server.bench.keystrokes.typist import TypingRun
from lsp_server.bench.keystrokes.user import Typing, User
from lsp_server.bench.servers import llama_server
from lsp_server.bench.servers.llama_server import LlamaServer, host_and_port
from lsp_server.bench.servers.llama_vim import LlamaVim
from lsp_server.bench.servers.vim_buffer import Buffer, Policy
from lsp_server.bench.tasks.typing import TypingTask
from lsp_server.client.errors import ServerGoneError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TIMINGS = {"predicted_n": 3, "prompt_n": 10, "cache_n": 90, "prompt_ms": 5.0, "predicted_ms": 6.0}


class Model:
    """Answers after a delay, by a function of the text before the cursor; remembers requests."""

    def __init__(self, answer: Callable[[str], str], delay_ms: float = 50) -> None:
        self.answer = answer
        self.delay_ms = delay_ms
        self.bodies: list[dict[str, Any]] = []
        self.pending = self.most_pending = self.aborted = 0

    async def __call__(self, body: dict[str, Any]) -> dict[str, Any]:
        """One request."""
        self.bodies.append(body)
        self.pending += 1
        self.most_pending = max(self.most_pending, self.pending)
        try:
            await asyncio.sleep(self.delay_ms / 1000)
        except asyncio.CancelledError:
            self.aborted += 1
            raise
        self.pending -= 1
        before = body["input_prefix"] + body["prompt"]
        return {"content": self.answer(before), "timings": TIMINGS}


def completing(truth: str) -> Callable[[str], str]:
    """Knows the text from its first line on, and completes up to the end of the line."""

    def answer(before: str) -> str:
        before = before.removeprefix("\n")
        rest = truth[len(before) :] if truth.startswith(before) else ""
        return rest[: rest.find("\n", 1)] if "\n" in rest[1:] else rest

    return answer


def typed(
    model: Model, text: str, user: User | None = None, typing: Typing | None = None
) -> tuple[LlamaVim, TypingRun]:
    """A text typed into the policy in made-up time."""
    vim = LlamaVim(model)
    task = TypingTask("t", "python", "t.py", "", 0, text)
    run = TypingRun(task, vim, user or User(reaction_ms=1e9), typing or Typing())

    async def main() -> None:
        await vim.open(task)
        await run.run()
        await vim.close_task()

    virtual_time.run(main())
    return vim, run


def test_one_request_is_in_flight_and_none_is_aborted() -> None:
    """However many keys are typed meanwhile."""
    model = Model(lambda _: "never right", delay_ms=900)
    typed(model, "a = some_function(1, 2)\n")
    assert (model.most_pending, model.aborted) == (1, 0)
    assert len(model.bodies) > 2


def test_a_request_waits_for_the_one_in_flight_and_then_asks_for_the_newest_place() -> None:
    """Places in between are left out."""
    model = Model(lambda _: "zz", delay_ms=1000)
    typed(model, "abcdefgh", typing=Typing(base_ms=100))
    asked = [body["prompt"] for body in model.bodies]
    assert asked[0] == ""
    assert "a" not in asked
    assert asked[-1].startswith("abcdefgh")


def test_a_shown_text_asks_for_what_follows_it() -> None:
    """Once as if it had been accepted, with the long time limit; the first one has the short."""
    model = Model(completing("first line\nsecond line\n"))
    typed(model, "first", typing=Typing(base_ms=2000))
    first, ahead = model.bodies[:2]
    assert (first["prompt"], first["t_max_predict_ms"]) == ("", 250)
    assert (ahead["prompt"], ahead["t_max_predict_ms"]) == ("first line", 1000)


def test_typing_into_a_cached_text_shows_its_rest() -> None:
    """The look-back finds it; nothing has to be waited for after an accept either."""
    truth = "first line\nsecond line\nthird line"
    model = Model(completing(truth))
    vim, run = typed(model, truth, User(reaction_ms=500), Typing(base_ms=3000))
    assert run.counts.accepted_chars > 20
    sources = virtual_time.run(vim.sources())
    assert "cache" in {sources[number] for number in run.counts.answer_numbers}


def test_a_text_of_the_cache_must_agree_with_what_was_typed() -> None:
    """Another first character than the cached text's shows nothing of it."""
    model = Model(lambda before: "xyz" if before.endswith("\n") else "")
    _, run = typed(model, "abc", typing=Typing(base_ms=1000))
    assert run.counts.offers == 1


def test_the_request_is_the_documented_one() -> None:
    """256 lines before, 64 after, the indentation, the samplers and limits."""
    lines = [f"line {n}" for n in range(400)]
    text = "\n".join([*lines, "    here", *lines])
    offset = text.index("    here") + len("    he")
    model = Model(lambda _: "")
    vim = LlamaVim(model)

    async def main() -> None:
        vim.moved(text, offset)
        await vim.close_task()

    virtual_time.run(main())
    (body,) = model.bodies
    assert body["input_prefix"] == "\n".join(lines[-256:]) + "\n"
    assert body["input_suffix"] == "re\n" + "\n".join(lines[:64]) + "\n"
    assert (body["prompt"], body["n_indent"], body["n_predict"]) == ("    he", 4, 128)
    assert body["samplers"] == ["top_k", "top_p", "infill"]
    assert (body["top_k"], body["top_p"], body["t_max_prompt_ms"]) == (40, 0.9, 500)
    assert body["cache_prompt"] is True


def test_much_text_right_of_the_cursor_sends_no_request() -> None:
    """More than eight characters."""
    model = Model(lambda _: "x")
    vim = LlamaVim(model)

    async def main() -> str:
        return (await vim.complete("f(123456789", 2)).text

    assert virtual_time.run(main()) == ""
    assert model.bodies == []


def test_the_cache_forgets_what_was_used_longest_ago() -> None:
    """Its size is bounded."""
    vim = LlamaVim(Model(lambda _: ""), Policy(cached=2))
    for name in "ab":
        vim._put((name, ""), name)
    vim._get(("a", ""))
    vim._put(("c", ""), "c")
    assert [vim._get((name, "")) for name in "abc"] == ["a", None, "c"]


def test_what_the_server_says_of_its_work_is_added_up() -> None:
    """Tokens decoded, read, reused, and time."""
    model = Model(lambda _: "")
    vim, _ = typed(model, "ab", typing=Typing(base_ms=1000))
    work = virtual_time.run(vim.work())
    n = len(model.bodies)
    assert (work.decoded_tokens, work.prompt_tokens) == (3 * n, 100 * n)
    assert (work.cached_prompt_tokens, work.busy_ms) == (90 * n, 11 * n)


@pytest.mark.parametrize(
    ("text", "content", "shown"),
    [
        ("a|\n", "bc\n\n", ["bc"]),
        ("a|\n", "\n\n", []),
        ("    |\n", "    x\n    y", ["x", "    y"]),
        ("f(|)\n", ")", []),
        ("|\nnext\n", "next", []),
        ("|\n\nnext\n", "next", []),
        ("a|\none\ntwo\n", "\none\ntwo", []),
        ("|\none\ntwo\n", "one\ntw", []),
        ("|\none\ntwo\nsix\n", "one\ntwo\nsix", []),
        ("|\none\ntwo\n", "one\nother", ["one", "other"]),
    ],
)
def test_what_is_there_already_is_not_shown(text: str, content: str, shown: list[str]) -> None:
    """Trailing blanks, the rest of the line and the lines below are dropped."""
    offset = text.index("|")
    assert Buffer(text.replace("|", ""), offset).fit(content) == shown


class Handler(BaseHTTPRequestHandler):
    """Stands for llama-server."""

    status = 200

    def do_POST(self) -> None:
        """Answer any request."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = json.dumps({"content": body["prompt"] + "!", "timings": TIMINGS}).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base's name
        """Be quiet."""


@pytest.fixture
def url() -> Iterator[str]:
    """A made-up llama-server on loopback."""
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


async def test_a_server_on_loopback_is_asked_over_http(url: str) -> None:
    """Its answers are shown, its process is found by its port."""
    server = await LlamaServer.start(url)
    await server.open(TypingTask("t", "python", "t.py", "", 0, "x"))
    answer = await server.complete("ab", 2)
    assert answer.text == "ab!"
    work = await server.work()
    await server.close_task()
    assert work.decoded_tokens is not None
    assert work.rss_bytes is None or work.rss_bytes > 0


async def test_nobody_at_the_address_is_a_fault() -> None:
    """It names the address."""
    with pytest.raises(ServerGoneError, match=r"127\.0\.0\.1:9 cannot be reached"):
        await LlamaServer.start("http://127.0.0.1:9")


async def test_an_error_of_the_server_is_a_fault(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a model without infill tokens."""
    monkeypatch.setattr(Handler, "status", 501)
    with pytest.raises(ServerGoneError, match="answered 501"):
        await LlamaServer.start(url)


class Peer:
    """A llama-server that answers some connections, and then hangs or is gone."""

    def __init__(self, answers: int, *, hangs: bool) -> None:
        self.answers = answers
        self.hangs = hangs
        self.open: list[asyncio.StreamWriter] = []
        self.server: asyncio.Server | None = None

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.answers -= 1
        if self.answers < 0 and self.hangs:
            self.open.append(writer)
            return
        await reader.readuntil(b"\r\n\r\n")
        body = json.dumps({"content": "!", "timings": TIMINGS}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()
        if self.answers <= 0 and not self.hangs and self.server is not None:
            self.server.close()


@pytest.mark.parametrize(
    ("hangs", "says"), [(True, "has not answered for 0.2 s"), (False, "cannot be reached")]
)
async def test_a_peer_that_hangs_or_dies_fails_its_tasks_and_the_run_goes_on(
    monkeypatch: pytest.MonkeyPatch, says: str, *, hangs: bool
) -> None:
    """The other server's tasks are typed; what became of the peer's is said for each."""
    monkeypatch.setattr(llama_server, "ANSWER_S", 0.2)
    peer = Peer(3, hangs=hangs)
    peer.server = await asyncio.start_server(peer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{peer.server.sockets[0].getsockname()[1]}"

    async def right() -> MadeUpServer:
        return MadeUpServer("right", 0)

    typing = Typing(base_ms=100, zero_latency=True)
    contestants = [
        Contestant("peer", url, partial(LlamaServer.start, url), typing),
        Contestant("right", "-", right, typing),
    ]
    tasks = [TypingTask(name, "python", "t.py", "", 0, "word\n" * 3) for name in "ab"]
    results = ReplayResults({}, {})
    await measure(tasks, contestants, User(0), results, interleave=True)
    for writer in peer.open:
        writer.close()
    peer.server.close()
    bad, good = results.runs
    assert [says in task.error for task in bad.tasks] == [True, True]
    assert [task.error for task in good.tasks] == ["", ""]
    assert good.figures()["keystrokes_saved"] > 0.5


@pytest.mark.parametrize("url", ["", "127.0.0.1:8012", "https://x", "http://", "http://x:y"])
def test_an_address_that_is_none_is_said_so(url: str) -> None:
    """With an example of one."""
    with pytest.raises(BenchError, match="not an address like"):
        host_and_port(url)
