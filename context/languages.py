"""Languages as data: identifier, name, comment marks, and how to recognize a file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

PLAIN: Final = "plaintext"

_ENV_OPTION = re.compile(r"-|\w+=")
_VERSION = re.compile(r"[\d.]+$")
_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language.

    Attributes:
        id: LSP language identifier.
        name: as people write it.
        line: what starts a comment that ends with the line, "" when there is none.
        block: opening and closing mark of a block comment, None when there is none.
        extensions: file extensions, lower case, with the dot.
        filenames: whole file names that say the language, lower case.
        aliases: identifiers that some editors send instead.
        interpreters: programs in a `#!` line, without version digits.
    """

    id: str
    name: str
    line: str = ""
    block: tuple[str, str] | None = None
    extensions: tuple[str, ...] = ()
    filenames: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    interpreters: tuple[str, ...] = ()


def _row(
    names: str,
    line: str,
    block: str,
    extensions: str,
    *,
    files: str = "",
    aliases: str = "",
    run: str = "",
) -> Language:
    """A table row: `names` is `identifier Name`, lists are separated by blanks."""
    identifier, _, name = names.partition(" ")
    opening, _, closing = block.partition(" ")
    return Language(
        id=identifier,
        name=name,
        line=line,
        block=(opening, closing) if block else None,
        extensions=tuple(f".{extension}" for extension in extensions.split()),
        filenames=tuple(files.split()),
        aliases=tuple(aliases.split()),
        interpreters=tuple(run.split()),
    )


_C = "/* */"
_XML = "<!-- -->"

_TABLE = (
    _row("bat Batch", "REM", "", "bat cmd", aliases="dosbatch"),
    _row("c C", "//", _C, "c h"),
    _row("clojure Clojure", ";;", "", "clj cljs cljc edn", run="bb clojure"),
    _row("cmake CMake", "#", "#[[ ]]", "cmake", files="cmakelists.txt"),
    _row("coffeescript CoffeeScript", "#", "### ###", "coffee", aliases="coffee", run="coffee"),
    _row("cpp C++", "//", _C, "cpp cc cxx c++ hpp hh hxx h++ ipp inl cppm", aliases="c++"),
    _row("csharp C#", "//", _C, "cs csx", aliases="cs c# c_sharp"),
    _row("css CSS", "", _C, "css"),
    _row("cuda-cpp CUDA C++", "//", _C, "cu cuh", aliases="cuda"),
    _row("dart Dart", "//", _C, "dart", run="dart"),
    _row("dockerfile Dockerfile", "#", "", "dockerfile", files="dockerfile containerfile"),
    _row("elixir Elixir", "#", "", "ex exs", run="elixir"),
    _row("erlang Erlang", "%", "", "erl hrl", run="escript"),
    _row("fortran Fortran", "!", "", "f90 f95 f03 f08", aliases="fortran-modern FortranFreeForm"),
    _row("fsharp F#", "//", "(* *)", "fs fsi fsx", aliases="f#"),
    _row("go Go", "//", _C, "go", aliases="golang"),
    _row("graphql GraphQL", "#", "", "graphql gql"),
    _row("groovy Groovy", "//", _C, "groovy gradle", files="jenkinsfile", run="groovy"),
    _row("haskell Haskell", "--", "{- -}", "hs", run="runhaskell runghc"),
    _row("html HTML", "", _XML, "html htm xhtml"),
    _row("ini INI", ";", "", "ini cfg properties", files=".editorconfig", aliases="dosini"),
    _row("java Java", "//", _C, "java"),
    _row("javascript JavaScript", "//", _C, "js mjs cjs", aliases="js", run="node nodejs deno bun"),
    _row("javascriptreact JavaScript JSX", "//", _C, "jsx", aliases="javascript.jsx jsx"),
    _row("json JSON", "", "", "json webmanifest"),
    _row("jsonc JSON with Comments", "//", _C, "jsonc", files="tsconfig.json jsconfig.json"),
    _row("julia Julia", "#", "#= =#", "jl", run="julia"),
    _row("kotlin Kotlin", "//", _C, "kt kts"),
    _row("latex LaTeX", "%", "", "tex sty cls", aliases="tex plaintex"),
    _row("less Less", "//", _C, "less"),
    _row("lisp Common Lisp", ";;", "#| |#", "lisp lsp cl", aliases="commonlisp", run="sbcl"),
    _row("lua Lua", "--", "--[[ ]]", "lua", run="lua luajit"),
    _row(
        "makefile Makefile",
        "#",
        "",
        "mk mak",
        files="makefile gnumakefile",
        aliases="make",
        run="make",
    ),
    _row("markdown Markdown", "", _XML, "md markdown mdown", aliases="md"),
    _row("matlab MATLAB", "%", "%{ %}", "", run="octave"),
    _row("nim Nim", "#", "#[ ]#", "nim nims"),
    _row("nix Nix", "#", _C, "nix"),
    _row("objective-c Objective-C", "//", _C, "m", aliases="objc"),
    _row("objective-cpp Objective-C++", "//", _C, "mm", aliases="objcpp"),
    _row("ocaml OCaml", "", "(* *)", "ml mli", run="ocaml"),
    _row("perl Perl", "#", "", "pl pm t", run="perl"),
    _row("php PHP", "//", _C, "php phtml", run="php"),
    _row("powershell PowerShell", "#", "<# #>", "ps1 psm1 psd1", aliases="ps1", run="pwsh"),
    _row("proto3 Protocol Buffers", "//", _C, "proto", aliases="proto protobuf"),
    _row("python Python", "#", "", "py pyi pyw", aliases="py", run="python pypy uv"),
    _row("r R", "#", "", "r", run="rscript"),
    _row("ruby Ruby", "#", "", "rb rake gemspec", files="gemfile rakefile", run="ruby"),
    _row("rust Rust", "//", _C, "rs", run="rust-script"),
    _row("scala Scala", "//", _C, "scala sc sbt", run="scala"),
    _row("scheme Scheme", ";;", "#| |#", "scm ss", run="guile"),
    _row("scss SCSS", "//", _C, "scss"),
    _row(
        "shellscript Shell script",
        "#",
        "",
        "sh bash zsh ksh",
        files=".bashrc .bash_profile .profile .zshrc .zprofile",
        aliases="sh bash zsh ksh shell",
        run="sh bash zsh ksh dash ash",
    ),
    _row("fish fish", "#", "", "fish", run="fish"),
    _row("sql SQL", "--", _C, "sql", aliases="mysql plsql pgsql"),
    _row("svelte Svelte", "", _XML, "svelte"),
    _row("swift Swift", "//", _C, "swift", run="swift"),
    _row("terraform Terraform", "#", _C, "tf tfvars hcl", aliases="hcl terraform-vars"),
    _row("toml TOML", "#", "", "toml", files="cargo.lock poetry.lock"),
    _row("typescript TypeScript", "//", _C, "ts mts cts", aliases="ts", run="ts-node tsx"),
    _row("typescriptreact TypeScript JSX", "//", _C, "tsx", aliases="typescript.tsx tsx"),
    _row("vim Vim script", '"', "", "vim", files=".vimrc", aliases="viml"),
    _row("vue Vue", "", _XML, "vue"),
    _row("xml XML", "", _XML, "xml xsd xsl xslt svg"),
    _row("yaml YAML", "#", "", "yaml yml", aliases="yml docker-compose"),
    _row("zig Zig", "//", "", "zig"),
)

LANGUAGES: Final = {language.id: language for language in _TABLE}
"""Every known language by its LSP identifier."""

TABS_BY_LAW: Final = frozenset({"go", "makefile"})
"""Languages whose code, or whose commands, are indented with tabs and nothing else."""

BLANKS_BY_LAW: Final = frozenset({"fsharp", "nim", "yaml"})
"""Languages that refuse tabs."""

_BY_ID = LANGUAGES | {alias.lower(): language for language in _TABLE for alias in language.aliases}
_BY_EXTENSION = {end: language for language in _TABLE for end in language.extensions}
_BY_FILENAME = {name: language for language in _TABLE for name in language.filenames}
_BY_INTERPRETER = {name: language for language in _TABLE for name in language.interpreters}


def language_of(path: str, language_id: str = "", first_line: str = "") -> str:
    """The LSP language identifier of a file.

    The editor's word counts first, unless it is `plaintext` or unknown here; then the file's name,
    then its `#!` line. An identifier that nothing contradicts is kept, though unknown.

    >>> language_of("tools/run", "plaintext", "#!/usr/bin/env -S python3.12 -u")
    'python'
    """
    identifier = language_id.strip().lower()
    name = path.replace("\\", "/").rpartition("/")[2].lower()
    known = (
        _BY_ID.get(identifier)
        or _BY_FILENAME.get(name)
        or _BY_EXTENSION.get(PurePosixPath(name).suffix)
        or _BY_INTERPRETER.get(_interpreter(first_line))
    )
    return known.id if known else identifier or PLAIN


def path_comment(language: str, path: str) -> str:
    """One comment line, without its line ending, that tells the model a file's path.

    A language without known comments gets `#`, which models read well. A path cannot end the
    comment: line breaks and the closing mark in it are replaced by `?`.

    >>> path_comment("html", "a.html")
    '<!-- Path: a.html -->'
    """
    known = _BY_ID.get(language.lower())
    path = _BREAKS.sub("?", path)
    if known is None or (not known.line and known.block is None):
        return f"# Path: {path}"
    if known.line or known.block is None:
        return f"{known.line} Path: {path}"
    opening, closing = known.block
    return f"{opening} Path: {path.replace(closing, '?')} {closing}"


def _interpreter(first_line: str) -> str:
    """The program that a `#!` line names, lower case and without version digits; else ""."""
    if not first_line.startswith("#!"):
        return ""
    words = first_line[2:].split()
    if words and words[0].endswith("/env"):
        words = [word for word in words[1:] if not _ENV_OPTION.match(word)]
    return _VERSION.sub("", words[0].rpartition("/")[2].lower()) if words else ""
