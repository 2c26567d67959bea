package yjs

// dividedPair is a surrogate pair that a transaction has split. Its halves
// became two replacement characters, which a rollback has to take back.
type dividedPair struct {
	second ID // the second half
	pair   [4]byte
}

// noteDivided remembers the pair, if splitting after n elements divides one.
// Restoring it moves what is behind, which is work.
func (tx *Tx) noteDivided(it *item, t *text, n uint64) {
	at, inside := utf16Index(t.list, int(n), int(it.length))
	if !inside {
		return
	}
	tx.divided = append(tx.divided, dividedPair{ID{tx.doc.logs[it.author].client, it.clock + n}, [4]byte(t.list[at:])})
	tx.steps -= 1 + len(t.list)/64
	tx.doc.weight += 2 // two characters of three bytes instead of four
}

// restore puts the pair back, when the items that it was split into are one.
func (p dividedPair) restore(d *Doc) {
	it := d.item(d.ref(p.second))
	t, ok := it.content.(*text)
	if !ok {
		return
	}
	at, _ := utf16Index(t.list, int(p.second.Clock-it.clock)-1, int(it.length))
	copy(t.list[at:], p.pair[:])
	t.list = append(t.list[:at+4], t.list[at+6:]...)
}
