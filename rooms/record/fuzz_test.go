package record

import (
	"errors"
	"testing"
)

// FuzzSegment throws bytes at the reader: it returns a segment or a Damage,
// never a panic, and an accepted segment yields exactly its ticks.
func FuzzSegment(f *testing.F) {
	data := smallFile(f)
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add([]byte(preamble))
	f.Fuzz(func(t *testing.T, data []byte) { checkParse(t, data) })
}

// FuzzEntries seals any bytes as the entries of a sound file, past the checksums.
func FuzzEntries(f *testing.F) {
	h := sealedHeader(testHeader())
	f.Add(appendTickEnd(appendInput(nil, Input{Kind: 3, Player: 9, Payload: []byte("p")}, 0), Hash{1, 2}), uint8(1), uint32(1))
	f.Add(appendClose(nil, Close{Reason: "empty"}), uint8(2), uint32(0))
	f.Add(appendInput(nil, Input{Kind: 77, Index: 78, Player: 1 << 31}, 0), uint8(3), uint32(0))
	f.Fuzz(func(t *testing.T, entries []byte, end uint8, ticks uint32) {
		checkParse(t, seal(h, block{blockSnapshot, nil}, block{blockEntries, entries}, mark(End(end), ticks)))
	})
}

// FuzzHeader seals any bytes as a header.
func FuzzHeader(f *testing.F) {
	f.Add(sealedHeader(testHeader()).payload)
	f.Add([]byte(`{"Hz":1,"FirstTick":4294967295,"Schema":[[[[]]]]}`))
	f.Fuzz(func(t *testing.T, header []byte) {
		tickEnd := appendTickEnd(nil, Hash{})
		checkParse(t, seal(block{blockHeader, header}, block{blockSnapshot, nil}, block{blockEntries, tickEnd}, mark(EndGap, 1)))
	})
}

func checkParse(t *testing.T, data []byte) {
	for _, opts := range []ReadOptions{{}, {AllowTruncated: true}} {
		s, err := parseSegment("f", data, opts)
		if err != nil {
			var d *Damage
			if !errors.As(err, &d) || d.Offset < 0 || d.Offset > int64(len(data)) || d.Truncated != errors.Is(err, ErrTruncated) {
				t.Errorf("the error is no good damage: %#v", err)
			}
			continue
		}
		ticks := 0
		for e := range s.Entries() {
			if e.Kind == EntryTickEnd {
				ticks++
			}
		}
		if ticks != s.Ticks {
			t.Errorf("%d ticks came of %d", ticks, s.Ticks)
		}
	}
}
