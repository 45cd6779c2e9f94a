#!/bin/sh
# Installs midfill from this folder, without any network.
#
#   sh install.sh [FOLDER]     FOLDER: the program's own environment, made anew each time;
#                              default: $XDG_DATA_HOME/midfill-app (~/.local/share/midfill-app)
#
# PYTHON=/path/to/python chooses the Python; MIDFILL_DATA_DIR says where models go.
set -eu

fail() {
    printf 'install.sh: %s\n' "$1" >&2
    exit 1
}

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
python=${PYTHON:-python3}
supported="@PYTHONS@"
target=${1:-${XDG_DATA_HOME:-$HOME/.local/share}/midfill-app}

command -v "$python" >/dev/null 2>&1 || fail "no $python; set PYTHON to one of: $supported"
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
case " $supported " in
*" $version "*) ;;
*) fail "$python is Python $version, this bundle is for $supported; set PYTHON" ;;
esac

echo "checking every file"
"$python" -I -B "$here/verify.py" || fail "the bundle is damaged; copy it again"

if [ -e "$target" ] && [ ! -e "$target/pyvenv.cfg" ]; then
    fail "$target is there and no environment of midfill; choose another folder"
fi
echo "installing into $target"
"$python" -m venv --clear "$target" ||
    fail "this Python cannot make environments; on Debian and Ubuntu install python3-venv"
PIP_CONFIG_FILE=/dev/null "$target/bin/python" -m pip --isolated install --quiet --no-index \
    --no-cache-dir --disable-pip-version-check --find-links "$here/wheels" --require-hashes \
    --requirement "$here/requirements.txt"

for archive in "$here"/models/*.tar; do
    [ -e "$archive" ] || continue
    "$target/bin/midfill" models import "$archive"
done

"$target/bin/midfill" doctor || fail "installed, but something does not work yet: see above"
echo "done: $target/bin/midfill serve --stdio"
echo "editors: see $here/editors"
