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
  go test -race -short ./tick ./state ./schema ./netcode/... ./internal/netsim ./internal/disk ./auth ./rooms/... ./persistence/... ./presence/... ./canvas/... ./clients/go/... ./demos/arena ./demos/bank ./demos/tasks ./demos/people ./demos/cursors ./demos/chat ./demos/notes ./demos/whiteboard ./internal/pool ./internal/turns .
}

# Every fuzz target of every package, for a short time each. A worker that is
# still busy when the time is over is no failure: then there is no failing input.
part_fuzz() {
  local time=${FUZZTIME:-1s} work package folder target
  say "fuzzing, $time a target"
  work=$(mktemp -d)
  trap 'rm -rf "'"$work"'"' EXIT
  for package in $(go list ./...); do
    folder=$(go list -f '{{.Dir}}' "$package")
    grep -qs '^func Fuzz' "$folder"/*_test.go || continue
    go test -c -fuzz . -o "$work/fuzz" "$package"
    for target in $(grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$folder"/*_test.go | cut -c6-); do
      echo "$package $target"
      if ! (cd "$folder" && "$work/fuzz" -test.run '^$' -test.fuzz "^$target\$" -test.fuzztime "$time" -test.fuzzminimizetime 10x \
        -test.parallel 2 -test.fuzzcachedir "$work/corpus/$package") >"$work/log" 2>&1 &&
        { grep -q 'Failing input written' "$work/log" || ! grep -q 'context deadline exceeded' "$work/log"; }; then
        cat "$work/log"
        return 1
      fi
    done
  done
}

part_generated() {
  say "go.mod, generated code and web pages are those of their sources"
  npm_packages
  go mod tidy -diff
  node schema/generate.mjs --check
  node clients/ts/build.mjs --check
  go run ./cmd/parlor gen ts | diff -u demos/rooms.ts -
  node demos/build.mjs --check
}

part_lint() {
  say "linters"
  go run "$STATICCHECK" ./...
  go run "$GOLANGCI" run ./...
}

# One recording and the trigonometry give the same bits on every build. What
# the recording cannot show on this machine the compiler does: a product that is
# added to without a conversion becomes one instruction with other bits.
part_portable() {
  say "portable: GOAMD64=v1, GOAMD64=v3 and js/wasm"
  local tests='Golden|Portable' level fused
  for level in v1 v3; do
    if [ "$level" = v3 ] && ! grep -qw fma /proc/cpuinfo; then echo "no FMA here: GOAMD64=v3 is left out"; continue; fi
    GOAMD64=$level go test -count=1 -run "$tests" ./tick ./rooms ./demos/arena
  done
  GOOS=js GOARCH=wasm go test -count=1 -exec "$(go env GOROOT)/lib/wasm/go_js_wasm_exec" -run "$tests" ./tick ./rooms ./demos/arena
  say "portable: no fused products in rules and in what they use"
  fused=$({ GOARCH=amd64 GOAMD64=v3 assembly; GOARCH=arm64 assembly; } | grep -E '\sV?FN?M(ADD|SUB)[0-9SD]+\s' | grep -vE "$UNRULED" || true)
  [ -z "$fused" ] || { echo "write float32(a*b)+c or float64(a*b)+c:"; echo "$fused"; return 1; }
}

# What the compiler makes of the packages that a replay runs.
assembly() { go build -gcflags=-S ./tick ./state ./rooms ./demos/arena ./demos/walkers 2>&1; }

# Files in them that no replay runs: clients' bots, the measure of lateness.
UNRULED='/(demos/[a-z]+/bot|tick/dilation)\.go:'

part_web() {
  say "TypeScript: types and tests"
  npm_packages
  npx tsc --noEmit
  npm test
  node canvas/yjs/fuzz/run.mjs --seeds 300 --seed 1 --seconds 18
  node demos/interop/run.mjs
  node demos/test.mjs
}

part_browser() {
  say "two pages in a real browser"
  npm_packages
  if [ ! -x "$CHROMIUM" ]; then
    [ "$(id -u)" = 0 ] || { echo "Chromium is missing: install it, or set CHROMIUM"; return 1; }
    apt-get update -q >/dev/null && apt-get install -qy chromium >/dev/null
  fi
  for story in demos/browser_test.mjs demos/*_browser_test.mjs; do CHROMIUM=$CHROMIUM node "$story"; done
}

for part in ${@:-go race fuzz generated lint portable web browser}; do "part_$part"; done
say "all passed"
