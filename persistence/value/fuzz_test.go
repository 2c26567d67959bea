package value

import (
	"bytes"
	"testing"
)

// Whatever passes a check can be read, written again as the same bytes, and
// patched; nothing panics, also without the check.
func FuzzRow(f *testing.F) {
	c := everything()
	f.Add([]byte(c.New(nil)))
	f.Add([]byte{4, 1, 'a', 0, 0, 1, 'k'})
	f.Fuzz(func(t *testing.T, data []byte) {
		row := Row(data)
		values := c.Values(nil, row)
		c.KeyOf(row)
		c.AppendJSON(nil, row)
		c.ApplyPatch(row, c.Diff(nil, row))
		c.PatchOf(row, 0)
		if c.CheckRow(row) != nil {
			return
		}
		full, err := c.Make(values)
		if err != nil {
			t.Fatalf("%x passed the check and cannot be made: %v", data, err)
		}
		if n := len(row); int(row[0]) == len(c.Fields) && !bytes.Equal(full, row) || len(full) < n {
			t.Fatalf("%x was made as %x", data, full)
		}
		if c.Diff(row, full).Len() != 0 {
			t.Fatalf("%x differs from %x", data, full)
		}
	})
}

func FuzzPatch(f *testing.F) {
	c := everything()
	f.Add([]byte{1, 3, 1, 'a'})
	f.Add([]byte(c.PatchOf(c.New(nil), 0)))
	f.Fuzz(func(t *testing.T, data []byte) {
		p := Patch(data)
		row := c.New(p)
		c.Without(p, func(field int) bool { return field%2 == 0 })
		if c.CheckPatch(p) != nil {
			return
		}
		if err := c.CheckRow(row); err != nil {
			t.Fatalf("%x makes a row that is %v", data, err)
		}
		for i, v := range c.Changes(p) {
			if c.Get(row, i) != v {
				t.Fatalf("%x: %s is %v, not %v", data, c.Fields[i].Name, c.Get(row, i), v)
			}
		}
	})
}

func FuzzKey(f *testing.F) {
	f.Add([]byte{1, 'a', 0, 1}, byte(String))
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0, 0}, byte(Int32))
	f.Fuzz(func(t *testing.T, data []byte, kind byte) {
		c := &Collection{Name: "K", Fields: append(Envelope(), Field{Name: "ID", Kind: Kind(kind%15) + 1}), Key: 3}
		v, err := c.KeyValue(Key(data))
		if err != nil {
			return
		}
		if k, err := c.MakeKey(v); err != nil || k != Key(data) {
			t.Fatalf("%x is read as %v and written as %x, %v", data, v, k, err)
		}
	})
}

func FuzzDelta(f *testing.F) {
	c := everything()
	f.Add(AppendLeave(AppendChange(AppendEnter(nil, "\x01a\x00\x01", c.New(nil)), "\x01b\x00\x01", Patch{0}), "\x01c\x00\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var again []byte
		r := ReadDelta(c, data)
		for e := (DeltaEntry{}); r.Next(&e); {
			switch e.Op {
			case Enter:
				again = AppendEnter(again, e.Key, e.Row)
			case Alter:
				again = AppendChange(again, e.Key, e.Patch)
			case Leave:
				again = AppendLeave(again, e.Key)
			}
		}
		if r.Err() == nil && !bytes.Equal(again, data) {
			t.Fatalf("%x was written again as %x", data, again)
		}
	})
}

func FuzzHeld(f *testing.F) {
	c := everything()
	f.Add(AppendHeld(AppendHeld(nil, "\x01a\x00\x01"), "\x01b\x00\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := c.ParseHeld(data)
		var again []byte
		for _, k := range keys {
			again = AppendHeld(again, k)
		}
		if err == nil && !bytes.Equal(again, data) {
			t.Fatalf("%x was written again as %x", data, again)
		}
	})
}

func FuzzOperations(f *testing.F) {
	c := everything()
	s := &Schema{Collections: []Collection{*c, *c}}
	p := Patch{1, 3, 1, 'a'}
	f.Add(AppendOperations(nil, Operation{Kind: Create, Patch: p}, Operation{Kind: Put, Collection: 1, Patch: p}, Operation{Kind: Remove, Key: "\x01a\x00\x01"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		var ops []Operation
		r := ReadOperations(s, data)
		if r.Len() > len(data) {
			t.Fatalf("%x announces %d operations", data, r.Len())
		}
		for op := (Operation{}); r.Next(&op); {
			ops = append(ops, op)
		}
		if again := AppendOperations(nil, ops...); r.Err() == nil && !bytes.Equal(again, data) {
			t.Fatalf("%x was written again as %x", data, again)
		}
	})
}

func FuzzJSON(f *testing.F) {
	c := everything()
	f.Add(c.AppendJSON(nil, c.New(nil)))
	f.Add([]byte(`{"Aint8":12,"Zjson":null,"Atime":"2026-01-02T03:04:05Z"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := c.PatchFromJSON(data)
		if err != nil {
			return
		}
		again, err := c.PatchFromJSON(c.AppendPatchJSON(nil, p))
		if err != nil || !bytes.Equal(again, p) {
			t.Fatalf("%s is %x, then %x, %v", data, p, again, err)
		}
	})
}

func FuzzSchema(f *testing.F) {
	_, c, _ := Bind[task]("Tasks")
	s := &Schema{Version: 1, Collections: []Collection{c, *everything()}, Mutations: []Mutation{{Name: "Vote", Args: []Field{{Name: "Task", Kind: String}}}}}
	f.Add(s.Encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseSchema(data)
		if err != nil {
			return
		}
		again, err := ParseSchema(s.Encode())
		if err != nil || again.Hash() != s.Hash() {
			t.Fatalf("%s was written as %s: %v", data, s.Encode(), err)
		}
	})
}
