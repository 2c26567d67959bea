package udp

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/parlor-server/parlor/netcode/udp/wire"
	"github.com/parlor-server/parlor/schema"
)

// FuzzPackets hands a shard whatever comes: raw, as packets of strangers, and
// sealed, as what an authentic but hostile client may say.
func FuzzPackets(f *testing.F) {
	f.Add([]byte{}, byte(0), false)
	f.Add([]byte{0, 0}, byte(wire.KindControl), true)
	f.Add(make([]byte, 28), byte(wire.KindReliable), false)
	f.Add(make([]byte, 1199), byte(wire.KindRequest), false)
	f.Add(make([]byte, 1199), byte(wire.KindResponse), false)
	f.Add(wire.AppendControl(nil, wire.Control{Type: wire.ControlPathResponse}), byte(wire.KindControl), true)
	f.Add(wire.AppendControl(nil, wire.Control{Type: wire.ControlClose, Text: "x"}), byte(wire.KindControl), true)
	f.Add(wire.AppendMessage(nil, [8]byte{byte(schema.KindCommands)}, make([]byte, 20)), byte(wire.KindUnreliable), true)
	f.Add(make([]byte, 24), byte(wire.KindReliable), true)
	f.Fuzz(func(t *testing.T, data []byte, kind byte, sealed bool) {
		if len(data) > wire.MaxPlain {
			return
		}
		sh := bare(t, Config{})
		c, bystander := enter(t, sh, 1), enter(t, sh, 2)
		stats := &sh.server.stats
		if sealed && wire.Kind(kind).Data() {
			if wire.Kind(kind) == wire.KindReliable && len(data) >= 4 {
				binary.LittleEndian.PutUint32(data, c.id) // else KCP is never reached
			}
			sh.receive([]datagram{{data: c.seal(wire.Kind(kind), data), addr: spoofed(1)}})
		} else {
			p := append([]byte{kind}, data...)
			sh.receive([]datagram{{data: bytes.Clone(p), addr: spoofed(3)}})
			if len(p) > 5 {
				binary.LittleEndian.PutUint32(p[1:], bystander.id)
				sh.receive([]datagram{{data: p, addr: spoofed(3)}})
			}
			if len(sh.conns) != 2 || stats.Accepted.Load() != 2 {
				t.Errorf("%d sessions", len(sh.conns))
			}
		}
		sh.sweep()
		if b := sh.conns[bystander.id]; b == nil || b.phase != open || b.addr != spoofed(2) || !b.greeted {
			t.Error("the bystander was disturbed")
		}
	})
}
