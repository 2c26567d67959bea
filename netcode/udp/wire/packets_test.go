package wire

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func exampleHandshake(t testing.TB) (token []byte, tokenKey, nonce, random [32]byte) {
	return sealed(t, ring(t, pattern32(1)), exampleToken()), exampleToken().Key, pattern32(0x60), pattern32(0x80)
}

func TestHandshakePackets(t *testing.T) {
	token, tokenKey, nonce, random := exampleHandshake(t)
	cookie := [CookieSize]byte(pattern(9, CookieSize))
	echo := [EchoSize]byte(nonce[:])

	request := AppendRequest([]byte("before"), Request{nonce, token})[6:]
	if got, err := ParseRequest(request); err != nil || got.Nonce != nonce || !bytes.Equal(got.Token, token) {
		t.Errorf("request: %+v, %v", got, err)
	}
	response := AppendResponse([]byte("before"), Response{Nonce: nonce, Token: token, Cookie: cookie}, tokenKey)[6:]
	got, err := ParseResponse(response)
	if err != nil || got.Nonce != nonce || !bytes.Equal(got.Token, token) || got.Cookie != cookie || got.CheckProof(tokenKey) != nil {
		t.Errorf("response: %+v, %v, proof %v", got, err, got.CheckProof(tokenKey))
	}
	challenge := AppendChallenge(nil, Challenge{echo, cookie})
	if got, err := ParseChallenge(challenge); err != nil || got != (Challenge{echo, cookie}) {
		t.Errorf("challenge: %+v, %v", got, err)
	}
	reject := AppendReject(nil, Reject{RejectFull, echo})
	if got, err := ParseReject(reject); err != nil || got != (Reject{RejectFull, echo}) {
		t.Errorf("reject: %+v, %v", got, err)
	}
	keys := DeriveKeys(tokenKey, nonce, random)
	want := Accept{Session: 0x01020304, Echo: echo, Random: random, Timeout: 10 * time.Second}
	accept := AppendAccept([]byte("before"), want, keys)[6:]
	if got, gotKeys, err := ParseAccept(accept, tokenKey, nonce); err != nil || got != want || gotKeys != keys {
		t.Errorf("accept: %+v, %v", got, err)
	}
	for name, n := range map[string]int{"challenge": len(challenge), "accept": len(accept), "reject": len(reject)} {
		if n > len(request)/4 {
			t.Errorf("%s has %d bytes: more than a quarter of what it answers", name, n)
		}
	}
	if len(request) != MaxPacket || len(response) != MaxPacket || len(reject) > HeaderSize+TagSize {
		t.Errorf("%d bytes of request, %d of response, %d of reject", len(request), len(response), len(reject))
	}
	for k, p := range map[Kind][]byte{KindRequest: request, KindResponse: response, KindChallenge: challenge, KindReject: reject} {
		if KindOf(p) != k || p[1] != NoShard {
			t.Errorf("%v begins with % x", k, p[:2])
		}
	}
	if accept[1] != 0x04 {
		t.Errorf("byte 1 of an accept is %#x, not the shard", accept[1])
	}
}

func TestHandshakePacketsAreRefused(t *testing.T) {
	token, tokenKey, nonce, random := exampleHandshake(t)
	packets := map[string][]byte{
		"request":   AppendRequest(nil, Request{nonce, token}),
		"response":  AppendResponse(nil, Response{Nonce: nonce, Token: token}, tokenKey),
		"challenge": AppendChallenge(nil, Challenge{}),
		"reject":    AppendReject(nil, Reject{}),
		"accept":    AppendAccept(nil, Accept{Echo: [8]byte(nonce[:]), Random: random, Timeout: time.Second}, DeriveKeys(tokenKey, nonce, random)),
	}
	parsers := map[string]func([]byte) error{
		"request":   func(b []byte) error { _, err := ParseRequest(b); return err },
		"response":  func(b []byte) error { _, err := ParseResponse(b); return err },
		"challenge": func(b []byte) error { _, err := ParseChallenge(b); return err },
		"reject":    func(b []byte) error { _, err := ParseReject(b); return err },
		"accept":    func(b []byte) error { _, _, err := ParseAccept(b, tokenKey, nonce); return err },
	}
	for name, parse := range parsers {
		for of, packet := range packets {
			if err := parse(packet); (err == nil) != (name == of) {
				t.Errorf("%s read as %s: %v", of, name, err)
			}
		}
		good := packets[name]
		for n := range len(good) {
			if parse(good[:n]) == nil {
				t.Errorf("%s of %d bytes is taken", name, n)
			}
		}
		if parse(append(good[:len(good):len(good)], 0)) == nil {
			t.Errorf("%s with one more byte is taken", name)
		}
	}
	for _, name := range []string{"request", "response"} {
		packets[name][2]++
		if err := parsers[name](packets[name]); !errors.Is(err, ErrVersion) {
			t.Errorf("%s of another version: %v", name, err)
		}
	}
}

// A proof covers all that comes before it, and needs the token's key.
func TestProof(t *testing.T) {
	token, tokenKey, nonce, _ := exampleHandshake(t)
	good := AppendResponse(nil, Response{Nonce: nonce, Token: token}, tokenKey)
	check := func(packet []byte, key [32]byte) error {
		r, err := ParseResponse(packet)
		if err != nil {
			return err
		}
		return r.CheckProof(key)
	}
	if err := check(good, pattern32(0)); !errors.Is(err, ErrForged) {
		t.Errorf("another key: %v", err)
	}
	for i := range proofAt + proofSize {
		good[i] ^= 1
		if check(good, tokenKey) == nil {
			t.Errorf("byte %d may be changed", i)
		}
		good[i] ^= 1
	}
	if err := check(good, tokenKey); err != nil {
		t.Error(err)
	}
}

func TestAcceptIsForged(t *testing.T) {
	_, tokenKey, nonce, random := exampleHandshake(t)
	good := AppendAccept(nil, Accept{Session: 7, Echo: [8]byte(nonce[:]), Random: random, Timeout: time.Second}, DeriveKeys(tokenKey, nonce, random))
	for i := 1; i < len(good); i++ {
		good[i] ^= 0x10
		if _, _, err := ParseAccept(good, tokenKey, nonce); !errors.Is(err, ErrForged) {
			t.Errorf("byte %d changed: %v", i, err)
		}
		good[i] ^= 0x10
	}
	if _, _, err := ParseAccept(good, pattern32(0), nonce); !errors.Is(err, ErrForged) {
		t.Errorf("another key: %v", err)
	}
}

// The keys are those of RFC 5869, written out.
func TestDeriveKeys(t *testing.T) {
	mac := func(key []byte, parts ...string) []byte {
		h := hmac.New(sha256.New, key)
		for _, p := range parts {
			h.Write([]byte(p))
		}
		return h.Sum(nil)
	}
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) [32]byte { return [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, name)) }
		tokenKey, nonce, random := draw("key"), draw("nonce"), draw("random")
		secret := mac(append(nonce[:], random[:]...), string(tokenKey[:]))
		got := DeriveKeys(tokenKey, nonce, random)
		if want := mac(secret, "parlor udp 1 c2s", "\x01"); !bytes.Equal(got.ClientToServer[:], want) {
			t.Errorf("c2s %x, want %x", got.ClientToServer, want)
		}
		if want := mac(secret, "parlor udp 1 s2c", "\x01"); !bytes.Equal(got.ServerToClient[:], want) {
			t.Errorf("s2c %x, want %x", got.ServerToClient, want)
		}
	})
}

func TestEcho(t *testing.T) {
	token, tokenKey, nonce, _ := exampleHandshake(t)
	data := NewSealer(pattern32(1), 0x0a0b0c0d).Seal(make([]byte, HeaderSize, MaxPacket), KindControl)
	for name, test := range map[string]struct {
		packet, echo []byte
	}{
		"request":       {AppendRequest(nil, Request{nonce, token}), nonce[:8]},
		"response":      {AppendResponse(nil, Response{Nonce: nonce, Token: token}, tokenKey), nonce[:8]},
		"short request": {AppendRequest(nil, Request{nonce, token})[:1199], nil},
		"data":          {data, []byte{0x0d, 0x0c, 0x0b, 0x0a, 1, 0, 0, 0}},
		"short data":    {data[:28], nil},
		"reject":        {AppendReject(nil, Reject{}), nil},
		"nothing":       {nil, nil},
	} {
		if echo, ok := EchoOf(test.packet); ok != (test.echo != nil) || ok && !bytes.Equal(echo[:], test.echo) {
			t.Errorf("%s: % x, %v", name, echo, ok)
		}
	}
	if id, ok := SessionOf(data); !ok || id != 0x0a0b0c0d {
		t.Errorf("session %#x, %v", id, ok)
	}
	if _, ok := SessionOf(data[:28]); ok {
		t.Error("a short packet has a session")
	}
}

func TestControl(t *testing.T) {
	data := [8]byte(pattern(1, 8))
	for _, c := range []Control{
		{Type: ControlPing, Data: data}, {Type: ControlPong, Data: data},
		{Type: ControlPathChallenge, Data: data}, {Type: ControlPathResponse, Data: data},
		{Type: ControlClose, Code: 11, Text: "bye"}, {Type: ControlClose, Code: 65535},
	} {
		b := AppendControl(nil, c)
		if got, err := ParseControl(b); err != nil || got != c {
			t.Errorf("%+v came back as %+v, %v", c, got, err)
		}
		for n := range len(b) {
			if _, err := ParseControl(b[:n]); err == nil && (c.Type != ControlClose || n < 3) {
				t.Errorf("%+v cut to %d bytes is taken", c, n)
			}
		}
		if c.Type != ControlClose {
			if _, err := ParseControl(append(b, 0)); !errors.Is(err, ErrControl) {
				t.Errorf("%+v with one more byte: %v", c, err)
			}
		}
	}
	for name, b := range map[string][]byte{
		"type 0": make([]byte, 9), "type 6": append([]byte{6}, make([]byte, 8)...),
		"not UTF-8": {5, 1, 0, 0xff}, "long text": append([]byte{5, 1, 0}, make([]byte, MaxCloseText+1)...),
	} {
		if _, err := ParseControl(b); !errors.Is(err, ErrControl) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A long text is cut between two characters.
func TestCloseTextIsCut(t *testing.T) {
	text := "x" + string(bytes.Repeat([]byte("é"), MaxCloseText))
	c, err := ParseControl(AppendControl(nil, Control{Type: ControlClose, Text: text}))
	if err != nil || len(c.Text) != MaxCloseText-1 || c.Text != text[:MaxCloseText-1] {
		t.Errorf("%d bytes, %v", len(c.Text), err)
	}
	broken, err := ParseControl(AppendControl(nil, Control{Type: ControlClose, Text: "\xff\xfe"}))
	if err != nil {
		t.Errorf("a text that is not UTF-8 makes a packet that nobody reads: %q, %v", broken.Text, err)
	}
}

func TestMessagesComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var plain []byte
		var want [][]byte
		for _, body := range rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 300), 1, 10).Draw(t, "bodies") {
			if len(plain)+MessageCost+MessageHead+len(body) > MaxPlain {
				break
			}
			head := [8]byte(pattern(byte(len(want)), 8))
			plain = AppendMessage(plain, head, body)
			want = append(want, append(head[:], body...))
		}
		for i := 0; len(plain) > 0; i++ {
			m, rest, err := NextMessage(plain)
			if err != nil || !bytes.Equal(m, want[i]) {
				t.Fatalf("message %d is % x, %v", i, m, err)
			}
			if i == len(want)-1 && len(rest) > 0 {
				t.Fatalf("%d bytes follow", len(rest))
			}
			plain = rest
		}
	})
	if n := len(AppendMessage(nil, [8]byte{}, make([]byte, MaxBody))); n != MaxPlain {
		t.Errorf("the largest message has %d bytes, %d fit", n, MaxPlain)
	}
}

func TestBrokenMessages(t *testing.T) {
	for name, plain := range map[string][]byte{
		"nothing": {}, "half a length": {8}, "no message": {8, 0}, "no header": {7, 0, 1, 2, 3, 4, 5, 6, 7, 8},
		"one byte short": {9, 0, 1, 2, 3, 4, 5, 6, 7, 8}, "length 0": make([]byte, 20), "huge": append([]byte{0xff, 0xff}, make([]byte, 1000)...),
	} {
		if m, _, err := NextMessage(plain); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: % x, %v", name, m, err)
		}
	}
}
