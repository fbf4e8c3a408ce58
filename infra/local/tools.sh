#!/bin/sh
# Installs the pinned Python tools into .tools/<name>, one virtual environment each because their
# pins conflict. Does nothing for a tool whose requirements have not changed.
#
#   infra/local/tools.sh                  every tool
#   infra/local/tools.sh ministack sam    these only
#
# PYTHON chooses the interpreter (default python3). No root is needed.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
tools=$(CDPATH='' cd -- "$here/../.." && pwd)/.tools
python=${PYTHON:-python3}

fail() {
    printf 'tools: %s\n' "$1" >&2
    exit 1
}

needs_python() {
    command -v "$python" >/dev/null 2>&1 ||
        fail "$python was not found. Install Python 3.11 or newer (Debian: apt install python3 python3-venv)."
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "$("$python" --version) is too old: Python 3.11 or newer is needed (set PYTHON to choose another)."
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$python has no venv module (Debian: apt install python3-venv)."
}

stamp_of() {
    { "$python" -c 'import sys; print(sys.version_info[:2])'; cat "$1"; } | sha256sum | cut -d' ' -f1
}

# Whether the environment holds exactly what the file lists.
matches() {
    [ -x "$1/bin/python" ] || return 1
    wanted=$(grep -v '^#' "$2" | LC_ALL=C sort -f)
    held=$("$1/bin/python" -m pip freeze --disable-pip-version-check 2>/dev/null | LC_ALL=C sort -f)
    [ "$wanted" = "$held" ]
}

install_tool() {
    name=$1
    requirements=$here/$name.txt
    [ -f "$requirements" ] || fail "there is no tool named '$name' (no $requirements)."
    venv=$tools/$name
    stamp=$(stamp_of "$requirements")
    if [ -x "$venv/bin/python" ] && [ "$(cat "$tools/$name.stamp" 2>/dev/null || true)" = "$stamp" ]; then
        printf 'tools: %-9s is ready\n' "$name"
        return
    fi
    if matches "$venv" "$requirements"; then
        printf 'tools: %-9s is ready\n' "$name"
    else
        printf 'tools: %-9s installing (once, up to a minute) ...\n' "$name"
        rm -rf "$venv" "$tools/$name.stamp"
        "$python" -m venv "$venv" >"$tools/$name.log" 2>&1 &&
            "$venv/bin/python" -m pip install --disable-pip-version-check --no-input --quiet \
                --requirement "$requirements" >>"$tools/$name.log" 2>&1 || {
            tail -n 20 "$tools/$name.log" >&2
            fail "installing $name failed; the whole log is $tools/$name.log"
        }
    fi
    printf '%s\n' "$stamp" >"$tools/$name.stamp"
}

needs_python
mkdir -p "$tools"
exec 9>"$tools/.lock"
flock 9 # two runs at once would install over each other
[ "$#" -gt 0 ] || set -- ministack sam lint clients
for tool in "$@"; do
    install_tool "$tool"
done
