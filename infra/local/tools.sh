#!/bin/sh
# Installs the pinned Python tools into .tools/<name>, one virtual environment each because their
# pins conflict. Does nothing for a tool whose requirements have not changed. `proxy` is tinyproxy,
# which tests send calls through: the one that is installed, or Debian's package unpacked here.
# `slapd` is OpenLDAP, the directory of the tests: likewise. `samba` is Samba with an empty Active
# Directory: likewise, but it needs root. Where it can not be had it is left out, and so are the tests
# with it; with REQUIRE_SAMBA=1 that is an error.
#
#   infra/local/tools.sh                  every tool
#   infra/local/tools.sh ministack sam    these only
#
# PYTHON chooses the interpreter (default python3). No root is needed but for `samba`.
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

# Samba and what it needs of what this machine lacks. Debian's python3 is its own, whatever is in PATH.
# Releases divide it into packages in different ways.
samba_packages() {
    names=
    for name in samba samba-ad-dc samba-ad-provision samba-dsdb-modules samba-vfs-modules python3-samba ldb-tools; do
        ! apt-cache "$@" show "$name" >/dev/null 2>&1 || names="$names $name"
    done
    [ -n "$names" ] || return 1
    # shellcheck disable=SC2086 # a list of names
    apt-get --simulate -o Debug::NoLocking=true "$@" --no-install-recommends install $names |
        sed -n 's/^Inst \([^ ]*\).*/\1/p'
}

# Whether what is in $1/run makes a domain, or has made one. $1/domain is it.
makes_domain() {
    run=$1/run
    domain=$1/domain
    found=$("$run" samba --version 2>/dev/null) || return 1
    stamp=$({ echo "$found" && cat "$here/smb.conf"; } | sha256sum)
    [ "$(cat "$1/stamp" 2>/dev/null || true)" != "$stamp" ] || return 0
    rm -rf "$domain"
    mkdir "$domain" "$domain/run" "$domain/cache"
    sed -e "s|@HOME@|$domain|g" -e 's|@ADDRESS@|127.0.0.1|g' "$here/smb.conf" >"$domain/smb.conf"
    # The password of an administrator that no test signs in as.
    password=$(od -A n -t x1 -N 16 /dev/urandom | tr -d ' \n')Aa1!
    "$run" samba-tool domain provision --configfile="$domain/smb.conf" --realm=CORP.TEST --domain=CORP \
        --host-name=dc1 --host-ip=127.0.0.1 --adminpass="$password" --server-role=dc --dns-backend=NONE &&
        "$run" ldbsearch -H "$domain/private/sam.ldb" --configfile="$domain/smb.conf" -s base -b DC=corp,DC=test &&
        printf '%s\n' "$stamp" >"$1/stamp"
}

without_samba() {
    rm -rf "$tools/samba" 2>/dev/null || true # it may be root's
    [ "${REQUIRE_SAMBA:-}" != 1 ] || fail "no Samba, which REQUIRE_SAMBA=1 asks for: $1"
    printf 'tools: %-9s is left out, and the tests with it: %s\n' samba "$1"
}

# $tools/samba/run runs a program of Samba.
install_samba() {
    home=$tools/samba
    log=$tools/samba.log
    if [ "$(id -u)" != 0 ]; then
        without_samba 'it needs root'
        return
    fi
    if [ -x "$home/run" ] && makes_domain "$home" >"$log" 2>&1; then
        printf 'tools: %-9s is ready\n' samba
        return
    fi
    rm -rf "$home"
    mkdir -p "$home/work"
    if [ -x /usr/sbin/samba ] && [ -d /usr/share/samba/setup/ad-schema ] &&
        command -v samba-tool >/dev/null 2>&1 && command -v ldbmodify >/dev/null 2>&1; then
        # shellcheck disable=SC2016 # of the script that is written
        printf '#!/bin/sh\nPATH=/usr/sbin:/usr/bin:/sbin:/bin exec "$@"\n' >"$home/run"
        says='is /usr/sbin/samba'
    else
        if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg-deb >/dev/null 2>&1; then
            without_samba 'it is not installed, and this is no Debian to take it from'
            return
        fi
        # It looks for its parts below /usr, so it has a /usr of its own to run in.
        # shellcheck disable=SC2016 # of the script that is written
        printf '#!/bin/sh\nexec unshare --mount --propagation private /bin/sh -c '\''%s'\'' "%s" "$@"\n' \
            'mount -t overlay -o "lowerdir=$0/usr:/usr" overlay /usr && PATH=/usr/sbin:/usr/bin:/sbin:/bin exec "$@"' \
            "$home" >"$home/run"
        mkdir "$home/usr"
        chmod +x "$home/run"
        if ! "$home/run" true >"$log" 2>&1; then
            without_samba 'it is not installed, and nothing may be mounted here to run it unpacked'
            return
        fi
        printf 'tools: %-9s downloading (once) ...\n' samba
        { download "$home/work" samba_packages || download_with_lists "$home/work" samba_packages; } >"$log" 2>&1 || {
            without_samba "none could be had from Debian; the whole log is $log"
            return
        }
        for package in "$home/work"/*.deb; do
            dpkg-deb --extract "$package" "$home/work/root" >>"$log" 2>&1 || fail "unpacking $package failed"
        done
        cp -a "$home/work/root/usr/." "$home/usr/"
        [ ! -d "$home/work/root/lib" ] || cp -a "$home/work/root/lib/." "$home/usr/lib/"
        says='is ready'
    fi
    chmod +x "$home/run"
    rm -rf "$home/work"
    if makes_domain "$home" >>"$log" 2>&1; then
        printf 'tools: %-9s %s\n' samba "$says"
    else
        tail -n 5 "$log"
        without_samba "it makes no domain here; the whole log is $log"
    fi
}

needs_python
mkdir -p "$tools"
exec 9>"$tools/.lock"
flock 9 # two runs at once would install over each other
[ "$#" -gt 0 ] || set -- ministack sam lint clients proxy slapd samba
for tool in "$@"; do
    case $tool in
    proxy) install_proxy ;;
    slapd) install_slapd ;;
    samba) install_samba ;;
    *) install_tool "$tool" ;;
    esac
done
