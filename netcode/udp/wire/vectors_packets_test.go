package wire

import (
	"bytes"
	"testing"
)

type packetFile struct {
	About    string          `json:"about"`
	Sealed   []sealedVector  `json:"sealed"`
	Refused  []refusedPacket `json:"refused"`
	Replays  []replayVector  `json:"replays"`
	Controls []controlVector `json:"controls"`
	Messages []messageVector `json:"messages"`
}

type sealedVector struct {
	Name    string `json:"name"`
	Key     octets `json:"key"`
	Kind    Kind   `json:"kind"`
	Session uint32 `json:"session"`
	Counter uint64 `json:"counter,string"`
	Plain   octets `json:"plain"`
	Packet  octets `json:"packet"`
}

// refusedPacket is given to an opener of its own.
type refusedPacket struct {
	Name    string `json:"name"`
	Key     octets `json:"key"`
	Session uint32 `json:"session"`
	Packet  octets `json:"packet"`
	Why     string `json:"why"`
}

type replayVector struct {
	Name  string       `json:"name"`
	Steps []replayStep `json:"steps"`
}

type replayStep struct {
	Counter uint64 `json:"counter,string"`
	Forged  bool   `json:"forged"`
	Verdict string `json:"verdict"`
}

type controlVector struct {
	Name  string      `json:"name"`
	Plain octets      `json:"plain"`
	Type  ControlType `json:"type"` // 0: broken
	Data  octets      `json:"data,omitempty"`
	Code  uint16      `json:"code,omitempty"`
	Text  string      `json:"text,omitempty"`
}

type messageVector struct {
	Name     string   `json:"name"`
	Plain    octets   `json:"plain"`
	Messages []octets `json:"messages"` // that are read before the end, or before what is broken
	Broken   bool     `json:"broken"`
}

func seal(key octets, session uint32, counter uint64, kind Kind, plain []byte) octets {
	s := NewSealer([32]byte(key), session)
	s.counter = counter - 1
	return s.Seal(append(make([]byte, HeaderSize, MaxPacket), plain...), kind)
}

func buildPackets(t *testing.T) packetFile {
	f := packetFile{About: "Data packets (docs/udp.md, parts 6 and 7; controls are of part 10, messages of part 9). sealed: plain and packet belong together, both ways. " +
		"refused: each goes to a new receiver. replays: each sequence goes to a new receiver, in this order, as control packets of session 7 with the plaintext 78 " +
		"under the key 01 02 … 20; a forged one has a wrong tag. Counters are decimal strings, because they have 64 bits."}
	keys := DeriveKeys(pattern32(0x40), pattern32(0x60), pattern32(0x80)) // of handshake.json
	key, session := octets(keys.ClientToServer[:]), uint32(0x01020304)
	ping := AppendControl(nil, Control{Type: ControlPing, Data: [8]byte(pattern(1, 8))})
	for _, v := range []sealedVector{
		{Name: "a ping, the client's first packet", Kind: KindControl, Counter: 1, Plain: ping},
		{Name: "two messages", Kind: KindUnreliable, Counter: 2, Plain: AppendMessage(AppendMessage(nil, [8]byte{7, 0, 1, 0, 41}, pattern(0, 5)), [8]byte(pattern(0x30, 8)), nil)},
		{Name: "nothing inside", Kind: KindReliable, Counter: 3},
		{Name: "the longest packet", Kind: KindReliable, Counter: 0x0102030405060708, Plain: pattern(0, MaxPlain)},
		{Name: "a close by the server", Key: keys.ServerToClient[:], Kind: KindControl, Counter: 1, Plain: AppendControl(nil, Control{Type: ControlClose, Code: 11, Text: "bye"})},
	} {
		if v.Key == nil {
			v.Key = key
		}
		v.Session = session
		v.Packet = seal(v.Key, session, v.Counter, v.Kind, v.Plain)
		f.Sealed = append(f.Sealed, v)
	}
	f.Refused = buildRefused(f.Sealed[0])
	f.Replays = buildReplays()
	f.Controls, f.Messages = buildControls(), buildMessages()
	return f
}

func buildRefused(good sealedVector) (refused []refusedPacket) {
	for _, r := range []struct {
		name   string
		change func(b []byte) []byte
	}{
		{"too short", func(b []byte) []byte { return b[:HeaderSize+TagSize-1] }},
		{"too long", func([]byte) []byte { return make([]byte, MaxPacket+1) }},
		{"a kind that is not there", func(b []byte) []byte { b[0] = 19; return b }},
		{"a handshake's kind", func(b []byte) []byte { b[0] = 4; return b }},
		{"another kind", func(b []byte) []byte { b[0] = 16; return b }},
		{"another session", func(b []byte) []byte { b[1]++; return b }},
		{"counter 0", func(b []byte) []byte { clear(b[5:13]); return b }},
		{"another counter", func(b []byte) []byte { b[5]++; return b }},
		{"one bit of the plaintext", func(b []byte) []byte { b[13] ^= 1; return b }},
		{"one bit of the tag", func(b []byte) []byte { b[len(b)-1] ^= 0x80; return b }},
	} {
		packet := r.change(bytes.Clone(good.Packet))
		_, _, _, err := NewOpener([32]byte(good.Key), good.Session).Open(bytes.Clone(packet))
		refused = append(refused, refusedPacket{r.name, good.Key, good.Session, packet, whyOf(err)})
	}
	return refused
}

func buildReplays() []replayVector {
	good := func(counters ...uint64) (steps []replayStep) {
		for _, c := range counters {
			steps = append(steps, replayStep{Counter: c})
		}
		return steps
	}
	replays := []replayVector{
		{Name: "in order, and again", Steps: good(1, 2, 3, 1, 2, 3, 4)},
		{Name: "out of order", Steps: good(5, 3, 4, 1, 2, 3, 5)},
		{Name: "the edge of the window", Steps: good(300, 45, 44, 46, 45, 301, 46, 47)},
		{Name: "a leap over the window", Steps: good(1, 2, 10_000, 2, 9_744, 9_745, 9_999, 10_000)},
		{Name: "a leap of exactly the window", Steps: good(10, 266, 10, 11, 266)},
		{Name: "a leap of one less", Steps: good(10, 265, 10, 9, 11)},
		{Name: "counter 0", Steps: good(0, 1, 0)},
		{Name: "large counters", Steps: good(1<<63, 1<<63-255, 1<<63-256, 1<<63+1, 1<<63)},
		{Name: "a forgery moves nothing", Steps: append([]replayStep{{Counter: 5_000, Forged: true}, {Counter: 1, Forged: true}}, good(1, 2, 1)...)},
		{Name: "a forgery of what came is known without a look at it", Steps: append(good(1), replayStep{Counter: 1, Forged: true}, replayStep{Counter: 2})},
	}
	for i := range replays {
		o := NewOpener(pattern32(1), 7)
		for j := range replays[i].Steps {
			replays[i].Steps[j].Verdict = replays[i].Steps[j].try(o)
		}
	}
	return replays
}

func (s *replayStep) try(o *Opener) string {
	p := seal(pattern(1, 32), 7, s.Counter, KindControl, []byte("x"))
	if s.Forged {
		p[len(p)-1] ^= 1
	}
	_, _, _, err := o.Open(p)
	return whyOf(err)
}

func buildControls() (controls []controlVector) {
	for _, c := range []struct {
		name  string
		plain []byte
	}{
		{"ping", AppendControl(nil, Control{Type: ControlPing, Data: [8]byte(pattern(1, 8))})},
		{"pong", AppendControl(nil, Control{Type: ControlPong, Data: [8]byte(pattern(1, 8))})},
		{"path challenge", AppendControl(nil, Control{Type: ControlPathChallenge, Data: [8]byte(pattern(2, 8))})},
		{"path response", AppendControl(nil, Control{Type: ControlPathResponse, Data: [8]byte(pattern(2, 8))})},
		{"close", AppendControl(nil, Control{Type: ControlClose, Code: 11, Text: "the server is shutting down"})},
		{"close without words", AppendControl(nil, Control{Type: ControlClose, Code: 34})},
		{"nothing", nil},
		{"type 0", make([]byte, 9)},
		{"type 6", append([]byte{6}, pattern(1, 8)...)},
		{"a short ping", append([]byte{1}, pattern(1, 7)...)},
		{"a long ping", append([]byte{1}, pattern(1, 9)...)},
		{"half a code", []byte{5, 11}},
		{"a text that is not UTF-8", []byte{5, 11, 0, 0xc3}},
		{"a text of 257 bytes", append([]byte{5, 11, 0}, bytes.Repeat([]byte("a"), MaxCloseText+1)...)},
	} {
		v := controlVector{Name: c.name, Plain: c.plain}
		if got, err := ParseControl(c.plain); err == nil {
			v.Type, v.Code, v.Text = got.Type, got.Code, got.Text
			if got.Type != ControlClose {
				v.Data = got.Data[:]
			}
		}
		controls = append(controls, v)
	}
	return controls
}

func buildMessages() (messages []messageVector) {
	one := AppendMessage(nil, [8]byte(pattern(0x30, 8)), pattern(0, 5))
	for _, m := range []struct {
		name  string
		plain []byte
	}{
		{"one", one},
		{"two, the second without a body", AppendMessage(bytes.Clone(one), [8]byte(pattern(0x31, 8)), nil)},
		{"the largest", AppendMessage(nil, [8]byte(pattern(0x30, 8)), pattern(0, MaxBody))},
		{"none", nil},
		{"one byte left over", append(bytes.Clone(one), 0)},
		{"a length of 7", append(bytes.Clone(one), 7, 0, 1, 2, 3, 4, 5, 6, 7)},
		{"a length beyond the end", append(bytes.Clone(one), 9, 0, 1, 2, 3, 4, 5, 6, 7, 8)},
	} {
		v := messageVector{Name: m.name, Plain: m.plain, Messages: []octets{}}
		for rest := m.plain; len(rest) > 0; {
			message, next, err := NextMessage(rest)
			if v.Broken = err != nil; v.Broken {
				break
			}
			v.Messages, rest = append(v.Messages, message), next
		}
		messages = append(messages, v)
	}
	return messages
}

func TestPacketVectors(t *testing.T) {
	f := vectors(t, "packets.json", buildPackets)
	for _, v := range f.Sealed {
		if p := seal(v.Key, v.Session, v.Counter, v.Kind, v.Plain); !bytes.Equal(p, v.Packet) {
			t.Errorf("%s: sealed as % x", v.Name, p)
		}
		kind, counter, plain, err := NewOpener([32]byte(v.Key), v.Session).Open(bytes.Clone(v.Packet))
		if err != nil || kind != v.Kind || counter != v.Counter || !bytes.Equal(plain, v.Plain) {
			t.Errorf("%s: opened as %v %d % x, %v", v.Name, kind, counter, plain, err)
		}
	}
	for _, v := range f.Refused {
		if _, _, _, err := NewOpener([32]byte(v.Key), v.Session).Open(v.Packet); whyOf(err) != v.Why {
			t.Errorf("%s: %v, want %s", v.Name, err, v.Why)
		}
	}
	for _, v := range f.Replays {
		o := NewOpener(pattern32(1), 7)
		for i, step := range v.Steps {
			if got := step.try(o); got != step.Verdict {
				t.Errorf("%s: step %d is %s, want %s", v.Name, i, got, step.Verdict)
			}
		}
	}
	for _, v := range f.Controls {
		got, err := ParseControl(v.Plain)
		if (err != nil) != (v.Type == 0) || got.Type != v.Type || got.Code != v.Code || got.Text != v.Text || v.Data != nil && !bytes.Equal(got.Data[:], v.Data) {
			t.Errorf("%s: %+v, %v", v.Name, got, err)
		}
	}
	for _, v := range f.Messages {
		checkMessages(t, v)
	}
}

func checkMessages(t *testing.T, v messageVector) {
	t.Helper()
	rest := []byte(v.Plain)
	for i, want := range v.Messages {
		got, next, err := NextMessage(rest)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%s: message %d is % x, %v", v.Name, i, got, err)
		}
		rest = next
	}
	if len(rest) == 0 && !v.Broken {
		return
	}
	if _, _, err := NextMessage(rest); (err != nil) != v.Broken {
		t.Errorf("%s: at the end %v", v.Name, err)
	}
}
