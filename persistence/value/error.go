package value

import (
	"errors"

	"github.com/parlor-server/parlor/schema"
)

// FieldError is a *schema.Error that concerns one field. errors.As finds both.
type FieldError struct {
	Field string
	Err   *schema.Error
}

// Error returns the code's name and the message, which names the field.
func (e *FieldError) Error() string { return e.Err.Error() }

// Unwrap returns the *schema.Error.
func (e *FieldError) Unwrap() error { return e.Err }

// Invalid is a VALIDATION error about a field: "Votes: why". Without a field it
// is about all of them.
func Invalid(field, why string) error {
	if field == "" {
		return &FieldError{Err: schema.Errorf(schema.CodeValidation, "%s", why)}
	}
	return &FieldError{Field: field, Err: schema.Errorf(schema.CodeValidation, "%s: %s", field, why)}
}

// FieldOf is the name of the field that the error concerns, or "".
func FieldOf(err error) string {
	if e, ok := errors.AsType[*FieldError](err); ok {
		return e.Field
	}
	return ""
}
