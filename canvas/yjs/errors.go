package yjs

import (
	"errors"
	"fmt"
)

// What an update or a message can be refused with. None of it has been applied.
var (
	// ErrMissing: the update builds on edits that this document does not have.
	// Answer with sync step 1; its sender then sends all that is missing.
	ErrMissing = errors.New("the update builds on edits that are not here: send sync step 1 and apply the answer")
	// ErrMalformed: no yjs client sends this.
	ErrMalformed = errors.New("malformed update: not Yjs format V1")
	// ErrTooLarge: the document would pass Limits.Bytes.
	ErrTooLarge = errors.New("document too large: delete something first")
	// ErrTooDeep: shared types would be nested deeper than Limits.Depth.
	ErrTooDeep = errors.New("shared types nested too deeply")
	// ErrTooCostly: the update would take more work than Limits.Steps.
	ErrTooCostly = errors.New("update too costly: split it, or reload the document")
	// ErrRange: an index or length beyond the end.
	ErrRange = errors.New("index out of range")
	// ErrDeleted: the shared type is no longer part of the document.
	ErrDeleted = errors.New("the shared type was deleted")
	// ErrValue: a Go value that has no form in Yjs.
	ErrValue = errors.New("value cannot be stored: use nil, bool, numbers, string, []byte, []any or map[string]any")
)

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}
