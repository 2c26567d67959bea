package schema

import "github.com/parlor-server/parlor/schema/fb"

// ReadSchema copies a descriptor out of a verified body.
func ReadSchema(t *fb.Schema) (Schema, error) { return Schema{}, nil }

// Hash identifies the descriptor.
func (s *Schema) Hash() uint64 { return 0 }
