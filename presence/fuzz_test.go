package presence_test

import (
	"testing"
	"time"

	"github.com/parlor-server/parlor/schema"
)

// FuzzReceive gives the machine messages of anyone's making, from two
// connections, with ticks between them. What it sends in between must be what a
// correct client can apply (the rig's client fails otherwise), and a bystander
// must see no more than there is.
func FuzzReceive(f *testing.F) {
	seeds := newRig(f, testRoom())
	f.Add(uint8(schema.KindShow), append([]byte(nil), seeds.b.Show(seeds.patch(Cursor{Name: "x", X: 1}), "a")...), uint8(schema.KindShow), append([]byte(nil), seeds.b.Show(nil, "")...))
	f.Add(uint8(schema.KindLook), append([]byte(nil), seeds.b.Look(schema.LookInfo{X: -1e30, Width: 1e38, Height: 1, Follow: 1})...), uint8(schema.KindGroup), append([]byte(nil), seeds.b.Group(1, "a", false)...))
	f.Add(uint8(schema.KindCast), append([]byte(nil), seeds.b.Cast(schema.CastInfo{Name: "Wave", Data: []byte{1, 0, 0, 0, 0}, To: 2})...), uint8(schema.KindGroup), append([]byte(nil), seeds.b.Group(1, "a", true)...))
	f.Fuzz(func(t *testing.T, kind1 uint8, body1 []byte, kind2 uint8, body2 []byte) {
		r := newRig(t, testRoom())
		r.join(1, "ann")
		r.join(2, "bob")
		r.join(3, "cat")
		for range 3 {
			r.must(r.group(1, "a", false))
			for i, m := range []struct {
				kind schema.Kind
				body []byte
			}{{schema.Kind(kind1), body1}, {schema.Kind(kind2), body2}, {schema.Kind(kind1), body1}} {
				if schema.Verify(m.kind, m.body) == nil {
					_ = r.m.Receive(r.now, uint32(1+i%2), schema.Header{Kind: m.kind}, m.body)
				}
				r.tick()
			}
			r.must(r.show(3, Cursor{X: 5}, ""))
			r.must(r.look(2, 0, 0, 50, 50, 3))
			r.now = r.now.Add(4 * time.Second)
		}
		r.tick()
		if n := len(r.clients[3].held); n > 3 {
			t.Fatalf("a bystander holds %d members", n)
		}
	})
}
