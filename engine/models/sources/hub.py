"""Hub repositories, always pinned to one commit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import SourceError
from engine.models.sources.download_progress import watching

if TYPE_CHECKING:
    from engine.models.progress import Progress

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
        words = str(error).strip().partition("\n")[0]
        raise SourceError(
            f"hub repository {place.repository}: {words}; check the name and the network, or "
            "download it elsewhere and give the path"
        ) from error


def _bring(place: HubPlace, folder: Path, progress: Progress) -> ModelSource:
    import huggingface_hub
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()
    info: Any = huggingface_hub.HfApi().model_info(
        place.repository, revision=place.revision or None, files_metadata=True
    )
    sizes = {item.rfilename: item.size or 0 for item in info.siblings or ()}
    wanted = _wanted(place, sorted(sizes))
    progress.note(f"{place.repository} at commit {info.sha}")
    work = folder / str(info.sha)
    work.mkdir(exist_ok=True)
    progress.start("downloading", sum(sizes[name] for name in wanted), "bytes")
    with watching(work, progress.at):
        for name in wanted:
            huggingface_hub.hf_hub_download(
                place.repository, name, revision=info.sha, local_dir=work
            )
    origin = f"{place.repository}@{info.sha}"
    if wanted[0].endswith(".gguf"):
        return ModelSource(work / wanted[0], f"{origin}:{wanted[0]}")
    return ModelSource(work, origin)


def _wanted(place: HubPlace, names: list[str]) -> list[str]:
    """The files to download: one GGUF file, or what a safetensors folder needs."""
    if place.file:
        if place.file not in names:
            raise SourceError(f"hub repository {place.repository} has no file {place.file}")
        return [place.file]
    weights = [name for name in names if name.endswith(".gguf")]
    if len(weights) == 1:
        return weights
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
