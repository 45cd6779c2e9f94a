"""Names of files that are never read, and of files no model needs, as data.

All names are lower case. A pattern has `*` for anything.
"""

from __future__ import annotations

import functools
import re
from typing import Final

PRIVATE: Final = tuple(
    """
    .env .env.* *.env .envrc .flaskenv .dev.vars .dev.vars.*
    .netrc _netrc *.netrc .pgpass pgpass.conf .my.cnf .mylogin.cnf .pypirc .npmrc .yarnrc
    .yarnrc.yml .htpasswd *.htpasswd .git-credentials .gitcredentials .dockercfg .docker/config.json
    .aws/credentials .aws/config .boto .s3cfg .passwd-s3fs .azure/*.json .gcloud/*.json
    .kube/config kubeconfig *.kubeconfig .terraformrc terraform.rc credentials.tfrc.json
    *.tfvars *.tfvars.json *.tfstate *.tfstate.* .vault-token .vault_pass* vault_pass*
    .gem/credentials .cargo/credentials .cargo/credentials.toml gh/hosts.yml
    .m2/settings.xml settings-security.xml gradle.properties local.properties key.properties
    id_rsa* id_dsa* id_ecdsa* id_ed25519* *.pem *.key *.p12 *.pfx *.p8 *.pkcs12 *.pk8 *.ppk *.kdb
    *.kdbx *.jks *.jceks *.keystore *.bks *.keychain *.keychain-db *.asc *.gpg *.pgp *.sec *.skr
    *.crt *.cer *.cert *.der *.csr *.p7b *.p7c *.p7s *.ovpn *.mobileprovision *.provisionprofile
    .ssh/* .gnupg/* .password-store/* .secrets .secrets.* .secrets/* secrets secrets.* secret.*
    *.secret *.secrets *.secrets.* *-secret.yaml *-secret.yml *-secrets.yaml *-secrets.yml
    credentials credentials.* *.credentials *_credentials.json *-credentials.json
    service-account*.json service_account*.json *serviceaccount*.json client_secret*.json
    google-services.json googleservice-info.plist firebase-adminsdk*.json *-firebase-adminsdk-*.json
    application_default_credentials.json token.json tokens.json token.pickle auth.json
    master.key credentials.yml.enc *.age *.agekey wp-config.php
    .bash_history .zsh_history .python_history .node_repl_history .psql_history .mysql_history
    .sqlite_history *_history cookies.sqlite cookies.txt logins.json key4.db recentservers.xml
    sitemanager.xml filezilla.xml .remote-sync.json sftp-config.json .ftpconfig shadow passwd
    """.split()  # noqa: SIM905 - a table reads better
)
"""Keys, certificates, credentials and settings that hold them.

A pattern with a slash is matched with the last folder; a `.example` of any of them is text for
people, see `EXAMPLES`.
"""

CODE: Final = frozenset(
    """
    .c .cc .cpp .cs .css .cxx .dart .ex .exs .go .h .hpp .java .js .jsx .kt .lua .md .mjs .php .pl
    .proto .pyi .py .r .rb .rs .rst .scala .sh .sql .svelte .swift .ts .tsx .vue .zig
    """.split()  # noqa: SIM905
)
"""Endings of program text: `secrets.py` is a module, `secrets.yaml` is not."""

EXAMPLES: Final = (".example", ".sample", ".template", ".dist", ".defaults")
"""Endings of files that show what a private file looks like."""

GENERATED: Final = tuple(
    """
    *.min.js *.min.css *.min.mjs *.bundle.js *.chunk.js *-min.js *.map *.lock *.lockb *.sum
    package-lock.json npm-shrinkwrap.json pnpm-lock.yaml yarn.lock composer.lock poetry.lock
    go.sum go.work.sum cargo.lock gemfile.lock flake.lock uv.lock pdm.lock pipfile.lock deno.lock
    *_pb2.py *_pb2.pyi *_pb2_grpc.py *.pb.go *.pb.gw.go *.pb.cc *.pb.h *_grpc.pb.go *.pb.swift
    *_generated.go *.generated.* *.g.dart *.freezed.dart *.designer.cs *.g.cs *.g.i.cs
    zz_generated.* *_string.go bindata.go moc_*.cpp qrc_*.cpp ui_*.h *.tab.c *.tab.h *.snap
    """.split()  # noqa: SIM905
)
"""What tools write: much text, little to learn."""

BINARY: Final = frozenset(
    """
    .7z .a .avi .bin .bmp .bz2 .class .db .dll .dmg .doc .docx .dylib .eot .exe .flac .gguf .gif .gz
    .ico .iso .jar .jpeg .jpg .lib .mkv .mov .mp3 .mp4 .npy .npz .o .obj .odt .ogg .onnx .otf
    .parquet .pdf .pickle .pkl .png .ppt .pptx .pt .pth .pyc .pyd .pyo .rar .safetensors .so .sqlite
    .sqlite3 .tar .tgz .tiff .ttf .wasm .wav .webm .webp .whl .woff .woff2 .xls .xlsx .xz .zip .zst
    """.split()  # noqa: SIM905
)
"""Endings of files that are not opened to find out."""


def is_private(location: str) -> bool:
    """Whether a file holds keys or credentials, by its name."""
    folder, _, name = location.lower().rpartition("/")
    if name.endswith(EXAMPLES):
        return False
    if ending(name) in CODE and not name.startswith("."):
        return name in PRIVATE
    return _matches(_PRIVATE_NAMES, name) or _matches(
        _PRIVATE_PATHS, f"{folder.rpartition('/')[2]}/{name}"
    )


def is_generated(location: str) -> bool:
    """Whether a tool wrote a file, by its name."""
    return _matches(GENERATED, location.lower().rpartition("/")[2])


def is_binary(location: str) -> bool:
    """Whether a file is binary, by its name."""
    return ending(location.lower().rpartition("/")[2]) in BINARY


def ending(name: str) -> str:
    """The last dot of a name and what follows, "" when there is none but in front."""
    head, dot, tail = name.rpartition(".")
    return dot + tail if head else ""


_PRIVATE_PATHS = tuple(pattern for pattern in PRIVATE if "/" in pattern)
_PRIVATE_NAMES = tuple(pattern for pattern in PRIVATE if "/" not in pattern)


def _matches(patterns: tuple[str, ...], name: str) -> bool:
    return _compiled(patterns).fullmatch(name) is not None


@functools.cache
def _compiled(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """One expression for all patterns; `*` does not cross a slash."""
    parts = (re.escape(pattern).replace(r"\*", "[^/]*") for pattern in patterns)
    return re.compile("|".join(parts), re.DOTALL)
