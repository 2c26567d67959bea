package wire

import (
	"bytes"
	"testing"
	"time"
)

// FuzzParsers gives every parser the same bytes. What is taken must come out
// again as it was, so that there is one form of everything.
func FuzzParsers(f *testing.F) {
	token, tokenKey, nonce, random := exampleHandshake(f)
	keys := DeriveKeys(tokenKey, nonce, random)
	f.Add(AppendRequest(nil, Request{nonce, token}))
	f.Add(AppendResponse(nil, Response{Nonce: nonce, Token: token}, tokenKey))
	f.Add(AppendChallenge(nil, Challenge{}))
	f.Add(AppendReject(nil, Reject{RejectFull, [8]byte{1}}))
	f.Add(AppendAccept(nil, Accept{Echo: [8]byte(nonce[:]), Random: random, Timeout: time.Second}, keys))
	f.Add(AppendControl(nil, Control{Type: ControlPing}))
	f.Add(AppendControl(nil, Control{Type: ControlClose, Text: "é"}))
	f.Add(AppendMessage(AppendMessage(nil, [8]byte{1}, nil), [8]byte{2}, []byte("body")))
	f.Fuzz(func(t *testing.T, b []byte) {
		same := func(what string, again []byte) {
			if !bytes.Equal(b, again) {
				t.Errorf("%s: % x came back as % x", what, b, again)
			}
		}
		if c, err := ParseChallenge(b); err == nil && b[1] == NoShard {
			same("challenge", AppendChallenge(nil, c))
		}
		if r, err := ParseReject(b); err == nil && b[1] == NoShard {
			same("reject", AppendReject(nil, r))
		}
		if c, err := ParseControl(b); err == nil {
			same("control", AppendControl(nil, c))
		}
		if a, k, err := ParseAccept(b, tokenKey, nonce); err == nil {
			same("accept", AppendAccept(nil, a, k))
		}
		if r, err := ParseRequest(b); err == nil && len(r.Token) != TokenSize {
			t.Errorf("a token of %d bytes", len(r.Token))
		}
		if r, err := ParseResponse(b); err == nil && r.CheckProof(tokenKey) == nil {
			again := AppendResponse(nil, r, tokenKey)
			again[1] = b[1]
			if !bytes.Equal(b[:1], again[:1]) || !bytes.Equal(b[2:proofAt], again[2:proofAt]) {
				t.Error("response: another came back")
			}
		}
		fuzzMessages(t, b)
		h, err := newClientHandshake(token, tokenKey, nonce)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Receive(b); err != nil {
			t.Error(err)
		}
		EchoOf(b)
		SessionOf(b)
		if _, _, _, err := NewOpener(keys.ClientToServer, 0).Open(b); err == nil {
			t.Error("a data packet was forged")
		}
	})
}

func fuzzMessages(t *testing.T, plain []byte) {
	var again []byte
	rest := plain
	for len(rest) > 0 {
		m, next, err := NextMessage(rest)
		if err != nil {
			return
		}
		if len(next) >= len(rest) || len(m) < MessageHead {
			t.Fatalf("a message of %d bytes leaves %d of %d", len(m), len(next), len(rest))
		}
		again = AppendMessage(again, [8]byte(m), m[MessageHead:])
		rest = next
	}
	if !bytes.Equal(plain, again) {
		t.Errorf("messages % x came back as % x", plain, again)
	}
}

// FuzzToken is about what is inside of a token that has the right seal, too.
func FuzzToken(f *testing.F) {
	k := ring(f, pattern32(1))
	example := exampleToken()
	f.Add(sealed(f, k, example), example.appendPlain(nil))
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, token, plain []byte) {
		if _, err := k.Open(token, noon); err == nil && !bytes.Equal(token[:8], []byte(tokenVersion)) {
			t.Error("another version was opened")
		}
		var got Token
		if got.parsePlain(plain) != nil {
			return
		}
		again := got.appendPlain(nil)
		var twice Token
		if len(again) > len(plain) || twice.parsePlain(again) != nil {
			t.Errorf("% x came back as % x", plain, again)
		}
	})
}
