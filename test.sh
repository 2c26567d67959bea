#!/usr/bin/env bash
# Sets up and runs all tests: ./test.sh
# A Debian machine with Go 1.26 and Node 20 or newer needs nothing else; as root
# it installs Chromium when that is missing. Parts can be run alone:
#   ./test.sh go | race | fuzz | generated | lint | portable | web | browser
set -euo pipefail
cd "$(dirname "$0")"

STATICCHECK=honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOLANGCI=github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
CHROMIUM=${CHROMIUM:-/usr/bin/chromium}

say() { printf '\n== %s (%s)\n' "$1" "$(date +%T)"; }

npm_packages() {
  [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --no-audit --no-fund
}

part_go() {
  say "unit, property and scenario tests"
  test -z "$(gofmt -l $(git ls-files '*.go'))" || { echo "gofmt would change:"; gofmt -l $(git ls-files '*.go'); return 1; }
  go vet ./...
  go test ./...
}

part_race() {
  say "race detector"
  go test -race -short ./tick ./state ./schema ./netcode/... ./auth ./rooms/... ./clients/go/... .
}

# Every fuzz target of every package, for a short time each.
part_fuzz() {
  say "fuzzing, ${FUZZTIME:-5s} a target"
  for package in $(go list ./...); do
    folder=$(go list -f '{{.Dir}}' "$package")
    for target in $(grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$folder"/*_test.go 2>/dev/null | cut -c6-); do
      echo "$package $target"
      go test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-5s}" "$package" >/tmp/parlor-fuzz.$$ 2>&1 || { cat /tmp/parlor-fuzz.$$; return 1; }
    done
  done
  rm -f /tmp/parlor-fuzz.$$
}

part_generated() {
  say "generated code and web pages are those of their sources"
  npm_packages
  node schema/generate.mjs --check
  node clients/ts/build.mjs --check
  node demos/build.mjs --check
}

part_lint() {
  say "linters"
  go run "$STATICCHECK" ./...
  go run "$GOLANGCI" run ./...
}

# One recording and the trigonometry give the same bits on every build.
part_portable() {
  say "portable: GOAMD64=v1, GOAMD64=v3 and js/wasm"
  local tests='Golden|Portable'
  for level in v1 v3; do
    if [ "$level" = v3 ] && ! grep -qw fma /proc/cpuinfo; then echo "no FMA here: GOAMD64=v3 is left out"; continue; fi
    GOAMD64=$level go test -count=1 -run "$tests" ./tick ./rooms ./demos/arena
  done
  GOOS=js GOARCH=wasm go test -count=1 -exec "$(go env GOROOT)/lib/wasm/go_js_wasm_exec" -run "$tests" ./tick ./rooms ./demos/arena
}

part_web() {
  say "TypeScript: types and tests"
  npm_packages
  npx tsc --noEmit
  npm test
}

part_browser() {
  say "two pages in a real browser"
  npm_packages
  if [ ! -x "$CHROMIUM" ]; then
    [ "$(id -u)" = 0 ] || { echo "Chromium is missing: install it, or set CHROMIUM"; return 1; }
    apt-get update -q >/dev/null && apt-get install -qy chromium >/dev/null
  fi
  CHROMIUM=$CHROMIUM node demos/browser_test.mjs
}

for part in ${@:-go race fuzz generated lint portable web browser}; do "part_$part"; done
say "all passed"
