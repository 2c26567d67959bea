package wire

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"testing"
)

// What a server does for a valid data packet is to open it, hand it on and
// answer; for a valid first packet a cookie; for a valid response all of
// BenchmarkHandshake. A refusal must cost less than what it refuses.

func BenchmarkSeal(b *testing.B)  { benchmarkSizes(b, benchmarkSeal) }
func BenchmarkOpen(b *testing.B)  { benchmarkSizes(b, benchmarkOpen) }
func BenchmarkForge(b *testing.B) { benchmarkSizes(b, benchmarkForged) }

func benchmarkSizes(b *testing.B, run func(b *testing.B, size int)) {
	for name, size := range map[string]int{"100B": 100, "1171B": MaxPlain} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(size))
			run(b, size)
		})
	}
}

func benchmarkSeal(b *testing.B, size int) {
	s, buf := NewSealer(pattern32(1), 7), make([]byte, HeaderSize+size, MaxPacket)
	for b.Loop() {
		s.Seal(buf, KindUnreliable)
	}
}

// The packet is copied into place first, as the system's read does.
func benchmarkOpen(b *testing.B, size int) {
	s, o := NewSealer(pattern32(1), 7), NewOpener(pattern32(1), 7)
	packet := s.Seal(make([]byte, HeaderSize+size, MaxPacket), KindUnreliable)
	buf := make([]byte, len(packet))
	for b.Loop() {
		copy(buf, packet)
		o.window = window{}
		if _, _, _, err := o.Open(buf); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkForged(b *testing.B, size int) {
	o := NewOpener(pattern32(1), 7)
	packet := NewSealer(pattern32(2), 7).Seal(make([]byte, HeaderSize+size, MaxPacket), KindUnreliable)
	buf := make([]byte, len(packet))
	for b.Loop() {
		copy(buf, packet)
		if _, _, _, err := o.Open(buf); !errors.Is(err, ErrForged) {
			b.Fatal(err)
		}
	}
}

func BenchmarkReplayed(b *testing.B) {
	s, o := NewSealer(pattern32(1), 7), NewOpener(pattern32(1), 7)
	packet := s.Seal(make([]byte, HeaderSize+100, MaxPacket), KindUnreliable)
	o.window.mark(1)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, _, err := o.Open(packet); !errors.Is(err, ErrReplayed) {
			b.Fatal(err)
		}
	}
}

func BenchmarkTruncated(b *testing.B) {
	packet := make([]byte, HeaderSize+TagSize-1)
	o := NewOpener(pattern32(1), 7)
	for b.Loop() {
		if _, _, _, err := o.Open(packet); !errors.Is(err, ErrTruncated) {
			b.Fatal(err)
		}
	}
}

func BenchmarkCookie(b *testing.B) {
	c, token := NewCookies(), make([]byte, TokenSize)
	addr, nonce := netip.MustParseAddrPort("192.0.2.1:5000"), pattern32(3)
	cookie := c.Make(addr, nonce, token, noon)
	b.Run("make", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.Make(addr, nonce, token, noon)
		}
	})
	run := func(name string, cookie [CookieSize]byte, want error) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := c.Check(cookie, addr, nonce, token, noon); !errors.Is(err, want) {
					b.Fatal(err)
				}
			}
		})
	}
	run("check", cookie, nil)
	cookie[12]++
	run("forged", cookie, ErrCookie)
	run("random", [CookieSize]byte(pattern(99, CookieSize)), ErrCookie)
}

// What a flood of first packets costs, each with the address of another.
func BenchmarkSpoofedRequest(b *testing.B) {
	token, _, nonce, _ := exampleHandshake(b)
	packet, answer := AppendRequest(nil, Request{nonce, token}), make([]byte, 0, 64)
	c, addr := NewCookies(), netip.MustParseAddrPort("192.0.2.1:5000")
	b.ReportAllocs()
	for b.Loop() {
		r, err := ParseRequest(packet)
		if err != nil || CheckToken(r.Token, noon) != nil {
			b.Fatal(err)
		}
		AppendChallenge(answer, Challenge{[8]byte(r.Nonce[:]), c.Make(addr, r.Nonce, r.Token, noon)})
	}
}

func BenchmarkToken(b *testing.B) {
	k := ring(b, pattern32(1), pattern32(2))
	good := sealed(b, k, exampleToken())
	changed := func(change func([]byte)) []byte {
		token := append([]byte(nil), good...)
		change(token)
		return token
	}
	for _, c := range []struct {
		name  string
		token []byte
		want  error
	}{
		{"open", good, nil},
		{"forged", changed(func(t []byte) { t[100]++ }), ErrForged},
		{"foreign", changed(func(t []byte) { t[tokenKeyIDAt]++ }), ErrUnknownKey},
		{"expired", changed(func(t []byte) { binary.LittleEndian.PutUint64(t[tokenExpiresAt:], 5) }), ErrExpired},
		{"truncated", good[:100], ErrTruncated},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := k.Open(c.token, noon); !errors.Is(err, c.want) {
					b.Fatal(err)
				}
			}
		})
	}
}

// What an honest handshake costs the server once.
func BenchmarkHandshake(b *testing.B) {
	token, tokenKey, nonce, random := exampleHandshake(b)
	k, c, addr := ring(b, pattern32(1)), NewCookies(), doorstep
	packet := AppendResponse(nil, Response{Nonce: nonce, Token: token, Cookie: c.Make(addr, nonce, token, noon)}, tokenKey)
	b.ReportAllocs()
	for b.Loop() {
		r, err := ParseResponse(packet)
		if err != nil || c.Check(r.Cookie, addr, r.Nonce, r.Token, noon) != nil {
			b.Fatal(err)
		}
		t, err := k.Open(r.Token, noon)
		if err != nil || r.CheckProof(t.Key) != nil {
			b.Fatal(err)
		}
		AppendAccept(nil, Accept{7, [8]byte(r.Nonce[:]), random, t.Timeout}, DeriveKeys(t.Key, r.Nonce, random))
	}
}
