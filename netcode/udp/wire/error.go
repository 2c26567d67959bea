package wire

import "errors"

// Errors of tokens and packets. They are returned as they are, so that a
// refusal costs no allocation.
var (
	ErrTruncated = errors.New("the packet or token has the wrong length")
	ErrKind      = errors.New("the packet is of another kind")
	ErrVersion   = errors.New("the packet or token is of another version")
	ErrForged    = errors.New("the packet or token was not sealed with this key, or was changed")
)

// Errors of tokens.
var (
	ErrExpired    = errors.New("the token has expired: ask for a new one")
	ErrTooLong    = errors.New("the token is good for more than 30 s: let it expire sooner, or set the clocks")
	ErrUnknownKey = errors.New("the token was sealed with a key that this server does not have")
	ErrTokenSize  = errors.New("what the token should carry does not fit: shorten the names and addresses")
	ErrTokenEmpty = errors.New("the token lacks an ID, a key or its times")
)

// Errors of the handshake and of data packets.
var (
	ErrCookie   = errors.New("the cookie was made for another address, nonce or token, or is too old")
	ErrReplayed = errors.New("the packet came before, or is older than the window of 256 packets")
	ErrMessage  = errors.New("the packed messages are broken")
	ErrControl  = errors.New("the control message is broken")
)
