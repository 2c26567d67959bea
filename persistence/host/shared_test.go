package host

import (
	"testing"

	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/store"
)

// TestSharedStoreHasRoomsOfOthers puts a room of another host into the store.
func TestSharedStoreHasRoomsOfOthers(t *testing.T) {
	s, err := store.Open(t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, name := range []string{"notes/a", "tasks/a"} {
		room, err := s.Room(name)
		if err != nil {
			t.Fatal(err)
		}
		var b store.Batch
		b.Begin(1)
		b.Put(16, "key", nil)
		done := make(chan error, 1)
		room.Commit(&b, func(err error) { done <- err })
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	h, err := New(Config{Shared: s, Kinds: []records.Kind{boardKind(&hooks{})}})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close(t.Context())
	if list := h.Rooms(); len(list) != 1 || list[0].Name != "tasks/a" {
		t.Errorf("rooms %+v", list)
	}
}
