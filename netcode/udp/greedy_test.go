package udp

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlor-server/parlor/internal/netsim"
	"github.com/parlor-server/parlor/netcode/udp/wire"
	"github.com/parlor-server/parlor/schema"
)

// segments of KCP, as docs/udp.md has them
const (
	segmentHead = 24
	segmentPush = 81
	segmentAck  = 82
)

// A client that acknowledges in whatever way makes the server send most gets no
// more than its session's share of bytes: what is sent again counts as well.
func TestAcknowledgementsBuyNoFlood(t *testing.T) {
	const rate, burst, length = 64 << 10, 32 << 10, 5 * time.Second
	for name, next := range map[string]func(round int, newest uint32) (acked []uint32, una uint32){
		"the newest again and again": func(_ int, newest uint32) ([]uint32, uint32) { return []uint32{newest, newest, newest}, 0 },
		"one more each time":         func(round int, newest uint32) ([]uint32, uint32) { return []uint32{newest, newest}, uint32(round / 20) },
		"nothing":                    func(int, uint32) ([]uint32, uint32) { return nil, 0 },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, Config{ByteRate: rate, ByteBurst: burst}, netsim.Config{})
				defer r.close()
				c := r.client()
				c.join()
				c.idle(time.Second)
				first := c.air()
				to, _ := r.traffic(addrPort(c))
				link := r.host.seat(0).link
				for range 4 {
					link.Message(schema.Header{Kind: schema.KindMessage}, schema.NewBuilder().Message(2, "long", make([]byte, 30<<10)))
				}
				link.Flush()
				began := time.Now()
				newest, stamp, buf := first, uint32(0), make([]byte, 2000)
				stamped := began
				for round := 0; time.Since(began) < length; round++ {
					for {
						_ = c.conn.SetReadDeadline(time.Now().Add(2 * time.Millisecond))
						n, _, err := c.conn.ReadFrom(buf)
						if err != nil {
							break
						}
						was := stamp
						if newest, stamp = c.pushes(buf[:n], newest, stamp); stamp != was {
							stamped = time.Now()
						}
					}
					acked, una := next(round, newest)
					now := stamp + uint32(time.Since(stamped)/time.Millisecond) // a round trip of nothing
					var plain []byte
					for _, number := range acked {
						plain = append(plain, c.segment(segmentAck, now, number, first+una)...)
					}
					if plain != nil {
						c.write(c.seal(wire.KindReliable, plain))
					}
				}
				if newest < first+20 {
					t.Errorf("segment %d was the newest: the test shows nothing", newest)
				}
				most := int64(length.Seconds()*rate) + 2*burst + 80<<10
				if got := to.Load(); got > most {
					t.Errorf("%d bytes were sent in %v, want %d at most", got, length, most)
				}
			})
		})
	}
}

func addrPort(c *testClient) netip.AddrPort {
	return netip.MustParseAddrPort(c.conn.LocalAddr().String())
}

// air is the number of the next segment that the server will send.
func (c *testClient) air() uint32 {
	next, stamp := uint32(0), uint32(0)
	for _, p := range c.raw {
		if wire.KindOf(p) != wire.KindReliable {
			continue
		}
		opener := wire.NewOpener(c.keys.ServerToClient, c.id)
		if _, _, plain, err := opener.Open(append([]byte(nil), p...)); err == nil {
			next, stamp = newestPush(plain, next, stamp)
		}
	}
	return next + 1
}

func (c *testClient) pushes(p []byte, newest, stamp uint32) (uint32, uint32) {
	if kind, _, plain, err := c.opener.Open(p); err == nil && kind == wire.KindReliable {
		return newestPush(plain, newest, stamp)
	}
	return newest, stamp
}

func newestPush(plain []byte, newest, stamp uint32) (uint32, uint32) {
	for len(plain) >= segmentHead {
		if plain[4] == segmentPush {
			newest = max(newest, binary.LittleEndian.Uint32(plain[12:]))
			stamp = max(stamp, binary.LittleEndian.Uint32(plain[8:]))
		}
		plain = plain[segmentHead+binary.LittleEndian.Uint32(plain[20:]):]
	}
	return newest, stamp
}

// segment is a KCP segment without data.
func (c *testClient) segment(command byte, stamp, number, una uint32) []byte {
	s := binary.LittleEndian.AppendUint32(nil, c.id)
	s = append(s, command, 0, 128, 0)
	s = binary.LittleEndian.AppendUint32(s, stamp)
	s = binary.LittleEndian.AppendUint32(s, number)
	s = binary.LittleEndian.AppendUint32(s, una)
	return append(s, 0, 0, 0, 0)
}
