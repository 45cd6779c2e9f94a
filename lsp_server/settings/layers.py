"""Settings by layer: defaults, file, initialization options, configuration, flags.

An invalid value is reported with its reason, and the next lower layer's value is used.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from context.language_names import languages_in, near
from engine.errors import MidfillError
from lsp_server import paths
from lsp_server.settings.model import STYLES, Settings
from lsp_server.settings.schema import KEYS, SECTIONS, BadValueError, Value, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

DEFAULT, FILE, OPTIONS, PUSHED, FLAG = (
    "default",
    "file",
    "initializationOptions",
    "didChangeConfiguration",
    "flag",
)
_LARGEST_FILE = 1 << 20
_LONGEST_NAME = 80
_LANGUAGES_OFF = "suggestions.languages_off"
_MOST_DOUBTS = 5
_NEAR_A_SECTION = 0.8
"""How much a name must be like that of a section, 0 to 1, to be taken for a slip."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One source of settings.

    Attributes:
        origin: what it is called.
        values: nested by section, or with dotted names; anything a client may send.
        shared: other programs' keys live here too, so unknown ones at the top are none of ours.
    """

    origin: str
    values: object
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Composed:
    """The combined layers.

    Attributes:
        settings: valid in every field.
        origins: for every key, such as `latency.target_ms`, the layer its value is from.
        problems: one sentence for each value or name that could not be used.
    """

    settings: Settings
    origins: dict[str, str]
    problems: list[str]

    def value(self, name: str) -> Value:
        """The effective value of a key."""
        section, field = name.split(".")
        value: Value = getattr(getattr(self.settings, section), field)
        return value


def compose(layers: Sequence[Layer]) -> Composed:
    """Combine layers, lowest first. Never raises for any JSON or TOML."""
    values: dict[str, Value] = {name: key.default for name, key in KEYS.items()}
    origins = dict.fromkeys(KEYS, DEFAULT)
    rejected: list[tuple[str, str]] = []
    for layer in layers:
        for name, given in _entries(layer, rejected):
            try:
                values[name] = KEYS[name].checked(given)
            except BadValueError as reason:
                rejected.append((name, str(reason)))
            else:
                origins[name] = layer.origin
    style = str(values["suggestions.style"])
    for name, preset in STYLES[style].items():
        if origins[name] == DEFAULT:
            values[name], origins[name] = preset, f"style {style}"
    problems = [
        f"{name}: {reason}; using {shown(values[name])}" if name in KEYS else f"{name}: {reason}"
        for name, reason in rejected
    ]
    problems += _unknown_languages(str(values[_LANGUAGES_OFF]))
    return Composed(_settings_of(values), origins, list(dict.fromkeys(problems)))


def _unknown_languages(listed: str) -> Iterator[str]:
    """Words that are kept, since an editor may send just them, and are likely a slip."""
    for word in languages_in(listed)[1][:_MOST_DOUBTS]:
        meant = near(word)
        hint = f"did you mean {meant}? Else " if meant else ""
        yield (
            f"{_LANGUAGES_OFF}: {shown(word)} is no language known here; {hint}it counts only for "
            "files whose language the editor calls just so"
        )


def _settings_of(values: Mapping[str, Value]) -> Settings:
    parts: dict[str, Any] = {
        section: kind(
            **{key.field: values[key.name] for key in KEYS.values() if key.section == section}
        )
        for section, (_, kind) in SECTIONS.items()
    }
    return Settings(**parts)


def _entries(layer: Layer, rejected: list[tuple[str, str]]) -> Iterator[tuple[str, object]]:
    """The known keys of a layer, with their values."""
    if not isinstance(layer.values, Mapping):
        if not _says_nothing(layer.values):
            reason = f"{shown(layer.values)} is not a table of settings; not used"
            rejected.append((layer.origin, reason))
        return
    for name, value in _flat(layer.values):
        if name in KEYS:
            yield name, value
        elif name in SECTIONS:
            rejected.append((name, f"{shown(value)} is not a table of settings; not used"))
        elif not layer.shared or _meant_for_us(name, value):
            rejected.append((name[:_LONGEST_NAME], _unknown(name[:_LONGEST_NAME])))


def _flat(values: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Flatten sections to dotted names, without empty values."""
    for name, value in values.items():
        if name in SECTIONS and isinstance(value, Mapping):
            inside = {f"{name}.{field}": inner for field, inner in value.items()}
        else:
            inside = {name: value}
        for full, inner in inside.items():
            if (full in KEYS and inner is not None) or (
                full not in KEYS and not _says_nothing(inner)
            ):
                yield full, inner


def _says_nothing(value: object) -> bool:
    """Null means absent, and Lua writes an empty table as an empty list."""
    return value is None or value == []


def _meant_for_us(name: str, value: object) -> bool:
    """Whether an unknown name among other programs' is in one of our sections, or nearly is."""
    section, dot, _ = name.partition(".")
    near = difflib.get_close_matches(section[:_LONGEST_NAME], SECTIONS, 1, _NEAR_A_SECTION)
    return bool(near) and (bool(dot) or isinstance(value, Mapping))


def _unknown(name: str) -> str:
    last = name.rpartition(".")[2]
    meant = [key.name for key in KEYS.values() if key.field == last]  # in the wrong section
    if not meant and "." in name:
        meant = difflib.get_close_matches(name, KEYS, 1)
    elif not meant:
        names = {key.field: key.name for key in KEYS.values()} | {top: top for top in SECTIONS}
        meant = [names[near] for near in difflib.get_close_matches(name, names, 1)]
    hint = f"did you mean {' or '.join(meant)}?" if meant else "`midfill config` shows all settings"
    return f"no such setting; {hint}"


class ConfigFileError(MidfillError):
    """The file cannot be used; the text names it and the reason."""


def read_file(path: Path) -> dict[str, Any]:
    """The contents of the config file, empty if there is none.

    Raises:
        ConfigFileError: it cannot be read, or is not TOML.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:  # ValueError: a path with a null character
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigFileError(f"{path}: {reason}") from None
    if len(data) > _LARGEST_FILE:
        raise ConfigFileError(f"{path}: larger than {_LARGEST_FILE} bytes; this is no config file")
    if not data.strip():
        return {}
    import tomllib

    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ConfigFileError(f"{path}: not UTF-8 (byte {error.start})") from None
    except (ValueError, RecursionError) as error:
        raise ConfigFileError(f"{path}: not TOML: {error}") from None


class Configuration:
    """The layers of one running program.

    Attributes:
        path: the config file.
        composed: what the layers amount to now.
    """

    def __init__(self, path: Path, flags: Mapping[str, object] | None = None) -> None:
        """Read the file.

        Args:
            path: the config file; it need not be there.
            flags: values from the command line by key, None for flags that were not given.
        """
        self.path = path
        self._layers: dict[str, object] = dict.fromkeys((FILE, OPTIONS, PUSHED))
        self._layers[FLAG] = flags
        self._file_problem = ""
        self._told: set[str] = set()
        self.composed = compose([])
        self.reload()

    @property
    def settings(self) -> Settings:
        """The effective settings."""
        return self.composed.settings

    def reload(self) -> None:
        """Read the file again; an invalid file changes nothing."""
        if self._layers[FILE] is not None and self.path.exists() and not self.path.is_file():
            return  # a pipe: it has said everything, and reading would wait for more
        try:
            self._layers[FILE] = read_file(self.path)
            self._file_problem = ""
        except ConfigFileError as error:
            self._file_problem = str(error)
        self._compose()

    def initialize(self, options: object) -> None:
        """Use a client's initialization options."""
        self._layers[OPTIONS] = options if isinstance(options, Mapping) else None
        self._compose()

    def push(self, settings: object) -> None:
        """Use settings a client pushed, under `midfill` or bare; null changes nothing."""
        if isinstance(settings, Mapping):
            self._layers[PUSHED] = settings.get("midfill", settings)
            self._compose()

    def news(self) -> list[str]:
        """Problems not yet reported; one that was gone in between is reported again."""
        now = self.composed.problems
        new = [problem for problem in now if problem not in self._told]
        self._told = set(now)
        return new

    def _compose(self) -> None:
        shared = {OPTIONS, PUSHED}
        layers = [Layer(name, values, name in shared) for name, values in self._layers.items()]
        self.composed = compose(layers)
        if self._file_problem:
            self.composed.problems.insert(0, self._file_problem)


def load(flags: Mapping[str, object] | None = None) -> Configuration:
    """The configuration of this process: the user's file and the command line's flags."""
    return Configuration(paths.config_file(), flags)
