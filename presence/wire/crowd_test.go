package wire_test

import (
	"bytes"
	"testing"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/presence/wire"
)

type cursor struct {
	Name string
	X    float32
}

// S4.1: the bytes, written out.
func TestCrowdBytes(t *testing.T) {
	p := wire.AppendEnter(nil, 300, "ann", "", value.Row{2, 1, 'A', 0, 0, 128, 63})
	p = wire.AppendChange(p, 1, value.Patch{1, 0, 1, 'B'})
	p = wire.AppendLeave(p, 2)
	p = wire.AppendGroup(p, wire.GroupEnter, "g")
	p = wire.AppendGroup(p, wire.GroupLeave, "h")
	want := []byte{
		1, 0xac, 2, 3, 'a', 'n', 'n', 0, 7, 2, 1, 'A', 0, 0, 128, 63,
		2, 1, 4, 1, 0, 1, 'B',
		3, 2,
		4, 1, 'g',
		5, 1, 'h',
	}
	if !bytes.Equal(p, want) {
		t.Fatalf("% x\nwant\n% x", p, want)
	}
	_, args, _ := value.BindArgs[cursor]()
	var ops []wire.Op
	r := wire.ReadCrowd(args.Collection(), p)
	for e := (wire.Entry{}); r.Next(&e); {
		ops = append(ops, e.Op)
	}
	if r.Err() != nil || len(ops) != 5 {
		t.Errorf("read as %v, %v", ops, r.Err())
	}
}

func TestBadCrowds(t *testing.T) {
	_, args, _ := value.BindArgs[cursor]()
	for name, p := range map[string][]byte{
		"unknown entry":  {9},
		"no member":      {3},
		"member 0":       {3, 0},
		"too large":      {3, 0xff, 0xff, 0xff, 0xff, 0x1f},
		"longer form":    {3, 0x81, 0},
		"cut text":       {4, 5, 'a'},
		"not UTF-8":      {4, 1, 0xff},
		"user not UTF-8": {1, 1, 1, 0xff, 0, 1, 0},
		"a bad row":      {1, 1, 0, 0, 2, 9, 9},
		"a bad patch":    {2, 1, 2, 1, 7},
	} {
		r := wire.ReadCrowd(args.Collection(), p)
		for e := (wire.Entry{}); r.Next(&e); {
		}
		if r.Err() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// FuzzReadCrowd: what a client reads of a server, whoever that is. What reads
// without an error is written as it was read.
func FuzzReadCrowd(f *testing.F) {
	f.Add(wire.AppendChange(wire.AppendEnter(nil, 1, "ann", "g", value.Row{1, 1, 'A'}), 1, value.Patch{1, 0, 1, 'B'}))
	f.Add(wire.AppendGroup(wire.AppendLeave(nil, 7), wire.GroupLeave, "g"))
	_, args, _ := value.BindArgs[cursor]()
	f.Fuzz(func(t *testing.T, p []byte) {
		r := wire.ReadCrowd(args.Collection(), p)
		var again []byte
		for e := (wire.Entry{}); r.Next(&e); {
			switch e.Op {
			case wire.Enter:
				again = wire.AppendEnter(again, e.Member, string(e.User), string(e.Group), e.Row)
			case wire.Change:
				again = wire.AppendChange(again, e.Member, e.Patch)
			case wire.Leave:
				again = wire.AppendLeave(again, e.Member)
			default:
				again = wire.AppendGroup(again, e.Op, string(e.Group))
			}
		}
		if r.Err() == nil && !bytes.Equal(again, p) {
			t.Fatalf("% x\nwas\n% x", again, p)
		}
	})
}
