package yjs

// names shares the strings of keys: a document has few different ones, and most
// of them many times. It forgets one when another takes its place.
type names [256]string

// of is the string of b.
func (n *names) of(b []byte) string {
	if len(b) == 0 || len(b) > 32 {
		return string(b)
	}
	h := uint32(2166136261) // FNV-1a
	for _, c := range b {
		h = (h ^ uint32(c)) * 16777619
	}
	entry := &n[(h^h>>16)&255]
	if *entry != string(b) {
		*entry = string(b)
	}
	return *entry
}
