package client

import (
	"errors"

	"github.com/parlor-server/parlor/schema"
)

// What a confirmed write says when it cannot know its end (R5.1). The write may
// have happened after ErrWriteLost and ErrWriteTimeout; nothing was sent before
// ErrNotConnected.
var (
	ErrWriteLost    = errors.New("WebSocket disconnected")
	ErrNotConnected = errors.New("WebSocket not connected")
	ErrWriteTimeout = errors.New("Mutation confirmation timed out")
)

// ErrQueueFull is returned by Durable when too many writes wait already: try
// again when some are confirmed, or raise RecordsOptions.QueueLimit.
var ErrQueueFull = errors.New("the queue of durable writes is full")

// RefusedError is the server's refusal of a write. errors.Is finds its code:
//
//	errors.Is(err, &schema.Error{Code: schema.CodeDuplicate})
type RefusedError struct {
	Code    schema.Code
	Message string // of the rules, word for word
	Field   string // that a VALIDATION or DUPLICATE is about
}

// Error returns the code's name and the message.
func (e *RefusedError) Error() string { return e.coded().Error() }

// Unwrap returns the *schema.Error.
func (e *RefusedError) Unwrap() error { return e.coded() }

func (e *RefusedError) coded() *schema.Error {
	return &schema.Error{Code: e.Code, Message: e.Message}
}
