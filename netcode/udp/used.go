package udp

import (
	"net/netip"
	"sync"
	"time"

	"github.com/parlor-server/parlor/netcode/udp/wire"
)

// tokenTag is the end of a sealed token, by which all of it is known.
type tokenTag [wire.TagSize]byte

func tagOf(token []byte) tokenTag { return tokenTag(token[len(token)-wire.TagSize:]) }

// use is what a token was used for: by whom, and what was answered.
type use struct {
	addr   netip.AddrPort
	nonce  [32]byte
	accept []byte
}

// by reports whether it was the same client, to which the answer got lost.
func (u *use) by(addr netip.AddrPort, nonce [32]byte) bool { return u.addr == addr && u.nonce == nonce }

// usedTokens remembers the tokens that have made a session for as long as they
// could be used again: at least wire.MaxTokenLife, at most twice that. Only
// authentic tokens get in, so that nobody without one can fill it; when it is
// full no more are taken. Any goroutine may use it.
type usedTokens struct {
	limit int // of each generation

	mu       sync.Mutex // guards all below
	since    time.Duration
	current  map[tokenTag]*use
	previous map[tokenTag]*use
}

func newUsedTokens(limit int) *usedTokens {
	return &usedTokens{limit: limit, current: make(map[tokenTag]*use)}
}

// find returns what the token was used for, nil if it was not.
func (t *usedTokens) find(tag tokenTag) *use {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.look(tag)
}

// claim enters a use, unless the token was used before: then it returns that
// use. ok is false if it was, or if there is no room.
func (t *usedTokens) claim(tag tokenTag, u *use, now time.Duration) (earlier *use, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now-t.since >= wire.MaxTokenLife {
		t.previous = t.current
		if now-t.since >= 2*wire.MaxTokenLife {
			t.previous = nil
		}
		t.current, t.since = make(map[tokenTag]*use), now
	}
	if earlier = t.look(tag); earlier != nil || len(t.current) >= t.limit {
		return earlier, false
	}
	t.current[tag] = u
	return nil, true
}

func (t *usedTokens) look(tag tokenTag) *use {
	if u := t.current[tag]; u != nil {
		return u
	}
	return t.previous[tag]
}
