"""Errors below the server, as one tree.

    MidfillError
    ├── ModelError                the model as files
    │   ├── UnknownModelError     no such name in catalogue or store
    │   ├── ModelMissingError     known, but not on this machine yet
    │   ├── SourceError           a source could not deliver (network, wheel, file)
    │   ├── HashMismatchError     bytes that are not the promised ones
    │   ├── ArchiveError          an archive that is not, or not only, a model
    │   ├── ConversionError       a model file this version cannot turn into CTranslate2's form
    │   └── StoreError            the data directory: rights, space, another writer
    └── EngineError               the model at work
        ├── EngineLoadError       it could not be loaded on this device
        ├── DeviceError           a card, its driver or CUDA's library is not fit
        ├── EngineClosedError     asked after close
        └── GenerationError       it raised in the middle of a generation
            └── EngineLostError   the process that it lived in ended

Every message names the thing, the reason and the next step, so it can be shown as it is. What is
not of this tree may quote anything: `reason` says of it what people may read.
"""

from __future__ import annotations

import errno


class MidfillError(Exception):
    """Root of the tree; its text can be shown to the user as it is."""


class ModelError(MidfillError):
    """Something about the model as files."""


class UnknownModelError(ModelError):
    """The name is neither in the catalogue nor in the store."""


class ModelMissingError(ModelError):
    """The model is known but not on this machine yet."""


class SourceError(ModelError):
    """A source could not deliver the bytes."""


class HashMismatchError(ModelError):
    """The bytes are not the ones that were promised."""


class ArchiveError(ModelError):
    """An archive that is not, or not only, a model."""


class ConversionError(ModelError):
    """The model file cannot be turned into CTranslate2's form."""


class StoreError(ModelError):
    """The data directory: no rights, no space, or another writer."""


class EngineError(MidfillError):
    """Something about the model at work."""


class EngineLoadError(EngineError):
    """The model could not be loaded on the chosen device."""


class DeviceError(EngineError):
    """A card, its driver or CUDA's library is not fit for use."""


class EngineClosedError(EngineError):
    """The engine was asked after it was closed."""


class GenerationError(EngineError):
    """The engine raised in the middle of a generation."""


class EngineLostError(GenerationError):
    """The process that the engine lived in ended."""


_NO_MORE = "no more processes or threads; raise `ulimit -u`, or the container's limit of pids"


def reason(error: BaseException) -> str:
    """What went wrong, for people: never the text of an error that is not midfill's own."""
    words = f"{type(error).__name__}, which is a bug of midfill's; please report it"
    match error:
        case MidfillError():
            words = str(error)
        case OSError(errno=errno.EAGAIN) | RuntimeError(args=("can't start new thread",)):
            words = _NO_MORE
        case MemoryError() | OSError(errno=errno.ENOMEM):
            words = "no memory is left; end other programs, or choose a smaller model"
        case TimeoutError():
            words = "it took too long"
        case NotImplementedError():
            words = "the system does not know how"
        case OSError(strerror=str(told)):
            words = told
    return words
