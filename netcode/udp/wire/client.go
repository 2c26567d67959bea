package wire

import (
	"crypto/rand"
	"fmt"
	"time"

	"golang.org/x/crypto/chacha20poly1305"
)

// How a client paces the handshake.
const (
	ResendInterval = 250 * time.Millisecond // between packets that are not answered
	RejectPatience = 500 * time.Millisecond // before an unauthenticated Reject is believed
)

const (
	patientSends  = int(RejectPatience / ResendInterval)
	responseSends = 4 // without an answer, before the cookie may be too old
)

// RejectedError ends a handshake, or a session that the server does not have.
type RejectedError struct{ Code RejectCode }

// Error returns what the code means.
func (e *RejectedError) Error() string {
	return "the server refuses the connection: " + e.Code.String()
}

// ClientHandshake is the client's side of the handshake as a state machine,
// without socket or clock. Its owner sends Packet at once, then every
// ResendInterval, and also when Changed; hands over what comes in; and gives up
// after a time of its own. One goroutine uses it.
type ClientHandshake struct {
	token    []byte
	tokenKey [32]byte
	nonce    [32]byte

	cookie    *[CookieSize]byte // nil: ask for one
	responses int               // sent with this cookie
	packet    []byte
	changed   bool

	rejected *RejectedError // a hint, see Reject
	patience int            // sends, answers to Challenges apart, until it is believed

	done   bool
	accept Accept
	keys   Keys
}

// NewClientHandshake starts a handshake with the token and the key that came
// beside it.
func NewClientHandshake(token []byte, tokenKey [32]byte) (*ClientHandshake, error) {
	var nonce [32]byte
	_, _ = rand.Read(nonce[:]) // never fails
	return newClientHandshake(token, tokenKey, nonce)
}

func newClientHandshake(token []byte, tokenKey, nonce [32]byte) (*ClientHandshake, error) {
	if len(token) != TokenSize {
		return nil, fmt.Errorf("failed to start a handshake: the token has %d bytes, not %d", len(token), TokenSize)
	}
	if _, err := chacha20poly1305.New(tokenKey[:]); err != nil {
		return nil, fmt.Errorf("failed to start a handshake: %w", err)
	}
	return &ClientHandshake{token: append([]byte(nil), token...), tokenKey: tokenKey, nonce: nonce, changed: true}, nil
}

// Packet returns what to send now, valid until the next call; nil when the
// handshake is over, one way or the other. It counts as sent.
func (h *ClientHandshake) Packet() []byte {
	if h.done || h.Err() != nil {
		return nil
	}
	prompt := h.changed
	h.changed = false
	if h.rejected != nil && !prompt { // or forged Challenges would use it up
		if h.patience--; h.patience < 0 {
			return nil
		}
	}
	if h.cookie != nil && h.responses >= responseSends {
		h.cookie = nil // the server may have forgotten its secret
	}
	if h.cookie == nil {
		h.packet = AppendRequest(h.packet[:0], Request{Nonce: h.nonce, Token: h.token})
		return h.packet
	}
	h.responses++
	h.packet = AppendResponse(h.packet[:0], Response{Nonce: h.nonce, Token: h.token, Cookie: *h.cookie}, h.tokenKey)
	return h.packet
}

// Changed reports that Packet should be sent at once.
func (h *ClientHandshake) Changed() bool { return h.changed && !h.done }

// Err returns a *RejectedError once a Reject is believed.
func (h *ClientHandshake) Err() error {
	if h.rejected != nil && h.patience < 0 && !h.done {
		return h.rejected
	}
	return nil
}

// Receive takes a packet that came from the server's address. done is true
// once the session is there. Whatever does not belong to this handshake, or is
// not authentic, is ignored; err is Err.
func (h *ClientHandshake) Receive(packet []byte) (done bool, err error) {
	if h.done {
		return true, nil
	}
	switch KindOf(packet) {
	case KindChallenge:
		h.challenged(packet)
	case KindAccept:
		if a, keys, err := ParseAccept(packet, h.tokenKey, h.nonce); err == nil {
			h.accept, h.keys, h.done = a, keys, true
			return true, nil
		}
	case KindReject:
		if r, err := ParseReject(packet); err == nil && h.mine(r.Echo) && h.rejected == nil {
			h.rejected, h.patience = &RejectedError{r.Code}, patientSends
		}
	}
	return false, h.Err()
}

// challenged takes the newest cookie: an older one may be forged or outdated.
func (h *ClientHandshake) challenged(packet []byte) {
	c, err := ParseChallenge(packet)
	if err != nil || !h.mine(c.Echo) || h.cookie != nil && *h.cookie == c.Cookie {
		return
	}
	h.cookie, h.responses, h.changed = &c.Cookie, 0, true
}

func (h *ClientHandshake) mine(echo [EchoSize]byte) bool { return echo == [EchoSize]byte(h.nonce[:]) }

// Session returns the session once Receive has said done.
func (h *ClientHandshake) Session() (id uint32, keys Keys, timeout time.Duration) {
	return h.accept.Session, h.keys, h.accept.Timeout
}
