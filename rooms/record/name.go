package record

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
)

const (
	segmentSuffix = ".rec"
	partSuffix    = ".part" // of a segment whose snapshot is still being written
	longestName   = 200
)

func hashOf(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}

// folderName makes a file name of a room's ID or kind. Letters, digits, '-' and
// '_' stay; other bytes become %XX; what gets too long ends in a hash instead.
func folderName(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	name := b.String()
	if name == "" {
		return "%"
	}
	if len(name) > longestName {
		return fmt.Sprintf("%s%%%%%016x", name[:longestName-20], hashOf(s))
	}
	return name
}

func segmentName(number int) string { return fmt.Sprintf("%06d%s", number, segmentSuffix) }

func parseSegmentName(name string) (number int, ok bool) {
	digits, ok := strings.CutSuffix(name, segmentSuffix)
	if !ok || len(digits) < 6 {
		return 0, false
	}
	n, err := strconv.Atoi(digits)
	return n, err == nil && n > 0 && segmentName(n) == name
}
