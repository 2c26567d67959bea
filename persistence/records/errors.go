package records

import (
	"errors"
	"fmt"
)

// ErrMissing is returned by Update when there is no record of that key.
var ErrMissing = errors.New("there is no such record")

// InvalidError refuses a mutation's arguments as VALIDATION.
type InvalidError struct {
	Field string // that is wrong; may be empty
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
// the field.
func Invalid(field, format string, args ...any) error {
	return &InvalidError{Field: field, Text: fmt.Sprintf(format, args...)}
}
