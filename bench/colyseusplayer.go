//go:build linux

package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Messages of Colyseus' protocol: their first byte.
const (
	colyseusJoinRoom = 10
	colyseusRoomData = 13
	colyseusState    = 14
	colyseusPatch    = 15
)

// colyseusPlayer is a client of the Colyseus server in peers/colyseus. It does
// the real matchmaking and walks through every byte of every patch, which
// costs far less than Colyseus' own client.
type colyseusPlayer struct {
	addr    string
	room    *meeting
	index   uint32
	inputs  uint32
	beats   int
	dx, dy  int8
	playing bool
	sent    flight
}

// path finds a seat, as the client does over HTTP before it connects.
func (p *colyseusPlayer) path() (string, error) {
	call := "joinById/" + p.room.id
	if p.room.id == "" {
		call = "create/walkers"
	}
	r, err := http.Post("http://"+p.addr+"/matchmake/"+call, "application/json", strings.NewReader("{}"))
	if err != nil {
		return "", fmt.Errorf("failed to find a seat: %w", err)
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return "", fmt.Errorf("failed to find a seat: %w", err)
	}
	var seat struct{ RoomID, ProcessID, SessionID string }
	if err := json.Unmarshal(body, &seat); err != nil || seat.SessionID == "" {
		return "", fmt.Errorf("failed to find a seat: the server says %s", body)
	}
	p.room.id = seat.RoomID
	return fmt.Sprintf("/%s/%s?sessionId=%s", seat.ProcessID, seat.RoomID, seat.SessionID), nil
}

func (p *colyseusPlayer) opened(*client) {}

// start says that the client is ready for patches. Said any earlier, there
// would be patches in which players join, which the walk does not know.
func (p *colyseusPlayer) start(c *client) { c.tell([]byte{colyseusJoinRoom}) }

func (p *colyseusPlayer) beat(c *client) {
	if !p.playing {
		return
	}
	if p.beats%turnEvery == 0 {
		way := c.load.rand.IntN(4)
		p.dx, p.dy = int8(way&1*2-1), int8(way&2-1)
	}
	p.beats++
	p.inputs++
	number := p.index<<16 | p.inputs&0xffff
	// The message "i" with {x, y, s}, in MessagePack.
	m := []byte{colyseusRoomData, 0xa1, 'i', 0x83, 0xa1, 'x', byte(p.dx), 0xa1, 'y', byte(p.dy), 0xa1, 's', 0xce, 0, 0, 0, 0}
	binary.BigEndian.PutUint32(m[len(m)-4:], number)
	p.sent.push(number, c.load.at())
	c.tell(m)
}

func (p *colyseusPlayer) message(c *client, m []byte) {
	if len(m) == 0 {
		return
	}
	switch m[0] {
	case colyseusJoinRoom:
		c.isReady()
	case colyseusState:
		p.playing = true
	case colyseusPatch:
		c.seen.frame(c.seen.next(), c.load.now)
		p.patch(c, m[1:])
	}
}

// The fields of a player in the schema's order: id, x, y, vx, vy, hp, score,
// name, ack.
const (
	colyseusName = 7
	colyseusAck  = 8
)

// colyseusSizes are the bytes of each field; a name never changes.
func colyseusSizes() [9]int { return [9]int{4, 4, 4, 4, 4, 2, 4, -1, 4} }

const (
	colyseusSwitch = 255  // the reference that follows is what changes now
	colyseusDelete = 0x40 // set in operations that take away
)

// patch walks through the changes of @colyseus/schema 5: references to
// players, and after each the fields that have changed.
func (p *colyseusPlayer) patch(c *client, d []byte) {
	sizes := colyseusSizes()
	for len(d) > 0 {
		op := d[0]
		d = d[1:]
		if op == colyseusSwitch {
			size, ok := colyseusNumber(d)
			if !ok {
				c.load.fail("a patch of Colyseus that this walk does not know")
				return
			}
			d = d[size:]
			continue
		}
		field := int(op & 0x3f)
		if op&colyseusDelete != 0 || field >= len(sizes) || field == colyseusName || sizes[field] > len(d) {
			c.load.fail("a patch of Colyseus that this walk does not know")
			return
		}
		if field == colyseusAck {
			if number := binary.LittleEndian.Uint32(d); number>>16 == p.index {
				p.sent.landed(number, c.load.now, &c.load.delays)
			}
		}
		d = d[sizes[field]:]
	}
}

// colyseusNumber is the size of the number that d begins with.
func colyseusNumber(d []byte) (size int, ok bool) {
	size = 1
	switch {
	case len(d) == 0:
		return 0, false
	case d[0] < 0x80:
	case d[0] == 0xcc:
		size = 2
	case d[0] == 0xcd:
		size = 3
	case d[0] == 0xce:
		size = 5
	default:
		return 0, false
	}
	return size, len(d) >= size
}
