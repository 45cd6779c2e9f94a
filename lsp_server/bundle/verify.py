"""Verify a bundle: every file in SHA256SUMS is there and intact, and there is no other file.

It lies in the bundle and runs with any Python 3, before anything is installed.
"""

import hashlib
import pathlib
import sys

BLOCK_BYTES = 1 << 20


def sha256_of(path: pathlib.Path) -> str:
    """SHA-256 of a file in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def defects(folder: pathlib.Path) -> "list[str]":
    """The faults of a bundle; empty if all is well."""
    found = []
    expected = {}
    for line in (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        expected[name] = digest
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found.append(f"{name}: a link")
        elif path.is_file() and name != "SHA256SUMS":
            digest = expected.pop(name, "")
            if not digest:
                found.append(f"{name}: not in SHA256SUMS")
            elif sha256_of(path) != digest:
                found.append(f"{name}: not the file that was bundled")
    return found + [f"{name}: missing" for name in expected]


if __name__ == "__main__":
    problems = defects(pathlib.Path(__file__).resolve().parent)
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    sys.exit(1 if problems else 0)
