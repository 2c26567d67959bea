package yjs

import (
	"bytes"
	"errors"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// updateOf makes an update of one client's items and no deletions.
func updateOf(client, clock uint64, items ...string) []byte {
	b := appendUint(appendUint([]byte{1}, uint64(len(items))), client)
	b = appendUint(b, clock)
	for _, it := range items {
		b = append(b, it...)
	}
	return append(b, 0)
}

const (
	maxUint  = "\xff\xff\xff\xff\xff\xff\xff\x0f"                 // 2⁵³ − 1
	rootItem = "\x04\x01\x01t"                                    // a text in root t
	overlong = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" // no integer of 53 bits
)

func TestHostileUpdates(t *testing.T) {
	nested := func(n int) []byte { // each type within the one before
		items := []string{"\x07\x01\x01t\x01"}
		for i := range n {
			items = append(items, string(appendUint([]byte("\x27\x00\x09"), uint64(i)))+"\x01k\x01")
		}
		return updateOf(9, 0, items...)
	}
	tests := []struct {
		name   string
		update []byte
		want   error
	}{
		{"nothing", nil, ErrMalformed},
		{"count of clients", []byte(maxUint), ErrMalformed},
		{"count of items", []byte("\x01" + maxUint + "\x01\x00\x00"), ErrMalformed},
		{"integer too long", []byte("\x01\x01" + overlong), ErrMalformed},
		{"clock overflow", updateOf(9, maxSafe, "\x00\x02"), ErrMalformed},
		{"length overflow", updateOf(9, 1, "\x00"+maxUint), ErrMalformed},
		{"garbage without elements", updateOf(9, 0, "\x00\x00"), ErrMalformed},
		{"text without elements", updateOf(9, 0, rootItem+"\x00"), ErrMalformed},
		{"text beyond the end", updateOf(9, 0, rootItem+maxUint), ErrMalformed},
		{"text that is no UTF-8", updateOf(9, 0, rootItem+"\x01\xff"), ErrMalformed},
		{"values beyond the end", updateOf(9, 0, "\x08\x01\x01t"+maxUint), ErrMalformed},
		{"values in values", updateOf(9, 0, "\x08\x01\x01t\x01"+strings.Repeat("\x75\x01", 100_000)+"\x7e"), ErrMalformed},
		{"origin is itself", updateOf(9, 0, "\x84\x09\x00\x01x"), ErrMalformed},
		{"origin in its future", updateOf(9, 0, "\x84\x09\x07\x01x"), ErrMalformed},
		{"parent is itself", updateOf(9, 0, "\x04\x00\x09\x00\x01x"), ErrMalformed},
		{"unknown content", updateOf(9, 0, "\x0b\x01\x01t\x01"), ErrMalformed},
		{"unknown type", updateOf(9, 0, "\x07\x01\x01t\x07"), ErrMalformed},
		{"bytes behind", append(updateOf(9, 0, rootItem+"\x01x"), 0), ErrMalformed},
		{"a client twice", []byte("\x02\x01\x09\x00\x00\x01\x01\x09\x01\x00\x01\x00"), ErrMalformed},
		{"deletion overflow", []byte("\x00\x01\x09\x01" + maxUint + maxUint), ErrMalformed},
		{"gap", updateOf(9, 1000, rootItem+"\x01x"), ErrMissing},
		{"gap within", updateOf(9, 0, rootItem+"\x01x", "\x0a"+maxUint[:7]+"\x07", rootItem+"\x01x"), ErrMissing},
		{"each waits for the other", []byte("\x02\x01\x09\x00\x84\x08\x00\x01x\x01\x08\x00\x84\x09\x00\x01x\x00"), ErrMissing},
		{"deletion of nothing", []byte("\x00\x01\x09\x01\x00" + maxUint), ErrMissing},
		{"deep types", nested(1000), ErrTooDeep},
	}
	for _, test := range tests {
		d := New(1, Limits{})
		if _, err := d.Apply(updateOf(5, 0, rootItem+"\x05start")); err != nil {
			t.Fatal(err)
		}
		before := d.EncodeState(nil)
		if _, err := d.Apply(test.update); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
		check(t, d)
		if !bytes.Equal(d.EncodeState(nil), before) {
			t.Errorf("%s: left a trace", test.name)
		}
	}
	if _, err := ParseStateVector([]byte(maxUint + "\x01\x01")); !errors.Is(err, ErrMalformed) {
		t.Errorf("state vector: %v", err)
	}
}

// manyWriters is a character of each of n clients, all at the same place: each
// must be compared with all before.
func manyWriters(n uint64) []byte {
	b := appendUint(nil, n)
	for client := range n {
		b = append(appendUint(append(b, 1), client), "\x00\x04\x01\x01t\x01x"...)
	}
	return append(b, 0)
}

func TestCostlyUpdate(t *testing.T) {
	d := New(1, Limits{Steps: 1000})
	if _, err := d.Apply(manyWriters(5000)); !errors.Is(err, ErrTooCostly) {
		t.Errorf("got %v, want ErrTooCostly", err)
	}
	check(t, d)
	if _, err := d.Apply(manyWriters(100)); err != nil {
		t.Error(err)
	}
	check(t, d)
}

func TestSizeLimitRefusesGrowthOnly(t *testing.T) {
	d := New(1, Limits{Bytes: 1000})
	if _, err := d.Apply(updateOf(9, 0, rootItem+"\x0512345")); err != nil {
		t.Fatal(err)
	}
	long := string(appendUint(nil, 5000)) + strings.Repeat("x", 5000)
	if _, err := d.Apply(updateOf(9, 5, rootItem+long)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
	check(t, d)
	d.limits.Bytes = 10
	if _, err := d.Apply([]byte("\x00\x01\x09\x01\x02\x01")); err != nil {
		t.Errorf("a deletion was refused: %v", err)
	}
	check(t, d)
	if got := d.Text("t").String(); got != "1245" {
		t.Errorf("text is %q", got)
	}
}

// allocated is what f allocates, in bytes. Other goroutines of the test binary
// count, too: the least of three is taken.
func allocated(f func()) uint64 {
	var list []uint64
	for range 3 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		list = append(list, after.TotalAlloc-before.TotalAlloc)
	}
	return slices.Min(list)
}

// allowed is the most that an update may allocate; one with deletions twice as
// much, for a deletion of four bytes may cut a text into three items.
func allowed(update []byte) uint64 {
	r := reader{b: update}
	_, err := readSections(&r)
	if err == nil && r.uint() > 0 {
		return 128*uint64(len(update)) + 320<<10
	}
	return 64*uint64(len(update)) + 320<<10
}

// TestAllocationIsBounded: the items that are smallest on the wire for what
// they take in memory.
func TestAllocationIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("measures memory, which takes long under the race detector")
	}
	repeat := func(item string) []byte {
		items := []string{"\x07\x01\x01t\x01"}
		for range 20_000 {
			items = append(items, item)
		}
		return updateOf(9, 0, items...)
	}
	tests := map[string][]byte{
		"garbage":     repeat("\x00\x01"),
		"gone":        repeat("\x81\x09\x00\x01"),
		"texts":       repeat("\x84\x09\x00\x01x"),
		"typed":       repeat("\x04\x00\x09\x00\x01x"),
		"values":      repeat("\x88\x09\x00\x01\x7e"),
		"types":       repeat("\x87\x09\x00\x00"),
		"embeds":      repeat("\x85\x09\x00\x011"),
		"formats":     repeat("\x86\x09\x00\x00\x011"),
		"keys":        keyed(10_000),
		"one array":   updateOf(9, 0, "\x08\x01\x01t"+string(appendUint(nil, 50_000))+strings.Repeat("\x7e", 50_000)),
		"many":        manyWriters(2000),
		"only splits": append(bytes.TrimSuffix(updateOf(9, 0, rootItem+string(appendUint(nil, 60_000))+strings.Repeat("x", 60_000)), []byte{0}), scattered(9, 20_000)...),
	}
	for name, update := range tests {
		var err error
		got := allocated(func() { _, err = New(1, Limits{}).Apply(update) })
		t.Logf("%s: %d bytes for %d (%.1f ×), %v", name, got, len(update), float64(got)/float64(len(update)), err)
		if got > allowed(update) {
			t.Errorf("%s: too much", name)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAllocationOnADocument: updates that cost most where there is something.
func TestAllocationOnADocument(t *testing.T) {
	if testing.Short() {
		t.Skip("measures memory, which takes long under the race detector")
	}
	const n = 8000
	base := [][]byte{
		updateOf(5, 0, rootItem+string(appendUint(nil, 3*n))+strings.Repeat("x", 3*n)),
		updateOf(8, 0, "\x08\x01\x01a"+string(appendUint(nil, 3*n))+strings.Repeat("\x7e", 3*n)),
		keyed(n),
	}
	each := func(item func(i uint64) string) []byte {
		var items []string
		for i := range uint64(n) {
			items = append(items, item(i))
		}
		return updateOf(6, 0, items...)
	}
	id := func(client byte, clock uint64) string { return string(appendUint([]byte{client}, clock)) }
	tests := map[string][]byte{
		"deletions in a text":   append([]byte{0}, scattered(5, n)...),
		"deletions in an array": append([]byte{0}, scattered(8, n)...),
		"into a text":           each(func(i uint64) string { return "\x84" + id(5, 3*i) + "\x01x" }),
		"into an array":         each(func(i uint64) string { return "\x88" + id(8, 3*i) + "\x01\x7e" }),
		"deleted into a text":   each(func(i uint64) string { return "\x81" + id(5, 3*i) + "\x01" }),
		"embeds into a text":    each(func(i uint64) string { return "\x85" + id(5, 3*i) + "\x011" }),
		"types into a text":     each(func(i uint64) string { return "\x87" + id(5, 3*i) + "\x00" }),
		"keys of a map": each(func(i uint64) string {
			return "\x28\x01\x01m" + string(appendBytes(nil, strconv.FormatUint(i, 36))) + "\x01\x7e"
		}),
		"one key of a map": each(func(i uint64) string {
			if i == 0 {
				return "\x28\x01\x01m\x01k\x01\x7e"
			}
			return "\xa8" + id(6, i-1) + "\x01\x7e"
		}),
		"all deleted":   []byte("\x00\x03\x05\x01\x00\xc0\xbb\x01\x08\x01\x00\xc0\xbb\x01\x09\x01\x00\x80\x7d"),
		"known already": base[0],
	}
	for name, update := range tests {
		got := ^uint64(0)
		for range 3 {
			d := New(1, Limits{})
			for _, b := range base {
				if err := d.Load(b); err != nil {
					t.Fatal(err)
				}
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := d.Apply(update)
			runtime.ReadMemStats(&after)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got = min(got, after.TotalAlloc-before.TotalAlloc)
		}
		t.Logf("%s: %d bytes for %d (%.1f ×)", name, got, len(update), float64(got)/float64(len(update)))
		if got > allowed(update) {
			t.Errorf("%s: too much", name)
		}
	}
}

// keyed is n types with a key in each.
func keyed(n int) []byte {
	var items []string
	for i := range n {
		parent := string(appendUint([]byte("\x00\x09"), uint64(2*i)))
		items = append(items, "\x07\x01\x01t\x01", "\x28"+parent+"\x00\x01\x7e")
	}
	return updateOf(9, 0, items...)
}

// scattered is a delete set of n single elements, every second.
func scattered(client uint64, n int) []byte {
	b := appendUint(appendUint([]byte{1}, client), uint64(n))
	for i := range n {
		b = appendUint(appendUint(b, uint64(2*i+1)), 1)
	}
	return b
}
