package board

import (
	"encoding/binary"
	"slices"
)

// step is what one gesture of a user has done, to be undone.
type step struct {
	entries []entry
}

// entry is what a step has done to one shape: added it (had is false), removed
// it (has is false), or given it other keys.
type entry struct {
	id       string
	had, has bool
	keys     keys // that differ; all, of an added or removed one
	was, now content
}

// invert makes of a step the one that undoes it.
func (e entry) invert() entry {
	e.had, e.has, e.was, e.now = e.has, e.had, e.now, e.was
	return e
}

// entryOf is what an edit did to a shape; ok is false for nothing.
func entryOf(c *change) (e entry, ok bool) {
	e = entry{id: c.s.id, had: c.existed, has: !c.s.dead, was: c.old, now: c.s.content}
	switch {
	case e.had && e.has:
		e.keys = c.s.differ(&c.old)
	case e.had || e.has:
		e.keys = allKeys
	}
	return e, e.keys != 0
}

// join adds what came later in the same gesture.
func (s *step) join(later []entry) {
	at := make(map[string]int, len(s.entries))
	for i := range s.entries {
		at[s.entries[i].id] = i
	}
	for _, l := range later {
		i, ok := at[l.id]
		if !ok {
			s.entries = append(s.entries, l)
			continue
		}
		e := &s.entries[i]
		if e.has != l.had { // others have removed it, or added it again, meanwhile
			*e = l
			continue
		}
		// Keys that only the later part has changed were then as they are in it.
		e.was.assign(&l.was, l.keys&^e.keys)
		if e.now.assign(&l.now, l.keys); !l.has || !l.had {
			e.now = l.now
		}
		e.has = l.has
		e.keys |= l.keys
		if e.had && e.has {
			e.keys &= e.was.differ(&e.now)
		}
	}
	s.entries = slices.DeleteFunc(s.entries, func(e entry) bool { return !e.had && !e.has || e.keys == 0 })
}

// append encodes the step for the store.
func (s *step) append(b []byte, undone bool) []byte {
	b = append(b, 1, flag(undone, 1))
	for i := range s.entries {
		e := &s.entries[i]
		b = append(appendString(b, e.id), flag(e.had, 1)|flag(e.has, 2))
		b = binary.AppendUvarint(b, uint64(e.keys))
		if e.had {
			b = e.was.append(b, e.keys)
		}
		if e.has {
			b = e.now.append(b, e.keys)
		}
	}
	return b
}

func flag(on bool, bit byte) byte {
	if on {
		return bit
	}
	return 0
}

// parseStep is the opposite. What is of a kind that the room no longer has is
// left out.
func parseStep(b []byte, kinds map[string]*Kind) (s step, undone bool, err error) {
	c := cut{b: b}
	if c.byte() != 1 {
		return s, false, errStored
	}
	undone = c.byte() == 1
	for len(c.b) > 0 {
		e := entry{id: c.text()}
		flags := c.byte()
		e.had, e.has = flags&1 != 0, flags&2 != 0
		e.keys = keys(c.uvarint()) & allKeys
		if e.had {
			e.was.parse(&c, e.keys, kinds)
		}
		if e.has {
			e.now.parse(&c, e.keys, kinds)
		}
		if e.keys&keyKind != 0 && (e.had && e.was.kind == nil || e.has && e.now.kind == nil) {
			continue
		}
		s.entries = append(s.entries, e)
	}
	return s, undone, c.err
}

// append encodes the keys k.
func (c *content) append(b []byte, k keys) []byte {
	if k&keyKind != 0 {
		b = appendString(b, c.kind.name)
	}
	if k&keyGeo != 0 {
		for _, f := range [...]float64{c.geo.X, c.geo.Y, c.geo.W, c.geo.H, c.geo.R} {
			b = appendFloat(b, f)
		}
	}
	for _, f := range c.strings() {
		if k&f.key != 0 {
			b = appendString(b, *f.s)
		}
	}
	if k&keyLocked != 0 {
		b = append(b, flag(c.locked, 1))
	}
	return b
}

func (c *content) parse(in *cut, k keys, kinds map[string]*Kind) {
	if k&keyKind != 0 {
		c.kind = kinds[in.text()]
	}
	if k&keyGeo != 0 {
		for _, f := range [...]*float64{&c.geo.X, &c.geo.Y, &c.geo.W, &c.geo.H, &c.geo.R} {
			*f = in.float()
		}
	}
	for _, f := range c.strings() {
		if k&f.key != 0 {
			*f.s = in.text()
		}
	}
	if k&keyLocked != 0 {
		c.locked = in.byte() == 1
	}
}

// stringKey is a key that is a string.
type stringKey struct {
	key keys
	s   *string
}

func (c *content) strings() [6]stringKey {
	return [...]stringKey{
		{keyStyle, &c.style}, {keyIndex, &c.index}, {keyParent, &c.parent},
		{keyProps, &c.props}, {keyText, &c.text}, {keyBy, &c.by},
	}
}
