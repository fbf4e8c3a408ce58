#!/bin/sh
# Installs the pinned Python tools into .tools/<name>, one virtual environment each because their
# pins conflict. Does nothing for a tool whose requirements have not changed. `proxy` is tinyproxy,
# which tests send calls through: the one that is installed, or Debian's package unpacked here.
# `slapd` is OpenLDAP, the directory of the tests: likewise.
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

# Downloads Debian's packages into a directory. $2 is a command that prints their names when it is
# given the options of apt-get that follow.
download() {
    place=$1
    names=$2
    shift 2
    packages=$("$names" "$@") || return 1
    # As root, apt would download as a user who may not write here.
    # shellcheck disable=SC2086 # a list of names
    (cd "$place" && apt-get --quiet -o APT::Sandbox::User=root "$@" download $packages)
}

# With package lists of our own: those of a fresh machine or image are empty, and only root may fill them.
download_with_lists() {
    place=$1
    names=$2
    mkdir -p "$place/state/lists/partial" "$place/cache/archives/partial"
    set -- -o Dir::State="$place/state" -o Dir::State::lists="$place/state/lists" \
        -o Dir::State::status=/var/lib/dpkg/status -o Dir::Cache="$place/cache" -o Debug::NoLocking=true
    apt-get --quiet -o APT::Sandbox::User=root "$@" update && download "$place" "$names" "$@"
}

proxy_packages() {
    echo tinyproxy-bin
}

# slapd, the clients, and the libraries of both that this machine lacks. Perl and ODBC are for databases
# that no test has.
slapd_packages() {
    direct=$(apt-cache "$@" depends --important slapd ldap-utils | sed -n 's/^ *|*Depends: \(lib.*\)$/\1/p' |
        grep -v -e perl -e odbc | sort -u)
    [ -n "$direct" ] || return 1
    # shellcheck disable=SC2086 # a list of names
    libraries=$(apt-cache "$@" depends --important --recurse $direct | grep '^lib' | sort -u)
    echo slapd ldap-utils
    for library in $libraries; do
        dpkg-query --show --showformat='${db:Status-Status}\n' "$library" 2>/dev/null | grep -q '^installed$' ||
            echo "$library"
    done
}

install_proxy() {
    proxy=$tools/proxy/tinyproxy
    if "$proxy" -v >/dev/null 2>&1; then
        printf 'tools: %-9s is ready\n' proxy
        return
    fi
    rm -rf "$tools/proxy"
    mkdir -p "$tools/proxy"
    if installed=$(command -v tinyproxy); then
        ln -s "$installed" "$proxy"
        printf 'tools: %-9s is %s\n' proxy "$installed"
        return
    fi
    if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg-deb >/dev/null 2>&1; then
        fail "tinyproxy was not found, and this is no Debian to take it from. Install it, so that it is in PATH."
    fi
    printf 'tools: %-9s downloading (once) ...\n' proxy
    work=$tools/proxy/work
    mkdir "$work"
    { download "$work" proxy_packages || download_with_lists "$work" proxy_packages; } >"$tools/proxy.log" 2>&1 &&
        dpkg-deb --extract "$work"/tinyproxy-bin_*.deb "$tools/proxy" >>"$tools/proxy.log" 2>&1 &&
        ln -s usr/bin/tinyproxy "$proxy" && "$proxy" -v >>"$tools/proxy.log" 2>&1 || {
        tail -n 20 "$tools/proxy.log" >&2
        fail "no tinyproxy could be had from Debian; install it (apt install tinyproxy-bin) and run this again. \
The whole log is $tools/proxy.log"
    }
    rm -rf "$work"
}

# A program of OpenLDAP that finds its libraries wherever they are.
wrap_slapd() {
    name=$1
    program=$2
    libraries=$3
    printf '#!/bin/sh\nLD_LIBRARY_PATH="%s${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" exec "%s" "$@"\n' \
        "$libraries" "$program" >"$tools/slapd/$name"
    chmod +x "$tools/slapd/$name"
}

# slapd, slapadd and ldapsearch, and beside them the directories `schema` and `modules`.
install_slapd() {
    home=$tools/slapd
    if "$home/slapd" -VV >/dev/null 2>&1 && [ -f "$home/schema/core.schema" ]; then
        printf 'tools: %-9s is ready\n' slapd
        return
    fi
    rm -rf "$home"
    mkdir -p "$home"
    if [ -x /usr/sbin/slapd ] && [ -f /etc/ldap/schema/core.schema ] && command -v ldapsearch >/dev/null 2>&1; then
        for program in /usr/sbin/slapd /usr/sbin/slapadd "$(command -v ldapsearch)"; do
            ln -s "$program" "$home/${program##*/}"
        done
        ln -s /etc/ldap/schema "$home/schema"
        ln -s /usr/lib/ldap "$home/modules"
        printf 'tools: %-9s is /usr/sbin/slapd\n' slapd
        return
    fi
    if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg-deb >/dev/null 2>&1; then
        fail "slapd was not found, and this is no Debian to take it from. Install Debian's slapd and ldap-utils."
    fi
    printf 'tools: %-9s downloading (once) ...\n' slapd
    work=$home/work
    mkdir "$work"
    { download "$work" slapd_packages || download_with_lists "$work" slapd_packages; } >"$tools/slapd.log" 2>&1 || {
        tail -n 20 "$tools/slapd.log" >&2
        fail "no slapd could be had from Debian; install it (apt install slapd ldap-utils) and run this again. \
The whole log is $tools/slapd.log"
    }
    for package in "$work"/*.deb; do
        dpkg-deb --extract "$package" "$home" >>"$tools/slapd.log" 2>&1 || fail "unpacking $package failed"
    done
    rm -rf "$work"
    libraries=
    for directory in "$home"/usr/lib/*-linux-* "$home"/lib/*-linux-*; do
        [ ! -d "$directory" ] || libraries=$libraries${libraries:+:}$directory
    done
    wrap_slapd slapd "$home/usr/sbin/slapd" "$libraries"
    wrap_slapd slapadd "$home/usr/sbin/slapadd" "$libraries"
    wrap_slapd ldapsearch "$home/usr/bin/ldapsearch" "$libraries"
    ln -s etc/ldap/schema "$home/schema"
    ln -s usr/lib/ldap "$home/modules"
    "$home/slapd" -VV >>"$tools/slapd.log" 2>&1 && "$home/ldapsearch" -VV >>"$tools/slapd.log" 2>&1 || {
        tail -n 20 "$tools/slapd.log" >&2
        fail "the slapd of Debian does not run here; the whole log is $tools/slapd.log"
    }
}

needs_python
mkdir -p "$tools"
exec 9>"$tools/.lock"
flock 9 # two runs at once would install over each other
[ "$#" -gt 0 ] || set -- ministack sam lint clients proxy slapd
for tool in "$@"; do
    case $tool in
    proxy) install_proxy ;;
    slapd) install_slapd ;;
    *) install_tool "$tool" ;;
    esac
done
