#!/usr/bin/env bash
# Installs with apt what the editors' tests need beside the development dependencies: tmux, and
# Emacs with Eglot. Does nothing where all is there; says what is missing where it cannot install.
set -euo pipefail
missing=()
command -v tmux >/dev/null || missing+=(tmux)
command -v emacs >/dev/null || missing+=(emacs-nox)
emacs -q --batch --eval "(progn (package-initialize) (require 'eglot))" 2>/dev/null || missing+=(elpa-eglot)
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "missing on this machine: ${missing[*]}; install them and run again" >&2
  exit 1
fi
echo "installing ${missing[*]} with apt" >&2
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
