"""Run completed programs against the tests that their task set brings.

humaneval  Python: prefix, completion, suffix, then `test` and a call of its check on `entry`
multipl-e  Python, Java, JavaScript: the first line between newlines, then `tests`
io         Python, Java, C++: a whole program, each input in `tests` gives one of its outputs
api_match  no program: the call is the answer's, blanks aside
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsp_server.bench.accuracy import sandbox
from lsp_server.bench.accuracy.sandbox import Finished, ProgramLimits
from lsp_server.bench.accuracy.scores import first_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lsp_server.bench.tasks.holes import HoleTask

_JAVA_HEAP = "-Xmx512m"
_FILES = {"python": "t.py", "javascript": "t.js", "cpp": "t.cpp"}
_TOOLS = {"python": (), "javascript": ("node",), "cpp": ("g++",), "java": ("javac", "java")}
_HUMANEVAL_S, _JAVA_S, _COMPILE_S = 5.0, 10.0, 60.0


@dataclass(frozen=True, slots=True)
class ProgramVerdict:
    """Whether a program passed, and why not."""

    passed: bool
    message: str = ""


def missing_tools(task: HoleTask) -> tuple[str, ...]:
    """Programs that the task's tests need and this machine has not, () when all is there."""
    kind = (task.fields.get("exec") or {}).get("kind")
    if kind in {None, "api_match"}:
        return ()
    missing = [
        tool for tool in _TOOLS.get(task.language, (task.language,)) if not shutil.which(tool)
    ]
    if task.language == "java" and kind == "multipl-e" and not _javatuples().is_file():
        missing.append("javatuples.jar (JAVATUPLES names it)")
    return tuple(missing)


def check(task: HoleTask, completion: str) -> ProgramVerdict | None:
    """Run the tests of a task on its completion; None when it has none."""
    spec: Mapping[str, Any] | None = task.fields.get("exec")
    if not spec:
        return None
    match spec.get("kind"):
        case "humaneval":
            program = task.prefix + completion + task.suffix
            tests = f"\n{spec['test']}\ncheck({spec['entry']})"
            return _runs("python", program + tests, _HUMANEVAL_S)
        case "multipl-e":
            return _multipl_e(task, completion, spec["tests"])
        case "io":
            return _io(task, completion, spec["tests"])
        case "api_match":
            wanted = _bare(task.answer)
            return ProgramVerdict(wanted in {_bare(cut_call(completion)), _bare(completion)})
        case _:
            return None


def _multipl_e(task: HoleTask, completion: str, tests: str) -> ProgramVerdict:
    glue = "" if task.prefix.endswith("\n") else "\n"
    body = task.prefix + glue + first_line(completion) + "\n" + task.suffix
    if task.language == "python":
        functions = re.findall(r"^def (\w+)\(", task.prefix, re.MULTILINE)
        calls_check = re.search(r"^check\(", tests, re.MULTILINE)
        if not calls_check and not functions:
            return ProgramVerdict(passed=False, message="the prefix defines no function to check")
        tail = "" if calls_check else f"\ncheck({functions[-1]})\n"
        return _runs("python", body + "\n" + tests + tail, _HUMANEVAL_S)
    if task.language == "java":
        # the tests close the method and the class themselves
        opened = re.sub(r"\s*\}\s*\}\s*$", "", body)
        return _runs("java", opened + "\n" + tests, _JAVA_S)
    return _runs(task.language, body + "\n" + tests, _HUMANEVAL_S)


def _io(task: HoleTask, completion: str, tests: Sequence[Mapping[str, Any]]) -> ProgramVerdict:
    if task.set == "safim_control":
        completion = cut_control(task.language, completion)
    if completion.strip() == task.answer.strip():
        return ProgramVerdict(passed=True)
    if not completion.strip():
        return ProgramVerdict(passed=False, message="empty")
    program = task.fields["eval_prefix"] + completion + task.fields["eval_suffix"]
    with tempfile.TemporaryDirectory() as name:
        built = _build(task.language, program, Path(name))
        if isinstance(built, ProgramVerdict):
            return built
        for test in tests:
            done = built.run(Path(name), _HUMANEVAL_S, test["input"])
            if done.status or done.limit:
                return ProgramVerdict(passed=False, message=f"status {done.status}: {done.message}")
            if not same_output(done.stdout, test["output"]):
                return ProgramVerdict(passed=False, message=f"wrong output: {done.stdout[:80]!r}")
    return ProgramVerdict(passed=True)


def _runs(language: str, program: str, seconds: float) -> ProgramVerdict:
    """A program passes when it ends with status 0 in time."""
    with tempfile.TemporaryDirectory() as name:
        built = _build(language, program, Path(name))
        if isinstance(built, ProgramVerdict):
            return built
        done = built.run(Path(name), seconds)
    passed = done.status == 0 and not done.limit
    return ProgramVerdict(passed, "" if passed else done.message)


@dataclass(frozen=True, slots=True)
class _Built:
    """How to start a program that was built; machines that reserve address space are not bound."""

    argv: tuple[str, ...]
    virtual_machine: bool = False

    def run(self, folder: Path, seconds: float, stdin: str = "") -> Finished:
        limits = ProgramLimits(seconds=seconds, address_mb=0 if self.virtual_machine else 4096)
        return sandbox.run(self.argv, folder, stdin=stdin, limits=limits)


def _build(language: str, program: str, folder: Path) -> _Built | ProgramVerdict:
    """Write and, where needed, compile a program in the sandbox; a verdict when that fails."""
    inside = sandbox.INSIDE if sandbox.level() is sandbox.Level.CLOSED else str(folder)
    main = _main_class(program) if language == "java" else ""
    file = _FILES.get(language, f"{main}.java")
    (folder / file).write_text(program, encoding="utf-8", errors="replace")
    path = f"{inside}/{file}"
    classes = f"{inside}:{_javatuples()}"
    compile_with: tuple[str, ...] = ()
    match language:
        case "python":
            built = _Built((_python(), "-I", path))
        case "javascript":
            built = _Built((_tool("node"), "--max-old-space-size=512", path), virtual_machine=True)
        case "cpp":
            compile_with = ("g++", "-std=gnu++17", "-O2", "-w", "-o", f"{inside}/t", path)
            built = _Built((f"{inside}/t",))
        case "java":
            options = ("-J-Xmx512m", "-encoding", "UTF-8", "-nowarn", "-cp", classes)
            compile_with = ("javac", *options, "-d", inside, path)
            java = ("java", "-ea", "-Xss64m", _JAVA_HEAP, "-XX:+UseSerialGC", "-cp", classes, main)
            built = _Built(java, virtual_machine=True)
        case _:
            return ProgramVerdict(passed=False, message=f"no way to run {language} is known")
    if compile_with:
        limits = ProgramLimits(seconds=_COMPILE_S, address_mb=0, file_mb=64)
        done = sandbox.run(compile_with, folder, limits=limits, writable=True)
        if done.status or done.limit:
            return ProgramVerdict(passed=False, message=f"does not compile: {done.message}")
    return built


def _python() -> str:
    """The interpreter outside of any virtual environment; it sees the standard library alone."""
    return str(Path(sys.base_prefix, "bin", "python3"))


@functools.cache
def _tool(name: str) -> str:
    return str(Path(shutil.which(name) or name).resolve())


def _javatuples() -> Path:
    return Path(os.environ.get("JAVATUPLES", "/usr/share/java/javatuples.jar"))


def _main_class(program: str) -> str:
    """Name of the public class, else of the class that holds `main`."""
    public = r"public\s+(?:final\s+|strictfp\s+)*class\s+(\w+)"
    with_main = r"class\s+(\w+)[^{]*\{(?:(?!class\s+\w+).)*?public\s+static\s+void\s+main"
    found = re.search(public, program) or re.search(with_main, program, re.DOTALL)
    return found.group(1) if found else "Problem"


def cut_control(language: str, completion: str) -> str:
    """A control-flow expression: Python's first line, else up to the unmatched `)`."""
    if language == "python":
        return completion.lstrip("\n").split("\n")[0]
    depth = 0
    for position, char in enumerate(completion):
        depth += (char == "(") - (char == ")")
        if depth < 0:
            return completion[:position]
    return completion


def cut_call(completion: str) -> str:
    """A call, up to and with the `)` that closes it."""
    depth = 0
    for position, char in enumerate(completion):
        if char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth <= 0:
                return completion[: position + 1]
    return completion


def same_output(got: str, wanted: Sequence[str]) -> bool:
    """Whether an output is one of the right ones: numbers within 1e-12, yes and no in any case."""
    tokens = got.split()
    return any(
        len(tokens) == len(want.split()) and all(map(_same_token, tokens, want.split()))
        for want in wanted
    )


def _same_token(got: str, want: str) -> bool:
    words = {"yes", "no", "true", "false"}
    if got == want or (got.lower() == want.lower() and got.lower() in words):
        return True
    try:
        return abs(float(got) - float(want)) <= 1e-12  # noqa: PLR2004 -- as ExecEval does
    except ValueError:
        return False


def _bare(text: str) -> str:
    return re.sub(r"\s+", "", text)
