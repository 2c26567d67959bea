package bits

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestBytesOnTheWire(t *testing.T) {
	var w Writer
	cases := []struct {
		name  string
		write func()
		want  []byte
	}{
		{"nothing", func() {}, nil},
		{"first bit is the lowest", func() { w.Bool(true); w.Bits(0, 6); w.Bool(true) }, []byte{0x81}},
		{"bits above n are ignored", func() { w.Bits(0xff, 4) }, []byte{0x0f}},
		{"crosses bytes", func() { w.Bits(0xabc, 12) }, []byte{0xbc, 0x0a}},
		{"64 bits after one", func() { w.Bool(true); w.Bits(math.MaxUint64, 64) }, []byte{255, 255, 255, 255, 255, 255, 255, 255, 1}},
		{"uvar 0", func() { w.UVar(0) }, []byte{0x00}},
		{"uvar 15", func() { w.UVar(15) }, []byte{0x0f}},
		{"uvar 16", func() { w.UVar(16) }, []byte{0x30, 0x00}}, // 10000 then 00001
		{"svar -1", func() { w.SVar(-1) }, []byte{0x01}},
		{"svar 1", func() { w.SVar(1) }, []byte{0x02}},
		{"string", func() { w.String("A") }, []byte{0x21, 0x08}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w.Reset(nil)
			c.write()
			if got := w.Finish(); !bytes.Equal(got, c.want) {
				t.Errorf("got % x, want % x", got, c.want)
			}
		})
	}
}

func TestReadingPastTheEndGivesZeroAndStays(t *testing.T) {
	var r Reader
	r.Reset([]byte{0xff})
	if got := r.Bits(9); got != 0 || !errors.Is(r.Err(), ErrEnd) {
		t.Fatalf("got %d, %v", got, r.Err())
	}
	if got := r.Bits(1); got != 0 || r.Remaining() != 0 {
		t.Fatalf("a read after the error gave %d with %d bits left", got, r.Remaining())
	}
}

func TestHostileLengths(t *testing.T) {
	var w Writer
	w.Reset(nil)
	w.UVar(math.MaxUint64)
	stream := w.Finish()
	var r Reader
	allocs := testing.AllocsPerRun(10, func() {
		r.Reset(stream)
		if r.Bytes() != nil || r.Err() == nil {
			t.Fatal("a length beyond the data was believed")
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations for a refused length", allocs)
	}
	r.Reset(bytes.Repeat([]byte{0xff}, 20))
	if r.UVar(); !errors.Is(r.Err(), ErrVar) {
		t.Errorf("17 groups: %v", r.Err())
	}
}

// op is one value written and read back.
type op struct {
	kind  int
	value uint64
	n     uint
	text  string
}

func TestRoundTrip(t *testing.T) {
	draw := rapid.Custom(func(t *rapid.T) op {
		return op{rapid.IntRange(0, 5).Draw(t, "kind"), rapid.Uint64().Draw(t, "value"), rapid.UintRange(0, 64).Draw(t, "n"), rapid.StringN(0, 5, -1).Draw(t, "text")}
	})
	rapid.Check(t, func(t *rapid.T) {
		ops := rapid.SliceOf(draw).Draw(t, "ops")
		prefix := rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(t, "prefix")
		var w Writer
		w.Reset(prefix)
		total := 0
		for _, o := range ops {
			switch o.kind {
			case 0:
				w.Bits(o.value, o.n)
				total += int(o.n)
			case 1:
				w.Bool(o.value&1 != 0)
				total++
			case 2:
				w.UVar(o.value)
				total += UVarLen(o.value)
			case 3:
				w.SVar(int64(o.value))
				total += UVarLen(o.value<<1 ^ uint64(int64(o.value)>>63))
			case 4:
				w.String(o.text)
				total += UVarLen(uint64(len(o.text))) + 8*len(o.text)
			case 5:
				writeBlock(&w, []uint64{o.value, o.value >> 1, ^o.value}, o.n)
				total += 3 * int(o.n)
			}
		}
		stream := w.Finish()
		if want := len(prefix) + (total+7)/8; len(stream) != want {
			t.Fatalf("%d bytes, want %d", len(stream), want)
		}
		readBack(t, stream[len(prefix):], ops)
	})
}

// writeBlock writes values in the form of Block that holds them.
func writeBlock(w *Writer, values []uint64, width uint) {
	var words []uint32
	for _, v := range values {
		if words = append(words, uint32(v)); width > 32 {
			words = append(words, uint32(v>>32))
		}
	}
	if width > 32 {
		w.Block64(words, width)
	} else {
		w.Block(words, width)
	}
}

func readBack(t *rapid.T, stream []byte, ops []op) {
	var r Reader
	r.Reset(stream)
	mask := func(v uint64, n uint) uint64 { return v & (1<<n - 1) }
	for i, o := range ops {
		ok := true
		switch o.kind {
		case 0:
			ok = r.Bits(o.n) == mask(o.value, o.n)
		case 1:
			ok = r.Bool() == (o.value&1 != 0)
		case 2:
			ok = r.UVar() == o.value
		case 3:
			ok = r.SVar() == int64(o.value)
		case 4:
			ok = r.String() == o.text
		case 5:
			ok = r.Bits(o.n) == mask(o.value, o.n) && r.Bits(o.n) == mask(o.value>>1, o.n) && r.Bits(o.n) == mask(^o.value, o.n)
		}
		if !ok || r.Err() != nil {
			t.Fatalf("op %d %+v was read differently (%v)", i, o, r.Err())
		}
	}
	if r.Remaining() > 7 {
		t.Fatalf("%d bits left", r.Remaining())
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9}, []byte{0, 1, 2, 3, 4, 5})
	f.Fuzz(func(t *testing.T, data, calls []byte) {
		var r Reader
		r.Reset(data)
		for _, c := range calls {
			before := r.Remaining()
			switch c % 6 {
			case 0:
				r.Bits(uint(c) % 65)
			case 1:
				r.Bool()
			case 2:
				r.UVar()
			case 3:
				r.SVar()
			case 4:
				_ = r.Bytes()
			case 5:
				_ = r.String()
			}
			if r.Remaining() > before || r.Remaining() < 0 {
				t.Fatal("the position went back")
			}
		}
	})
}
