package records

import (
	"errors"
	"fmt"

	"github.com/parlor-server/parlor/persistence/table"
	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

// ErrMissing is returned by Update when there is no record of that key.
var ErrMissing = errors.New("there is no such record")

// InvalidError refuses a mutation as VALIDATION.
type InvalidError struct {
	Field string // of the arguments; may be empty
	Text  string // reaches the caller
}

// Error returns the field and the text.
func (e *InvalidError) Error() string {
	if e.Field == "" {
		return e.Text
	}
	return e.Field + ": " + e.Text
}

// Invalid refuses what a caller sent: the text reaches it, as VALIDATION with
// the field, which may be empty.
func Invalid(field, format string, args ...any) error {
	return &InvalidError{Field: field, Text: fmt.Sprintf(format, args...)}
}

// refusal refuses a mutation by a rule of the room itself. Only this package
// makes one, so hooks cannot send any code that they like (R6.3).
type refusal struct {
	code  schema.Code
	field string
	text  string
}

func (r *refusal) Error() string { return r.text }

func refuse(code schema.Code, format string, args ...any) error {
	return &refusal{code: code, text: fmt.Sprintf(format, args...)}
}

var errOutsider = refuse(schema.CodeForbidden, "you are not a member of this room")

// deniedError is an error of Authorize.
type deniedError struct{ err error }

func (e *deniedError) Error() string { return e.err.Error() }
func (e *deniedError) Unwrap() error { return e.err }

// panicError is a panic of a hook.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// answer is what the caller may know of an error (R6.3). Private says that
// there is more to it, for the server's log only.
func answer(err error) (r refusal, private bool) {
	if r, ok := errors.AsType[*refusal](err); ok {
		return *r, false
	}
	if e, ok := errors.AsType[*InvalidError](err); ok {
		return refusal{schema.CodeValidation, e.Field, e.Text}, false
	}
	if e, ok := errors.AsType[*value.FieldError](err); ok {
		return refusal{schema.CodeValidation, e.Field, e.Err.Message}, false
	}
	if e, ok := errors.AsType[*table.DuplicateError](err); ok {
		return refusal{schema.CodeDuplicate, duplicateField(e), e.Error()}, false
	}
	if errors.Is(err, table.ErrFull) {
		return refusal{schema.CodeRoomTooLarge, "", table.ErrFull.Error()}, false
	}
	if e, ok := errors.AsType[*deniedError](err); ok {
		return refusal{schema.CodeForbidden, "", e.Error()}, false
	}
	return refusal{schema.CodeExecuteFailed, "", "the mutation failed"}, true
}

// duplicateField is the field that collides, the last one of a tuple.
func duplicateField(e *table.DuplicateError) string {
	if len(e.Fields) == 0 {
		return ""
	}
	return e.Fields[len(e.Fields)-1]
}

// Refused is what a caller may know of a transaction's error: its code and
// text, without what is for the server's log only.
func Refused(err error) *schema.Error {
	r, _ := answer(err)
	return &schema.Error{Code: r.code, Message: r.text}
}
