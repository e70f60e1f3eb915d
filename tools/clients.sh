#!/usr/bin/env bash
# Generates clients from openapi/openapi.yaml with three generators, compiles them, and lints the
# contract:
#
#     oapi-codegen (Go, default settings)      go vet
#     openapi-typescript                       tsc --strict
#     openapi-python-client                    import of every module
#     redocly lint
#
# Everything comes from the package registries (Go module proxy, npm, PyPI) in the versions named here
# and is kept in a cache folder outside the repository:
#
#     ${LUNPAI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lunpai}/clients-…
#
# Needs Go, Node 20.19 or later with npm, and python3 with pip.
set -euo pipefail

readonly oapi_codegen=v2.8.2
readonly openapi_typescript=7.13.0
readonly typescript=5.9.3
readonly redocly=2.77.0
readonly python_client=0.29.1

say() { printf 'clients.sh: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

for tool in go node npm python3; do
	command -v "$tool" >/dev/null || die "$tool is needed"
done

contract=$(cd "$(dirname "$0")/.." && pwd)/openapi/openapi.yaml
cache=${LUNPAI_CACHE:-${XDG_CACHE_HOME:-${HOME:?HOME is not set, set LUNPAI_CACHE}/.cache}/lunpai}
tools=$cache/clients-$oapi_codegen-$openapi_typescript-$typescript-$redocly-$python_client

if [ ! -e "$tools/whole" ]; then
	say "installing the generators into $tools"
	rm -rf "$tools"
	mkdir -p "$tools"
	GOBIN=$tools/bin GOFLAGS= go install "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@$oapi_codegen"
	npm --prefix "$tools" install --silent --no-fund --no-audit \
		"openapi-typescript@$openapi_typescript" "typescript@$typescript" "@redocly/cli@$redocly" >&2
	python3 -m venv --without-pip "$tools/python"
	python3 -m pip --python "$tools/python/bin/python" install --quiet --disable-pip-version-check \
		"openapi-python-client==$python_client" >&2
	touch "$tools/whole"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say "redocly lint"
cat >"$work/redocly.yaml" <<'END'
extends: [recommended]
rules:
  operation-4xx-response: error
  operation-operationId-unique: error
  no-unused-components: error
END
REDOCLY_TELEMETRY=off "$tools/node_modules/.bin/redocly" lint --config "$work/redocly.yaml" "$contract" >&2

say "Go: oapi-codegen"
mkdir "$work/go"
(
	cd "$work/go"
	go mod init example.com/client >/dev/null 2>&1
	"$tools/bin/oapi-codegen" -package client -o client.go "$contract"
	go mod tidy >/dev/null 2>&1
	GOFLAGS= go vet ./...
)

say "TypeScript: openapi-typescript"
"$tools/node_modules/.bin/openapi-typescript" "$contract" -o "$work/client.ts" >/dev/null
"$tools/node_modules/.bin/tsc" --noEmit --strict --skipLibCheck "$work/client.ts"

say "Python: openapi-python-client"
(
	cd "$work"
	printf 'content_type_overrides:\n  application/yaml: text/plain\n' >config.yaml # the contract itself
	PATH=$tools/python/bin:$PATH "$tools/python/bin/openapi-python-client" generate \
		--path "$contract" --config config.yaml --meta none --output-path "$work/lunpai_client" --fail-on-warning >&2
	"$tools/python/bin/python" - <<'END'
import importlib
import pkgutil

import lunpai_client

n = 0
for module in pkgutil.walk_packages(lunpai_client.__path__, "lunpai_client."):
    importlib.import_module(module.name)
    n += 1
print(f"clients.sh: {n} modules imported")
END
)
say "all clients are generated and compile"
