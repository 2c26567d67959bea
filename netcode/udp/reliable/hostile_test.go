package reliable

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/xtaci/kcp-go/v5"

	"github.com/parlor-server/parlor/netcode/udp/wire"
)

// segment is one as KCP writes it.
type segment struct {
	conversation uint32
	command      uint8
	fragment     uint8
	window       uint16
	time         uint32
	number       uint32
	una          uint32 // all before it have arrived
	data         []byte
}

func (s segment) append(to []byte) []byte {
	to = binary.LittleEndian.AppendUint32(to, s.conversation)
	to = append(to, s.command, s.fragment)
	to = binary.LittleEndian.AppendUint16(to, s.window)
	to = binary.LittleEndian.AppendUint32(to, s.time)
	to = binary.LittleEndian.AppendUint32(to, s.number)
	to = binary.LittleEndian.AppendUint32(to, s.una)
	to = binary.LittleEndian.AppendUint32(to, uint32(len(s.data)))
	return append(to, s.data...)
}

func push(number uint32, data string) segment {
	return segment{conversation: 7, command: kcp.IKCP_CMD_PUSH, window: 32, number: number, data: []byte(data)}
}

func TestBrokenInputIsRefused(t *testing.T) {
	cut := push(0, "\x05hello").append(nil)
	for name, test := range map[string]struct {
		segments []byte
		want     error
	}{
		"nothing":              {nil, ErrSegment},
		"half a header":        {cut[:20], ErrSegment},
		"less than promised":   {cut[:28], ErrSegment},
		"bytes left over":      {append(bytes.Clone(cut), 1), ErrSegment},
		"another conversation": {segment{conversation: 8, command: kcp.IKCP_CMD_PUSH}.append(nil), ErrSegment},
		"unknown command":      {segment{conversation: 7, command: 85}.append(nil), ErrSegment},
		"a fragment":           {segment{conversation: 7, command: kcp.IKCP_CMD_PUSH, fragment: 255}.append(nil), ErrSegment},
		"a huge segment":       {push(0, string(make([]byte, 3000))).append(nil), ErrSegment},
		"an empty message":     {push(0, "\x00").append(nil), ErrLength},
		"a long length":        {push(0, "\x81\x80\x80\x80\x00").append(nil), ErrLength},
		"a padded length":      {push(0, "\x85\x00hello").append(nil), ErrLength},
		"a message too large":  {push(0, "\xe9\x07").append(nil), ErrLength},
		"broken behind a good": {push(1, "\x00").append(push(0, "\x01x").append(nil)), ErrLength},
	} {
		lane := New(Config{Conversation: 7, MaxMessage: 1000, Output: func([]byte) {}})
		if err := lane.Input(test.segments, func([]byte) error { return nil }); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
	}
}

func TestReceiversErrorEndsInput(t *testing.T) {
	lane := New(Config{Conversation: 7, Output: func([]byte) {}})
	stop, got := errors.New("stop"), 0
	err := lane.Input(push(0, "\x01a\x01b\x01c").append(nil), func([]byte) error {
		if got++; got == 2 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || got != 2 {
		t.Errorf("after %d messages: %v", got, err)
	}
}

// TestReceiveMaySend is about the session's answers.
func TestReceiveMaySend(t *testing.T) {
	var out [][]byte
	lane := New(Config{Conversation: 7, Output: func(s []byte) { out = append(out, bytes.Clone(s)) }})
	err := lane.Input(push(0, "\x01a\x01b").append(nil), func(msg []byte) error {
		if err := lane.Send([]byte("re: "), msg); err != nil {
			return err
		}
		lane.Pump(1000)
		lane.Update()
		return nil
	})
	if err != nil || !bytes.Contains(bytes.Join(out, nil), []byte("\x05re: a")) {
		t.Errorf("%v, sent %q", err, out)
	}
}

// TestWindowBoundsWhatIsHeld sends segments ahead of a missing one, far more
// than the window allows.
func TestWindowBoundsWhatIsHeld(t *testing.T) {
	lane := New(Config{Conversation: 7, ReceiveWindow: 16, Output: func([]byte) {}})
	got := 0
	input := func(number uint32) {
		lane.Input(push(number, "\x01a").append(nil), func([]byte) error { got++; return nil })
	}
	for number := uint32(1); number < 10_000; number++ {
		input(number)
	}
	input(1 << 31)
	input(1<<32 - 1)
	input(0)
	if got != 16 {
		t.Errorf("%d segments had been held, the window is 16", got)
	}
}

// FuzzInput also has lanes answer: whatever the peer says about what it has
// received and when, the other half of the lane must stand it.
func FuzzInput(f *testing.F) {
	f.Add(push(0, "\x05hello").append(nil), uint8(0))
	f.Add(push(2, "lo").append(push(0, "\x05he").append(nil)), uint8(3))
	f.Add(segment{conversation: 7, command: kcp.IKCP_CMD_ACK, una: 1 << 31, time: 1 << 31}.append(nil), uint8(9))
	f.Add(segment{conversation: 7, command: kcp.IKCP_CMD_WASK, window: 0}.append(nil), uint8(1))
	f.Add(segment{conversation: 7, command: kcp.IKCP_CMD_WINS, window: 65535, una: 3}.append(nil), uint8(40))
	f.Fuzz(func(t *testing.T, segments []byte, sends uint8) {
		lane := New(Config{Conversation: 7, MaxMessage: 5000, Output: func(s []byte) {
			if len(s) == 0 || len(s) > wire.MaxPlain {
				t.Fatalf("a packet of %d bytes", len(s))
			}
		}})
		for range sends {
			lane.Send(make([]byte, 8), make([]byte, 300))
		}
		lane.Pump(1 << 20)
		for range 3 {
			if err := lane.Input(segments, func(msg []byte) error {
				if len(msg) == 0 || len(msg) > 5000 {
					t.Fatalf("a message of %d bytes", len(msg))
				}
				return nil
			}); err != nil {
				break
			}
			lane.Pump(1 << 20)
			lane.Update()
		}
		if cap(lane.in.part) > 3*5000 || lane.Pending() > lane.cfg.MaxPending {
			t.Fatalf("%d bytes of a message, %d pending", cap(lane.in.part), lane.Pending())
		}
	})
}

// TestRandomFields is the fuzz test with segments that KCP takes seriously.
func TestRandomFields(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	near := func() uint32 {
		switch random.IntN(8) {
		case 0:
			return random.Uint32()
		case 1:
			return uint32(1)<<31 + uint32(random.IntN(3)) - 1
		default:
			return uint32(random.IntN(40)) - 2
		}
	}
	for range 200 {
		lane := New(Config{Conversation: 7, Output: func([]byte) {}})
		for range 200 {
			s := segment{
				conversation: 7, command: uint8(kcp.IKCP_CMD_PUSH + random.IntN(4)), window: uint16(near()),
				time: near(), number: near(), una: near(), data: make([]byte, random.IntN(50)),
			}
			for i := range s.data {
				s.data[i] = byte(1 + random.IntN(3))
			}
			if err := lane.Input(s.append(nil), func([]byte) error { return nil }); err != nil {
				break
			}
			lane.Send([]byte("0123456789"), nil)
			lane.Pump(1 << 16)
			lane.Update()
		}
	}
}
