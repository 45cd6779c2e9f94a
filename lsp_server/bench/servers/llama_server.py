"""llama.cpp's HTTP server as a peer: posts to `/infill`, and its resource use."""

from __future__ import annotations

import asyncio
import http.client
import json
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import psutil

from lsp_server.bench.errors import BenchError
from lsp_server.bench.servers.base import EngineWork, usage_of
from lsp_server.bench.servers.llama_vim import LlamaVim
from lsp_server.client.errors import ServerGoneError, ServerHungError

if TYPE_CHECKING:
    from lsp_server.bench.servers.vim_buffer import Policy

ANSWER_S = 60.0
OK = 200


class LlamaServer(LlamaVim):
    """A llama-server that runs already, driven by llama.vim's policy. It is never ended here."""

    def __init__(self, url: str, policy: Policy | None = None, speed: float = 1.0) -> None:
        super().__init__(self._post, policy, speed)
        self._host, self._port = host_and_port(url)
        self._pid = _listener(self._port) if self._host in {"127.0.0.1", "localhost"} else None

    @classmethod
    async def start(cls, url: str, policy: Policy | None = None, speed: float = 1.0) -> Self:
        """Connect, and let the model run once.

        Raises:
            ServerFaultError: nobody answers at the address, or not as llama-server does.
        """
        server = cls(url, policy, speed)
        await server._post(
            {"input_prefix": "\n", "input_suffix": "\n", "prompt": "", "n_predict": 1}
        )
        return server

    async def work(self) -> EngineWork:
        """Counts of its answers; processor and memory where its process can be seen."""
        told = await super().work()
        usage = usage_of(self._pid) if self._pid else None
        if usage is None:
            return told
        return EngineWork(
            told.decoded_tokens,
            told.prompt_tokens,
            told.cached_prompt_tokens,
            told.busy_ms,
            usage.cpu_s,
            usage.rss_bytes,
        )

    async def _post(self, body: dict[str, Any]) -> dict[str, Any]:
        return await asyncio.to_thread(self._post_and_wait, body)

    def _post_and_wait(self, body: dict[str, Any]) -> dict[str, Any]:
        where = f"llama-server at {self._host}:{self._port}"
        connection = http.client.HTTPConnection(self._host, self._port, timeout=ANSWER_S)
        try:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", "/infill", json.dumps(body), headers)
            response = connection.getresponse()
            found = json.loads(response.read())
        except TimeoutError as error:
            message = f"{where} has not answered for {ANSWER_S:g} s"
            raise ServerHungError(message) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            message = f"{where} cannot be reached or does not speak /infill: {error}"
            raise ServerGoneError(message) from error
        finally:
            connection.close()
        if response.status != OK or not isinstance(found, dict):
            message = f"{where} answered {response.status}: {str(found)[:200]}"
            raise ServerGoneError(message)
        return found


def host_and_port(url: str) -> tuple[str, int]:
    """Of `http://host:port`.

    Raises:
        BenchError: it is no such address.
    """
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError:
        scheme, host, port = "", None, None
    if scheme != "http" or not host:
        message = f"{url!r} is not an address like http://127.0.0.1:8012"
        raise BenchError(message)
    return host, port or 80


def _listener(port: int) -> int | None:
    """The process that listens on a local port, where that can be seen."""
    try:
        sockets = psutil.net_connections(kind="tcp")
    except psutil.Error:
        return None
    listening = (s.pid for s in sockets if s.status == psutil.CONN_LISTEN and s.laddr.port == port)
    return next(listening, None)
