package wire

import (
	"encoding/binary"
	"time"
	"unicode/utf8"
)

// TokenSize is the length of every sealed token.
const TokenSize = tokenPublic + tokenSealed

// MaxTokenLife is how far ahead a token's expiry may be.
const MaxTokenLife = 30 * time.Second

// Layout of a sealed token: version 8, key ID 4, expiry 8, nonce 24, sealed 768.
const (
	tokenVersion    = "PARLOR 1"
	tokenKeyIDAt    = len(tokenVersion)
	tokenExpiresAt  = tokenKeyIDAt + 4
	tokenNonceAt    = tokenExpiresAt + 8
	tokenPublic     = tokenNonceAt + 24
	tokenPlain      = 752
	tokenSealed     = tokenPlain + TagSize
	maxAddresses    = 16
	flagGuest       = 1
	maxTokenSeconds = 1<<16 - 1
)

// Token is what a matchmaker tells a server about one client that may connect.
// It is a value; sealed by a KeyRing it is opaque to the client that carries it.
type Token struct {
	ID          [16]byte      // random: a token works once
	User        string        // auth.User.ID
	Name        string        // auth.User.Name
	Guest       bool          // without a signed identity
	UserExpires time.Time     // when the user's own credentials expire; zero: never
	Room        string        // for a Join by ticket; may be empty
	Ticket      string        // of the seat that is reserved; may be empty
	Addresses   []string      // servers that may take it, as host:port
	Issued      time.Time     // in milliseconds
	Expires     time.Time     // in milliseconds; at most MaxTokenLife ahead
	Timeout     time.Duration // of a session from which nothing comes, in whole seconds
	Key         [32]byte      // random: from it come the session's keys
}

// CheckToken is the part of a token's check that costs nothing: length, version
// and expiry. It is not to be trusted before KeyRing.Open.
func CheckToken(token []byte, now time.Time) error {
	if len(token) != TokenSize {
		return ErrTruncated
	}
	if string(token[:len(tokenVersion)]) != tokenVersion {
		return ErrVersion
	}
	expires := binary.LittleEndian.Uint64(token[tokenExpiresAt:])
	switch at := uint64(max(0, now.UnixMilli())); {
	case expires <= at:
		return ErrExpired
	case expires-at > uint64(MaxTokenLife.Milliseconds()):
		return ErrTooLong
	}
	return nil
}

// appendPlain appends what is sealed of the token, without its padding:
// ID 16, key 32, issued 8, user expires 8, timeout 2, flags 1, then user, name,
// room and ticket, a count of addresses 1, and the addresses.
func (t *Token) appendPlain(dst []byte) []byte {
	dst = append(dst, t.ID[:]...)
	dst = append(dst, t.Key[:]...)
	dst = binary.LittleEndian.AppendUint64(dst, milliseconds(t.Issued))
	dst = binary.LittleEndian.AppendUint64(dst, milliseconds(t.UserExpires))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(t.Timeout/time.Second))
	flags := byte(0)
	if t.Guest {
		flags |= flagGuest
	}
	dst = append(dst, flags)
	for _, s := range []string{t.User, t.Name, t.Room, t.Ticket} {
		dst = appendText(dst, s)
	}
	dst = append(dst, byte(len(t.Addresses)))
	for _, a := range t.Addresses {
		dst = appendText(dst, a)
	}
	return dst
}

// check finds what cannot be sealed.
func (t *Token) check() error {
	if t.ID == [16]byte{} || t.Key == [32]byte{} || t.Issued.IsZero() || t.Expires.IsZero() {
		return ErrTokenEmpty
	}
	if seconds := t.Timeout / time.Second; seconds < 1 || seconds > maxTokenSeconds || len(t.Addresses) > maxAddresses {
		return ErrTokenSize
	}
	for _, s := range append([]string{t.User, t.Name, t.Room, t.Ticket}, t.Addresses...) {
		if len(s) > tokenPlain {
			return ErrTokenSize
		}
	}
	return nil
}

// parsePlain reads what appendPlain wrote. It trusts nothing: whoever has the
// key may have made the token with another program.
func (t *Token) parsePlain(plain []byte) error {
	r := textReader{rest: plain}
	copy(t.ID[:], r.next(len(t.ID)))
	copy(t.Key[:], r.next(len(t.Key)))
	t.Issued = instant(r.uint64())
	t.UserExpires = instant(r.uint64())
	t.Timeout = time.Duration(r.uint16()) * time.Second
	flags := r.uint8()
	t.Guest = flags&flagGuest != 0
	t.User, t.Name, t.Room, t.Ticket = r.text(), r.text(), r.text(), r.text()
	if n := r.uint8(); n > 0 {
		t.Addresses = make([]string, n)
		for i := range t.Addresses {
			t.Addresses[i] = r.text()
		}
	}
	if r.broken {
		return ErrForged
	}
	return t.check()
}

func milliseconds(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(max(0, t.UnixMilli()))
}

func instant(ms uint64) time.Time {
	if ms == 0 || ms > 1<<53 {
		return time.Time{}
	}
	return time.UnixMilli(int64(ms))
}

func appendText(dst []byte, s string) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(s)))
	return append(dst, s...)
}

// textReader reads a token's fields. After a field that does not fit it is
// broken, and all that follow are zero.
type textReader struct {
	rest   []byte
	broken bool
}

func (r *textReader) next(n int) []byte {
	if r.broken || n > len(r.rest) {
		r.broken = true
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *textReader) uint8() uint8 {
	if b := r.next(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *textReader) uint16() uint16 {
	if b := r.next(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (r *textReader) uint64() uint64 {
	if b := r.next(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *textReader) text() string {
	b := r.next(int(r.uint16()))
	if !utf8.Valid(b) {
		r.broken = true
		return ""
	}
	return string(b)
}
