"""Settings from their layers: what is taken, what is refused with which words, what is printed."""

from __future__ import annotations

import dataclasses
import json
import os
import threading
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.fake import FakeEngine
from lsp_server import cli
from lsp_server.commands import config
from lsp_server.session.session import Session
from lsp_server.session.status import Status
from lsp_server.settings.layers import (
    DEFAULT,
    FILE,
    FLAG,
    OPTIONS,
    PUSHED,
    Composed,
    ConfigFileError,
    Configuration,
    Layer,
    compose,
    read_file,
)
from lsp_server.settings.model import Settings
from lsp_server.settings.schema import KEYS, SECTIONS, json_schema
from tests.conftest import PATIENCE_S, at

TARGET = "latency.target_ms"
PAGE = Path(__file__).parents[3] / "docs" / "settings.md"

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**300)
    | st.floats()
    | st.text()
    | st.sampled_from(["on", "off", "auto", "cpu", "cuda", 0, 1, 8.0, -1])
)
names = (
    st.sampled_from([*KEYS, *SECTIONS, *(key.field for key in KEYS.values())])
    | st.sampled_from(["growing", "midfill", "latncy", ""])
    | st.text(max_size=8)
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=8,
)
tables = st.fixed_dictionaries(
    {},
    optional={
        section: st.fixed_dictionaries(
            {},
            optional={key.field: anything for key in KEYS.values() if key.section == section},
        )
        for section in SECTIONS
    },
)


def composed(values: object, *, shared: bool = False) -> Composed:
    """One layer over the defaults."""
    return compose([Layer(FILE, values, shared)])


def assert_valid(found: Composed) -> None:
    """Every field has its type and a good value, and every key an origin."""
    for name, key in KEYS.items():
        value = found.value(name)
        assert type(value) is key.type or (value == key.default and found.origins[name] == DEFAULT)
        assert key.checked(value) == value
    assert found.origins.keys() == KEYS.keys()


# Composing


def test_nothing_set_gives_the_defaults() -> None:
    """The composed defaults are those of the dataclasses."""
    assert compose([]) == Composed(Settings(), dict.fromkeys(KEYS, DEFAULT), [])


def test_higher_layers_win_key_by_key() -> None:
    """Each key comes from the highest layer that names it, and its origin says which."""
    found = compose(
        [
            Layer(FILE, {"latency": {"target_ms": 300, "warm_ms": 10}}),
            Layer(OPTIONS, {"latency": {"target_ms": 400}, "prompt": {"header": False}}),
            Layer(FLAG, {TARGET: 500.0}),
        ]
    )
    assert found.problems == []
    latency = found.settings.latency
    assert (latency.target_ms, latency.warm_ms, found.settings.prompt.header) == (500, 10, False)
    assert [found.origins[name] for name in (TARGET, "latency.warm_ms", "prompt.header")] == [
        FLAG,
        FILE,
        OPTIONS,
    ]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"latency": {"target_ms": "fast"}}, f"{TARGET}: 'fast' is not a number; using 250"),
        ({"latency": {"target_ms": True}}, f"{TARGET}: true is not a number; using 250"),
        ({"latency": {"target_ms": -1}}, f"{TARGET}: -1 is not in 0 to 60000 ms; using 250"),
        ({"latency": {"target_ms": float("nan")}}, f"{TARGET}: nan is not a number; using 250"),
        ({"latency": {"target_ms": [1]}}, f"{TARGET}: a list is not a number; using 250"),
        (
            {"latency": {"target_ms": 10**9}},
            f"{TARGET}: {10**9} is not in 0 to 60000 ms; using 250",
        ),
        (
            {"suggestions": {"max_lines": 1.5}},
            "suggestions.max_lines: 1.5 is not a whole number; using 8",
        ),
        (
            {"suggestions": {"ahead": "sometimes"}},
            "suggestions.ahead: 'sometimes' is none of on, off, auto; using 'auto'",
        ),
        ({"prompt": {"header": "no"}}, "prompt.header: 'no' is not true or false; using true"),
        ({"prompt": {"header": 1}}, "prompt.header: 1 is not true or false; using true"),
        ({"engine": {"device": {}}}, "engine.device: a table is not a text; using 'auto'"),
        ({"latency": 3}, "latency: 3 is not a table of settings; not used"),
        (7, "file: 7 is not a table of settings; not used"),
        (
            {"latency": {"targetms": 1}},
            f"latency.targetms: no such setting; did you mean {TARGET}?",
        ),
        ({"max_lines": 1}, "max_lines: no such setting; did you mean suggestions.max_lines?"),
        (
            {"latency": {"max_lines": 1}},
            "latency.max_lines: no such setting; did you mean suggestions.max_lines?",
        ),
        ({"xyzzy": 1}, "xyzzy: no such setting; `midfill config` shows all settings"),
        ({"🙂": {"é": 1}}, "🙂: no such setting; `midfill config` shows all settings"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_named_and_the_default_is_used(values: object, problem: str) -> None:
    """Key, value, reason, and what is used instead; nothing else changes."""
    found = composed(values)
    assert found.problems == [problem]
    assert found.settings == Settings()


def test_a_bad_value_leaves_the_lower_layers_value() -> None:
    """The words name the value that is really in use, also when a higher layer brings it."""
    low = Layer(FILE, {"latency": {"target_ms": 300}})
    bad = Layer(OPTIONS, {"latency": {"target_ms": "fast"}})
    high = Layer(FLAG, {TARGET: 400})
    assert compose([low, bad]).problems == [f"{TARGET}: 'fast' is not a number; using 300"]
    assert compose([low, bad]).origins[TARGET] == FILE
    assert compose([low, bad, high]).problems == [f"{TARGET}: 'fast' is not a number; using 400"]


def test_the_same_slip_in_two_layers_is_named_once() -> None:
    """Clients send the same table as options and as a push."""
    values = {"latency": {"target_ms": "fast"}}
    assert len(compose([Layer(OPTIONS, values), Layer(PUSHED, values)]).problems) == 1


@pytest.mark.parametrize(
    "values",
    [{"growing": True}, {"python": {"path": "x"}}, {"enable": True, "targetMs": 3}, {}, [], None],
    ids=str,
)
def test_other_programs_keys_in_a_shared_table_are_none_of_ours(values: object) -> None:
    """Clients put their own keys beside midfill's."""
    assert composed(values, shared=True) == compose([])


@pytest.mark.parametrize(
    ("values", "meant"),
    [
        ({"latncy": {"target_ms": 1}}, "latency"),
        ({"latency.target": 1}, TARGET),
        ({"suggestions": {"max_line": 1}}, "suggestions.max_lines"),
    ],
    ids=str,
)
def test_slips_in_a_shared_table_are_named(values: object, meant: str) -> None:
    """What looks like one of midfill's sections is not ignored in silence."""
    (problem,) = composed(values, shared=True).problems
    assert problem.endswith(f"did you mean {meant}?")


def test_dotted_names_null_and_whole_floats_are_understood() -> None:
    """What clients send for the same thing."""
    values = {TARGET: 300, "suggestions": {"max_lines": 3.0, "ahead": None}, "prompt": []}
    found = composed(values)
    assert found.problems == []
    assert found.settings.latency.target_ms == 300
    assert found.settings.suggestions.max_lines == 3
    assert type(found.settings.suggestions.max_lines) is int


def test_a_language_that_is_not_known_is_named_and_kept() -> None:
    """An editor may send just that word; more likely it is a slip."""
    found = composed({"suggestions": {"languages_off": ["pyton", "sh"]}})
    assert found.settings.suggestions.languages_off == "pyton, sh"
    (problem,) = found.problems
    assert problem.startswith("suggestions.languages_off: 'pyton' is no language known here; did")
    assert len(composed({"suggestions.languages_off": "qqa qqb " * 100}).problems) <= 5
    assert composed({"suggestions.max_lines": ["3"]}).problems


@given(st.lists(st.tuples(tables | anything, st.booleans()), max_size=4))
def test_any_json_gives_valid_settings(layers: list[tuple[Any, bool]]) -> None:
    """Whatever is in whichever key, nothing raises and every value is good."""
    found = compose([Layer(FILE, values, shared) for values, shared in layers])
    assert_valid(found)
    for problem in found.problems:
        assert isinstance(problem, str)
        assert len(problem) < 300


@given(st.data())
def test_every_good_value_of_every_key_is_taken(data: st.DataObject) -> None:
    """What the schema allows is what composing allows."""
    wanted = {name: data.draw(good_values(name), name) for name in KEYS}
    found = composed(wanted)
    assert [told for told in found.problems if "no language known here" not in told] == []
    assert {name: found.value(name) for name in KEYS} == wanted
    assert set(found.origins.values()) == {FILE}


def good_values(name: str) -> st.SearchStrategy[object]:
    """By the JSON schema of a key."""
    section, field = name.split(".")
    rule = json_schema()["properties"][section]["properties"][field]
    match rule:
        case {"enum": choices}:
            return st.sampled_from(choices)
        case {"pattern": pattern}:
            return st.from_regex(
                pattern.replace("$", r"\Z"), alphabet=st.characters(max_codepoint=127)
            )
        case {"type": "boolean"}:
            return st.booleans()
        case {"type": "integer"}:
            return st.integers(rule["minimum"], rule["maximum"])
    return st.floats(rule["minimum"], rule["maximum"])


# The file


def test_a_file_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    """Neither is its folder needed."""
    assert read_file(tmp_path / "config.toml") == {}
    assert read_file(tmp_path / "no" / "config.toml") == {}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"[latency\n", "not TOML: "),
        (b"a = 1\na = 2\n", "not TOML: "),
        (b"a = " + b"[" * 100_000, "not TOML: "),
        (b"a = " + b"1" * 10_000, "not TOML: "),
        (b"a = '\xff'", "not UTF-8 (byte 5)"),
        (b"#" * 2_000_000, "larger than 1048576 bytes; this is no config file"),
    ],
    ids=["unclosed", "twice", "deep", "digits", "bytes", "large"],
)
def test_an_unusable_file_is_named_with_the_reason(
    tmp_path: Path, data: bytes, reason: str
) -> None:
    """No other exception comes out of the reader."""
    path = tmp_path / "config.toml"
    path.write_bytes(data)
    with pytest.raises(ConfigFileError) as caught:
        read_file(path)
    assert str(caught.value).startswith(f"{path}: {reason}")


@given(
    st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace"))
)
def test_any_bytes_in_the_file_are_read_or_refused(data: bytes) -> None:
    """And what was read composes."""
    path = Path(os.environ["MIDFILL_STATE_DIR"]) / "any.toml"
    path.write_bytes(data)
    try:
        values = read_file(path)
    except ConfigFileError:
        return
    assert_valid(composed(values))


def test_a_folder_in_the_files_place_is_named(tmp_path: Path) -> None:
    """The system's reason is told."""
    with pytest.raises(ConfigFileError, match="directory"):
        read_file(tmp_path)


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    """Some editors on Windows write one."""
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xef\xbb\xbf[latency]\r\ntarget_ms = 300\r\n")
    assert read_file(path) == {"latency": {"target_ms": 300}}


def test_a_file_that_breaks_keeps_the_former_settings(tmp_path: Path) -> None:
    """The problem is told once, and again only when it had gone."""
    path = tmp_path / "config.toml"
    path.write_text("[latency]\ntarget_ms = 300\n")
    configuration = Configuration(path)
    assert (configuration.settings.latency.target_ms, configuration.news()) == (300, [])
    path.write_text("[latency\n")
    for expected in (1, 0):
        configuration.reload()
        assert configuration.settings.latency.target_ms == 300
        assert len(configuration.news()) == expected
    path.write_text("[latency]\ntarget_ms = 400\n")
    configuration.reload()
    assert (configuration.settings.latency.target_ms, configuration.news()) == (400, [])
    path.write_text("[latency\n")
    configuration.reload()
    assert len(configuration.news()) == 1
    path.unlink()
    configuration.reload()
    assert configuration.settings == Settings()


def test_pushes_replace_pushes_and_null_changes_nothing(tmp_path: Path) -> None:
    """Under `midfill` or bare; flags stay above."""
    configuration = Configuration(tmp_path / "config.toml", {"engine.threads": 2})
    configuration.initialize({"latency": {"warm_ms": 7}, "growing": True})
    configuration.push({"midfill": {"latency": {"target_ms": 300}}, "python": {"latency": 1}})
    assert configuration.settings.latency.target_ms == 300
    configuration.push(None)
    assert configuration.composed.origins[TARGET] == PUSHED
    configuration.push({"suggestions": {"max_lines": 2}, "engine": {"threads": 4}})
    settings = configuration.settings
    assert (settings.latency.target_ms, settings.latency.warm_ms) == (250, 7)
    assert (settings.suggestions.max_lines, settings.engine.threads) == (2, 2)
    assert configuration.composed.origins["engine.threads"] == FLAG
    assert configuration.news() == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    """`MIDFILL_CONFIG=<(...)` works, and reading again never waits for more."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_text("[latency]\ntarget_ms = 300\n"))
    writer.start()
    configuration = Configuration(path)
    writer.join(PATIENCE_S)
    configuration.reload()
    assert configuration.settings.latency.target_ms == 300


# A session


async def _session(engine: FakeEngine, statuses: list[Status]) -> Session:
    def make() -> FakeEngine:
        session.engine_starts_with()
        return engine

    session = Session(Settings(), make, on_status=statuses.append, calibrate=False)
    await session.load()
    return session


def _with(settings: Settings, name: str, value: object) -> Settings:
    section, field = name.split(".")
    part: Any = getattr(settings, section)
    changed: Any = {section: dataclasses.replace(part, **{field: value})}
    return dataclasses.replace(settings, **changed)


async def test_suggestion_settings_take_effect_from_the_next_request() -> None:
    """Also for a text that is known already, in both directions."""
    statuses: list[Status] = []
    session = await _session(FakeEngine(rest="if a:\n    b = 2\n    c = 3\n"), statuses)
    snapshot = at("‸\n")
    try:
        for lines in (3, 1, 2, 3):
            session.reconfigure(_with(session.settings, "suggestions.max_lines", lines))
            text, _ = await session.complete(snapshot)
            assert len(text.split("\n")) == lines
    finally:
        session.close()
    assert [status.state for status in statuses] == ["ready"]


async def test_prompt_settings_take_effect_from_the_next_request() -> None:
    """The header goes from the prompt, though the old one's state is kept."""
    engine = FakeEngine(rest="a = 1")
    session = await _session(engine, [])
    snapshot = at("x = 1\n‸\n")
    try:
        await session.complete(snapshot)
        session.reconfigure(_with(session.settings, "prompt.header", value=False))
        await session.complete(snapshot)
    finally:
        session.close()
    first, last = (engine.tokenizer.decode(engine.history[number].stable) for number in (0, -1))
    assert "app/main.py" in first
    assert "app/main.py" not in last


async def test_engine_settings_wait_for_a_restart_and_say_so() -> None:
    """The status names them, until they are what the engine was started with."""
    statuses: list[Status] = []
    session = await _session(FakeEngine(), statuses)
    old = session.settings
    try:
        session.reconfigure(_with(old, "engine.threads", 3))
        assert statuses[-1] == Status(
            "ready", "fake; restart the server to use the new engine.threads"
        )
        session.reconfigure(_with(session.settings, "latency.target_ms", 300.0))
        assert len(statuses) == 2
        session.reconfigure(old)
        assert statuses[-1] == Status("ready", "fake")
    finally:
        session.close()


# The command


@pytest.fixture
def config_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of the user's file."""
    path = tmp_path / "config.toml"
    monkeypatch.setenv("MIDFILL_CONFIG", str(path))
    return path


def test_config_prints_each_value_with_its_origin(
    config_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One key a line, and the whole is TOML that means the same."""
    config_file.write_text("[latency]\nwarm_ms = 7\n")
    assert cli.run(["config", "--target-ms", "300"]) == 0
    printed = capsys.readouterr().out
    assert "latency.target_ms = 300  # flag\n" in printed
    assert "latency.warm_ms = 7  # file\n" in printed
    assert "engine.model = 'auto'  # default\n" in printed
    assert len(printed.splitlines()) == len(KEYS)
    assert (
        composed(tomllib.loads(printed)).settings
        == Configuration(config_file, {TARGET: 300}).settings
    )


def test_config_as_json(config_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For programs; problems make the exit code 1."""
    config_file.write_text("[latency]\nwarm_ms = 'long'\n[suggestions]\nmax_lines = 1\n")
    assert cli.run(["config", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["file"] == str(config_file)
    assert found["settings"]["suggestions.max_lines"] == {"value": 1, "origin": "file"}
    assert found["settings"]["latency.warm_ms"] == {"value": 1500, "origin": "default"}
    assert found["problems"] == ["latency.warm_ms: 'long' is not a number; using 1500"]


def test_problems_are_printed_beside_the_settings(
    config_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On stderr, so that stdout stays TOML."""
    config_file.write_text("[latency\n")
    assert cli.run(["config"]) == 1
    printed = capsys.readouterr()
    assert f"midfill: {config_file}: not TOML: " in printed.err
    assert len(printed.out.splitlines()) == len(KEYS)


def test_the_schema_covers_every_key(capsys: pytest.CaptureFixture[str]) -> None:
    """Type, default, limits and words of each."""
    assert cli.run(["config", "--schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    for key in KEYS.values():
        rule = schema["properties"][key.section]["properties"][key.field]
        assert rule["default"] == key.default
        assert rule["description"]
    target = schema["properties"]["latency"]["properties"]["target_ms"]
    assert (target["type"], target["minimum"], target["maximum"]) == ("number", 0, 60_000)


@pytest.mark.parametrize("key", KEYS.values(), ids=lambda key: str(key.name))
def test_every_setting_is_told_in_words_and_has_limits(key: Any) -> None:
    """Numbers have a range, texts have choices or a pattern, and defaults are good."""
    assert key.words
    assert key.type in {bool, int, float, str}
    if key.type in {int, float}:
        assert key.least is not None
        assert key.most is not None
    elif key.type is str:
        assert key.choices or key.pattern
    assert key.checked(key.default) == key.default


def test_the_page_is_the_generated_one() -> None:
    """`midfill config --markdown > docs/settings.md` when it is not."""
    assert PAGE.read_text(encoding="utf-8") == config.page()
