package records

import (
	"fmt"

	"github.com/parlor-server/parlor/persistence/value"
)

// ReadSchema reads how a room is stored, without a Kind: its schema, and the
// space of each collection in the schema's order, 0 for one that is not stored.
// The schema is nil if the room has none yet.
func ReadSchema(loaded Loader) (s *value.Schema, spaces []uint32, err error) {
	c, err := loadCatalogue(loaded)
	if err != nil || c == nil {
		return nil, nil, err
	}
	if s, err = value.ParseSchema(c.Schema); err != nil {
		return nil, nil, fmt.Errorf("failed to read the room's schema: %w", err)
	}
	for i := range s.Collections {
		spaces = append(spaces, c.Spaces[s.Collections[i].Name])
	}
	return s, spaces, nil
}
