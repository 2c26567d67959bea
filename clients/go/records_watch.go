package client

import (
	"fmt"
	"slices"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/value"
)

// Watch is Subscribe for programs that do not know the collection's type, such
// as tools: its records are rows, which the collection's description reads.
// onChange is called after each step, the first one included.
func (r *RecordRoom) Watch(collection string, q query.Query, onChange func(Change[value.Row])) (*Live[value.Row], error) {
	c := &Collection[value.Row]{room: r, name: collection}
	err := r.bind(func(s *value.Schema) error {
		at := s.CollectionIndex(collection)
		if at < 0 {
			return fmt.Errorf("%s has no collection %q", r.name, collection)
		}
		c.bound = &boundCollection[value.Row]{at: at, c: &s.Collections[at], version: s.Version}
		return nil
	})
	if err != nil {
		return nil, err
	}
	l := newLive(c)
	l.query.decode = func(row value.Row) (any, error) {
		own := slices.Clone(row)
		return &own, nil
	}
	l.OnChange(onChange)
	return l, r.subscribe(&l.query, q)
}
