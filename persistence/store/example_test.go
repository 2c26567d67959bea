package store_test

import (
	"fmt"
	"os"

	"github.com/parlor-server/parlor/persistence/store"
)

// A room is opened, written and read. Space 256 and those after it are in the
// change log, too.
func Example() {
	dir, err := os.MkdirTemp("", "store")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	s, err := store.Open(dir, store.Options{})
	if err != nil {
		panic(err)
	}
	defer s.Close()
	room, err := s.Room("tasks/main")
	if err != nil {
		panic(err)
	}

	var batch store.Batch
	batch.Begin(room.Seq() + 1)
	batch.Put(256, "milk", []byte("2 bottles"))
	batch.Put(256, "bread", []byte("1 loaf"))
	batch.Begin(room.Seq() + 2)
	batch.Delete(256, "bread")
	durable := make(chan error)
	room.Commit(&batch, func(err error) { durable <- err })
	if err := <-durable; err != nil {
		panic(err)
	}

	_ = room.Each(256, func(key, value []byte, seq uint64) error {
		fmt.Printf("%s: %s, by transaction %d\n", key, value, seq)
		return nil
	})
	_ = room.Changes(0, func(seq uint64, space store.Space, key []byte, removed bool) error {
		fmt.Printf("transaction %d: %s, removed: %v\n", seq, key, removed)
		return nil
	})
	// Output:
	// milk: 2 bottles, by transaction 1
	// transaction 1: milk, removed: false
	// transaction 2: bread, removed: true
}
