package tick

import (
	"bufio"
	"encoding/binary"
	"flag"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden compares results bit by bit with those in testdata. It holds on every machine:
//
//	GOAMD64=v1 go test ./tick -run Golden
//	GOAMD64=v3 go test ./tick -run Golden
//	GOOS=js GOARCH=wasm go test -exec "$(go env GOROOT)/lib/wasm/go_js_wasm_exec" ./tick -run Golden
func TestGolden(t *testing.T) {
	compareGolden(t, "testdata/trig.txt", trigVectors())
	compareGolden(t, "testdata/rand.txt", randVectors())
}

func compareGolden(t *testing.T, path string, got []string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(strings.Join(got, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	n := 0
	for ; lines.Scan(); n++ {
		if n >= len(got) || lines.Text() != got[n] {
			t.Fatalf("%s:%d: want %q, got %q", path, n+1, lines.Text(), got[min(n, len(got)-1)])
		}
	}
	if err := lines.Err(); err != nil || n != len(got) {
		t.Fatalf("%s has %d lines, want %d (%v)", path, n, len(got), err)
	}
}

// trigVectors are lines of a function's name, its arguments and its results as float32 bits. The sweeps
// are FNV-1a hashes (32 bits) of many results, little endian.
func trigVectors() []string {
	lines := []string{"# function, arguments, results: float32 bits in hexadecimal"}
	arguments := []float32{0, float32(math.Copysign(0, -1)), 1, -1, 0.5, math.Pi / 4, math.Pi / 2, math.Pi, 2 * math.Pi,
		100, 1e4, 1 << 20, 1<<20 + 1, 1e9, math.MaxFloat32, math.SmallestNonzeroFloat32,
		float32(math.Inf(1)), float32(math.Inf(-1)), nan32()}
	r := NewRand(1)
	for _, limit := range []float32{1, 7, 1e4, 1e6} {
		for range 100 {
			arguments = append(arguments, r.Range(-limit, limit))
		}
	}
	for i, x := range arguments {
		s, c := SinCos(x)
		y := arguments[(i*7+3)%len(arguments)]
		lines = append(lines,
			fmt.Sprintf("sincos %s %s %s", floatBits(x), floatBits(s), floatBits(c)),
			fmt.Sprintf("atan2 %s %s %s", floatBits(y), floatBits(x), floatBits(Atan2(y, x))))
	}
	for _, limit := range []float32{1, 10, 1e4, 1e7} {
		hash := fnv.New32a()
		for range 100_000 {
			x, y := r.Range(-limit, limit), r.Range(-limit, limit)
			s, c := SinCos(x)
			for _, v := range []float32{s, c, Atan2(y, x)} {
				hash.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
			}
		}
		lines = append(lines, fmt.Sprintf("sweep %s %08x", floatBits(limit), hash.Sum32()))
	}
	return append(lines, fmt.Sprintf("inner %016x", innerHash(&r)))
}

// innerHash is over the float64 values before the last rounding, which hides nearly every product
// that a compiler fused with a sum.
func innerHash(r *Rand) uint64 {
	hash := fnv.New64a()
	for range 10_000 {
		quadrant, v := reduce(r.Range(-1e6, 1e6))
		b := r.Range(0.5, 2)
		inner := []float64{float64(quadrant), v, sineSeries(v), cosineSeries(v), arctan(float64(r.Range(0, b)), float64(b))}
		for _, v := range inner {
			hash.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(v)))
		}
	}
	return hash.Sum64()
}

func randVectors() []string {
	lines := []string{"# seed, then Uint32, IntN(1000), Float32 and Range(-5, 5) bits, State, in this order, on one generator"}
	for _, seed := range []uint64{0, 1, 42, math.MaxUint64} {
		r := NewRand(seed)
		for range 8 {
			u, n, f, v, state := r.Uint32(), r.IntN(1000), r.Float32(), r.Range(-5, 5), r.State()
			lines = append(lines, fmt.Sprintf("%d %08x %d %s %s %016x %016x", seed, u, n, floatBits(f), floatBits(v), state[0], state[1]))
		}
	}
	return lines
}

func floatBits(v float32) string { return fmt.Sprintf("%08x", math.Float32bits(v)) }
