package record

import (
	"bytes"
	"encoding/hex"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestWorkedExample holds the bytes in docs/recording.md to what is written (R1 to R9).
func TestWorkedExample(t *testing.T) {
	var entries []byte
	entries = appendInput(entries, Input{Kind: 3, Player: 3, Payload: []byte{0xaa, 0xbb}}, 0)
	entries = appendInput(entries, Input{Kind: 3, Player: 4}, 3)
	entries = appendTickEnd(entries, Hash{A: 0x11, B: 0x22})
	entries = appendClose(entries, Close{Reason: "done"})
	want := seal(
		block{blockHeader, []byte(`{"Hz":20,"FirstTick":1}`)},
		block{blockSnapshot, []byte("hi")},
		block{blockEntries, entries},
		mark(EndClosed, 1),
	)
	if _, err := parseSegment("example", want, ReadOptions{}); err != nil {
		t.Fatal(err)
	}

	page, err := os.ReadFile("../../docs/recording.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, found := strings.Cut(string(page), "## An example")
	if !found {
		t.Fatal("the page has no example")
	}
	line := regexp.MustCompile(`(?m)^    ((?:[0-9a-f]{2} {1,2})*[0-9a-f]{2})(?:  |$)`)
	var digits strings.Builder
	for _, m := range line.FindAllStringSubmatch(example, -1) {
		digits.WriteString(strings.ReplaceAll(m[1], " ", ""))
	}
	got, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the page's bytes are\n%x\nwritten are\n%x", got, want)
	}
}
