package table

import (
	"errors"
	"strings"

	"github.com/parlor-server/parlor/persistence/value"
)

// ErrFull says that a write would take the set above its limit of bytes. Writes
// that do not grow it still pass. Remove records, or raise the room's limit.
var ErrFull = errors.New("the room's records have reached their memory limit: remove some or raise the limit")

// DuplicateError says that a write collides with another record, in its primary
// key or in a unique index. Nothing was written.
type DuplicateError struct {
	Collection string
	Index      string    // the index's name; empty: the primary key
	Fields     []string  // of the index, or the primary key's
	Key        value.Key // of the record that is there
}

// Error names the collection and the fields that collide.
func (e *DuplicateError) Error() string {
	return "another record of " + e.Collection + " has the same " + strings.Join(e.Fields, ", ")
}
