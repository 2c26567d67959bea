package reliable

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/xtaci/kcp-go/v5"

	"github.com/parlor-server/parlor/netcode/udp/wire"
)

// The tests of this file read schema/vectors/kcp.json, as those of other
// languages do. With -update they write what a lane puts out into it anew.

const vectorsFile = "../../../schema/vectors/kcp.json"

var update = flag.Bool("update", false, "write schema/vectors/kcp.json anew")

// octets are bytes that JSON shows in hex.
type octets []byte

func (o octets) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(o)), nil }

func (o *octets) UnmarshalText(b []byte) (err error) {
	*o, err = hex.DecodeString(string(b))
	return err
}

func same(a, b octets) bool { return bytes.Equal(a, b) }

type vectors struct {
	About        string          `json:"about"`
	Conversation uint32          `json:"conversation"`
	MTU          int             `json:"mtu"`
	MaxMessage   int             `json:"maxMessage"`
	Cases        []vectorCase    `json:"cases"`
	Refused      []refusedVector `json:"refused"`
}

type vectorCase struct {
	Name  string       `json:"name"`
	Steps []vectorStep `json:"steps"`
}

// vectorStep is one of: messages to send, a packet to put in, time to pass.
type vectorStep struct {
	Send   []octets `json:"send,omitempty"`
	Budget int      `json:"budget,omitempty"` // of the step's Pump; 0: none
	In     octets   `json:"in,omitempty"`
	Wait   int      `json:"wait,omitempty"` // milliseconds, with an Update every 10

	Out      []octets `json:"out,omitempty"`
	Received []octets `json:"received,omitempty"`
}

type refusedVector struct {
	Name string `json:"name"`
	In   octets `json:"in"`
}

const vectorsAbout = "The reliable lane (docs/udp.md, part 8). Each case is a new lane, and each step one thing that happens to it: " +
	"messages are sent, with as many bytes as budget allows; or a packet's segments are put in; or time passes (wait, in milliseconds), " +
	"with an update every 10 and, if messages still wait, no limit. out are the packets that the lane then puts out and received the messages that it " +
	"hands over. In out, ts (bytes 8 to 11) of a push is the lane's clock and stands here as zero. In an ack that is put in, " +
	"ts is zero too: replace it by that of the last push with its sn. Between a send and the step before lie 10 ms. " +
	"In an ack that is put out wnd depends on what the lane's owner has read by then, and of pushes in order that came together " +
	"only the last is acknowledged, by una for the others: an implementation may differ in both, as skywind3000's does. " +
	"refused: packets that end a new lane."

// vectorCases are the steps; what comes out is in the file.
func vectorCases() []vectorCase {
	send := func(budget int, messages ...string) vectorStep {
		s := vectorStep{Budget: budget}
		for _, m := range messages {
			s.Send = append(s.Send, octets(m))
		}
		return s
	}
	in := func(segments ...segment) vectorStep {
		var s vectorStep
		for _, x := range segments {
			x.conversation, x.window = 0x01020304, 128
			s.In = x.append(s.In)
		}
		return s
	}
	comes := func(number, una uint32, data string) segment {
		return segment{command: kcp.IKCP_CMD_PUSH, time: 1000 + number, number: number, una: una, data: []byte(data)}
	}
	ack := func(number, una uint32) segment {
		return segment{command: kcp.IKCP_CMD_ACK, number: number, una: una}
	}
	wait := func(ms int) vectorStep { return vectorStep{Wait: ms} }
	long := strings.Repeat("0123456789abcdef", 160)
	const plenty = 1 << 20
	return []vectorCase{
		{"a message, acknowledged", []vectorStep{send(plenty, "hello"), in(ack(0, 1)), wait(1000)}},
		{"messages that leave together share a push", []vectorStep{send(plenty, "one", "two", strings.Repeat("3", 130))}},
		{"a long message spans pushes, and the next one follows it", []vectorStep{send(plenty, long, "next")}},
		{"a budget holds back what is not a whole push", []vectorStep{send(wire.MaxPlain+100, long), send(plenty, "next")}},
		{"no acknowledgement: again after 200 ms, then 300 ms later", []vectorStep{send(plenty, "lost"), wait(150), wait(200), wait(300), in(ack(0, 1)), wait(1000)}},
		{"two later pushes acknowledged: again at once", []vectorStep{
			send(plenty, "a"), send(plenty, "b"), send(plenty, "c"), in(ack(1, 0), ack(2, 0)), in(ack(0, 3)), wait(1000),
		}},
		{"a push that comes is acknowledged at once", []vectorStep{in(comes(0, 0, "\x05hello")), wait(1000)}},
		{"pushes out of order", []vectorStep{in(comes(2, 0, "\x01c")), in(comes(1, 0, "\x01b")), in(comes(0, 0, "\x01a")), in(comes(3, 0, "\x01d"))}},
		{"a push twice", []vectorStep{in(comes(0, 0, "\x01a")), in(comes(0, 0, "\x01a")), in(comes(1, 0, "\x01b"))}},
		{"many messages in a push, and one in many", []vectorStep{
			in(comes(0, 0, "\x01a\x02bc\x06de"), comes(1, 0, "fg")), in(comes(2, 0, "hi\x82")), in(comes(3, 0, "\x01"+strings.Repeat("x", 129))), in(comes(4, 0, "y")),
		}},
		{"both directions in one packet", []vectorStep{send(plenty, "ask"), in(ack(0, 1), comes(0, 1, "\x06answer")), send(plenty, "thank")}},
		{"the window, asked for", []vectorStep{in(segment{command: kcp.IKCP_CMD_WASK}), wait(30)}},
		{"a push beyond the window is not acknowledged", []vectorStep{in(comes(128, 0, "\x01x")), in(comes(0, 0, "\x01a"))}},
	}
}

func refusedVectors() []refusedVector {
	whole := segment{conversation: 0x01020304, command: kcp.IKCP_CMD_PUSH, window: 128, data: []byte("\x05hello")}
	with := func(change func(s *segment)) octets {
		s := whole
		change(&s)
		return s.append(nil)
	}
	return []refusedVector{
		{"half a header", whole.append(nil)[:12]},
		{"less data than its length", whole.append(nil)[:kcp.IKCP_OVERHEAD+3]},
		{"bytes behind the last segment", append(octets(whole.append(nil)), 0)},
		{"another conversation", with(func(s *segment) { s.conversation++ })},
		{"an unknown command", with(func(s *segment) { s.command = 85 })},
		{"a fragment", with(func(s *segment) { s.fragment = 1 })},
		{"more data than a segment has", with(func(s *segment) { s.data = make([]byte, segmentSize+1) })},
		{"an empty message", with(func(s *segment) { s.data = []byte{0} })},
		{"a length in more than its shortest form", with(func(s *segment) { s.data = []byte("\x81\x00x") })},
		{"a length of five bytes", with(func(s *segment) { s.data = []byte("\x81\x80\x80\x80\x01") })},
		{"a message over the limit", with(func(s *segment) { s.data = []byte("\xe9\x07") })},
	}
}

// player plays the steps of a case.
type player struct {
	lane     *Lane
	out      []octets
	received []octets
	clocks   map[uint32]uint32 // by sn: ts of the last push
}

func newPlayer(v vectors) *player {
	p := &player{clocks: make(map[uint32]uint32)}
	p.lane = New(Config{Conversation: v.Conversation, MaxMessage: v.MaxMessage, Output: func(segments []byte) {
		packet := bytes.Clone(segments)
		eachSegment(packet, func(s []byte) {
			if s[4] == kcp.IKCP_CMD_PUSH {
				p.clocks[binary.LittleEndian.Uint32(s[12:])] = binary.LittleEndian.Uint32(s[8:])
				clear(s[8:12])
			}
			if s[4] > kcp.IKCP_CMD_ACK {
				clear(s[8:16]) // KCP leaves there what was there
			}
		})
		p.out = append(p.out, packet)
	}})
	return p
}

// eachSegment visits a packet's segments.
func eachSegment(packet []byte, visit func(s []byte)) {
	for len(packet) > 0 {
		size := kcp.IKCP_OVERHEAD + int(binary.LittleEndian.Uint32(packet[20:]))
		visit(packet[:size])
		packet = packet[size:]
	}
}

// step does one and returns what came of it.
func (p *player) step(t *testing.T, s vectorStep) (out, received []octets) {
	p.out, p.received = nil, nil
	switch {
	case len(s.Send) > 0:
		time.Sleep(10 * time.Millisecond)
		for _, m := range s.Send {
			if err := p.lane.Send(m, nil); err != nil {
				t.Error(err)
			}
		}
		p.lane.Pump(s.Budget)
	case len(s.In) > 0:
		packet := bytes.Clone(s.In)
		eachSegment(packet, func(s []byte) {
			if s[4] == kcp.IKCP_CMD_ACK {
				binary.LittleEndian.PutUint32(s[8:], p.clocks[binary.LittleEndian.Uint32(s[12:])])
			}
		})
		if err := p.lane.Input(packet, func(msg []byte) error {
			p.received = append(p.received, bytes.Clone(msg))
			return nil
		}); err != nil {
			t.Error(err)
		}
	}
	for range s.Wait / 10 {
		time.Sleep(10 * time.Millisecond)
		p.lane.Pump(1 << 20)
		if p.lane.Busy() {
			p.lane.Update()
		}
	}
	return p.out, p.received
}

func TestVectors(t *testing.T) {
	if *update {
		writeVectors(t)
	}
	data, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Cases) == 0 || len(v.Refused) == 0 || v.MTU != wire.MaxPlain {
		t.Fatalf("%d cases, %d refused packets, an MTU of %d", len(v.Cases), len(v.Refused), v.MTU)
	}
	for _, c := range v.Cases {
		t.Run(c.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlayer(v)
				for i, s := range c.Steps {
					out, received := p.step(t, s)
					if !slices.EqualFunc(out, s.Out, same) || !slices.EqualFunc(received, s.Received, same) {
						t.Errorf("step %d: out %x, received %q; want %x, %q", i, out, received, s.Out, s.Received)
					}
				}
			})
		})
	}
	for _, r := range v.Refused {
		if err := newPlayer(v).lane.Input(r.In, func([]byte) error { return nil }); err == nil {
			t.Errorf("%s: taken", r.Name)
		}
	}
}

func writeVectors(t *testing.T) {
	v := vectors{About: vectorsAbout, Conversation: 0x01020304, MTU: wire.MaxPlain, MaxMessage: 1000, Cases: vectorCases(), Refused: refusedVectors()}
	for _, c := range v.Cases {
		synctest.Test(t, func(t *testing.T) {
			p := newPlayer(v)
			for i := range c.Steps {
				s := &c.Steps[i]
				s.Out, s.Received = p.step(t, *s)
			}
		})
	}
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(vectorsFile, append(data, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}
