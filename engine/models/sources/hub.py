"""Hub repositories, always pinned to one commit."""

from __future__ import annotations

import logging
import re
import threading
from concurrent.futures import Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from engine.errors import SourceError
from engine.models.formats.parts import siblings
from engine.models.sources.download_progress import watching

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.models.catalogue import Hub
    from engine.models.progress import Progress

_T = TypeVar("_T")

LIMIT_S: Final = 8.0
"""How long the hub may take to say whether it has something."""
_LONGEST_REASON = 300
_SHA256 = re.compile("[0-9a-f]{64}")

_PLACE = re.compile(
    r"(?P<repository>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?(:(?P<file>[\w./ -]+))?"
)
_PARTS_OF_A_FOLDER = (
    "*.safetensors",
    "*.safetensors.index.json",
    "*.json",
    "*.model",
    "merges.txt",
)


@dataclass(frozen=True, slots=True)
class ModelSource:
    """What is converted: a GGUF file or a folder, and how the manifest names it."""

    path: Path
    origin: str


@dataclass(frozen=True, slots=True)
class HubPlace:
    """A repository of the hub; `revision` and `file` may be "" for its newest, and its only one."""

    repository: str
    revision: str
    file: str


def parse(words: str) -> HubPlace | None:
    """What `OWNER/NAME[@REVISION][:FILE]` means, None when it is not of this form."""
    found = _PLACE.fullmatch(words)
    if found is None:
        return None
    return HubPlace(found["repository"], found["revision"] or "", found["file"] or "")


def bring(place: HubPlace, folder: Path, progress: Progress) -> ModelSource:
    """Download a model; the commit is settled first, and everything is of that commit.

    Args:
        place: what to get.
        folder: an existing folder; what an interrupted call left there is used.
        progress: told about bytes, and about the commit.

    Returns:
        A GGUF file, or a folder with safetensors.

    Raises:
        SourceError: the hub cannot be reached or has no such thing, or not one that can be told
            from others; or only pickles.
    """
    try:
        return _bring(place, folder, progress)
    except SourceError:
        raise
    except Exception as error:
        raise SourceError(
            f"hub repository {place.repository}: {reason_of(error)}; check the name and the "
            "network, or download it elsewhere and give the path"
        ) from error


def _bring(place: HubPlace, folder: Path, progress: Progress) -> ModelSource:
    client = quiet_client()
    info: Any = ask(
        lambda: client.HfApi().model_info(
            place.repository, revision=place.revision or None, files_metadata=True
        )
    )
    sizes = {item.rfilename: item.size or 0 for item in info.siblings or ()}
    wanted = _wanted(place, sorted(sizes))
    progress.note(f"{place.repository} at commit {info.sha}")
    work = folder / str(info.sha)
    work.mkdir(exist_ok=True)
    progress.start("downloading", sum(sizes[name] for name in wanted), "bytes")
    with watching(work, progress.at):
        for name in wanted:
            client.hf_hub_download(place.repository, name, revision=info.sha, local_dir=work)
    origin = f"{place.repository}@{info.sha}"
    if wanted[0].endswith(".gguf"):
        return ModelSource(work / wanted[0], f"{origin}:{wanted[0]}")
    return ModelSource(work, origin)


def download(hub: Hub, sha256: str, work: Path, progress: Progress) -> Path:
    """Download a file of the catalogue, after one short question whether the hub has it.

    Args:
        hub: where it is.
        sha256: what its bytes must have; the hub knows that of large files before they are sent.
        work: an existing folder; what an interrupted call left there is used.
        progress: told about bytes, and about the commit.

    Returns:
        The file, inside `work`; its hash is yet to be checked.

    Raises:
        SourceError: the hub does not answer within `LIMIT_S`, or has no such file.
    """
    with _told_in_a_line(hub.file):
        client = quiet_client()
        url = client.hf_hub_url(hub.repository, hub.file, revision=hub.commit or None)
        found = ask(lambda: client.get_hf_file_metadata(url, timeout=LIMIT_S))
    if _SHA256.fullmatch(found.etag or "") and found.etag != sha256:
        raise SourceError(f"{hub.file} has SHA-256 {found.etag} there, where {sha256} is right")
    commit = found.commit_hash or hub.commit or None
    progress.note(f"{hub.repository} at commit {commit}")
    with _told_in_a_line(hub.file), watching(work, progress.at):
        client.hf_hub_download(hub.repository, hub.file, revision=commit, local_dir=work)
    return work / hub.file


@contextmanager
def _told_in_a_line(file: str) -> Iterator[None]:
    # any failure of a source means the next one; the client raises its own, httpx's and plain ones
    try:
        yield
    except Exception as error:
        raise SourceError(f"cannot download {file} ({reason_of(error)})") from error


def quiet_client() -> Any:
    """The hub's client, which keeps its bars and its remarks on every new try to itself."""
    import huggingface_hub  # slow
    from huggingface_hub.utils import logging as remarks
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    remarks.set_verbosity(logging.ERROR)
    return huggingface_hub


def ask(question: Callable[[], _T]) -> _T:
    """The answer to a short question.

    Looking a name up takes as long as the system likes, whatever limit a client has. So the
    question is put on a thread that is left to itself when it takes too long.

    Raises:
        TimeoutError: there was none within `LIMIT_S`.
        Exception: what the question raised.
    """
    answer: Future[_T] = Future()

    def run() -> None:
        try:
            answer.set_result(question())
        except BaseException as error:  # noqa: BLE001 - raised again by who asked
            answer.set_exception(error)

    threading.Thread(target=run, name="midfill-hub", daemon=True).start()
    if not wait([answer], LIMIT_S).done:
        raise TimeoutError(f"no answer within {LIMIT_S:.0f} s")
    return answer.result()


def reason_of(error: BaseException) -> str:
    """What went wrong, in one line: what the hub answered, else the first cause of all."""
    lines = 2  # what an answer of the hub is about comes behind its number
    if getattr(error, "response", None) is None:
        lines = 1
        while (cause := error.__cause__ or error.__context__) is not None:
            error = cause
    words = re.sub(r"\(Request ID: [^)]*\)", "", str(error) or type(error).__name__)
    said = [line.strip() for line in words.splitlines() if line.strip()]
    return " ".join(said[:lines])[:_LONGEST_REASON]


def _wanted(place: HubPlace, names: list[str]) -> list[str]:
    """The files to download: one GGUF file with all its parts, or a folder of safetensors."""
    if place.file:
        wanted = siblings(place.file)
        if missing := [name for name in wanted if name not in names]:
            raise SourceError(f"hub repository {place.repository} has no file {missing[0]}")
        return wanted
    weights = {siblings(name)[0]: siblings(name) for name in names if name.endswith(".gguf")}
    if len(weights) == 1:
        return next(iter(weights.values()))
    if weights:
        raise SourceError(
            f"hub repository {place.repository} has {len(weights)} GGUF files; choose one: "
            f"{place.repository}:FILE with FILE of {', '.join(weights)}"
        )
    if not any(name.endswith(".safetensors") for name in names):
        raise SourceError(
            f"hub repository {place.repository} has neither GGUF nor safetensors files; pickles "
            "are not read, since they can run code"
        )
    plain = (name for name in names if "/" not in name)
    return [name for name in plain if any(Path(name).match(part) for part in _PARTS_OF_A_FOLDER)]
