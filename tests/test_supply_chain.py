"""What the code itself must not contain, and under which licences its packages are."""

from __future__ import annotations

import ast
import importlib.metadata
import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PACKAGES = ("lsp_server", "engine", "context")
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal", "cloudpickle"}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "system", "popen", "getoutput"}
LICENCES = re.compile(
    r"MIT|BSD|Apache|ISC|0BSD|Zlib|CC0|PSF|Python Software Foundation|MPL|Mozilla|CNRI-Python",
    re.IGNORECASE,
)
NOT = re.compile(r"\bA?GPL|Affero|SSPL|Commons Clause|Proprietary", re.IGNORECASE)


def sources() -> list[Path]:
    """All modules that are shipped."""
    return [path for name in PACKAGES for path in (ROOT / name).rglob("*.py")]


def offences(code: str) -> list[str]:
    """What a module does that none may do."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found += [one.name for one in node.names if one.name in FORBIDDEN_MODULES]
        elif isinstance(node, ast.ImportFrom) and node.module in FORBIDDEN_MODULES:
            found.append(str(node.module))
        elif isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            whole = ast.unparse(node.func)
            if name in FORBIDDEN_CALLS or whole in {"os.system", "os.popen", "torch.load"}:
                found.append(whole)
            for word in node.keywords:
                true = not (isinstance(word.value, ast.Constant) and word.value.value is False)
                if word.arg in {"shell", "trust_remote_code", "allow_pickle"} and true:
                    found.append(f"{word.arg}={ast.unparse(word.value)}")
    return found


def test_no_pickle_no_remote_code_no_shell() -> None:
    """In no module of the three packages."""
    assert sources()
    bad = {str(path): found for path in sources() if (found := offences(path.read_text("utf-8")))}
    assert bad == {}


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from marshal import loads",
        "subprocess.run('ls', shell=True)",
        "AutoModel.from_pretrained(x, trust_remote_code=flag)",
        "eval(text)",
        "os.system('ls')",
        "numpy.load(path, allow_pickle=True)",
    ],
)
def test_the_search_finds_what_it_looks_for(code: str) -> None:
    """One line of each kind."""
    assert offences(code)


def _licence(name: str) -> str:
    about = importlib.metadata.metadata(name)
    kinds = [line for line in about.get_all("Classifier") or [] if line.startswith("License")]
    told = about.get_all("License-Expression") or kinds or about.get_all("License") or [""]
    return "; ".join(told)[:200]


def _closure() -> set[str]:
    """What midfill installs, by the packages' own records."""
    todo, seen = ["midfill"], set()
    while todo:
        name = todo.pop()
        for line in importlib.metadata.requires(name) or []:
            wanted = Requirement(line)
            if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
                continue
            if wanted.name.lower() not in seen:
                seen.add(wanted.name.lower())
                todo.append(wanted.name)
    return seen


def test_every_package_that_is_installed_has_a_licence_that_fits() -> None:
    """Permissive ones, and MPL for files that are used as they are."""
    found = {name: _licence(name) for name in sorted(_closure())}
    assert len(found) > 20
    assert {n: text for n, text in found.items() if not LICENCES.search(text)} == {}
    assert {n: text for n, text in found.items() if NOT.search(text)} == {}


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_locks_hold_a_hash_for_every_package_and_no_address(lock: str) -> None:
    """Any registry that serves the same bytes will do, and no other bytes."""
    text = (ROOT / lock).read_text("utf-8")
    entries = re.split(r"\n(?=\S)", text.strip())
    pinned = [entry for entry in entries if not entry.startswith("#")]
    assert len(pinned) > 20
    assert [entry.partition("\n")[0] for entry in pinned if "--hash=sha256:" not in entry] == []
    assert "://" not in "\n".join(pinned)
