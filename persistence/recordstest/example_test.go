package recordstest_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/recordstest"
)

type Shop struct {
	Items records.Collection[string, Item]
}

type Item struct {
	Name  string `parlor:"key"`
	Count int
}

type Buy struct{ Item string }

func ShopRoom() records.Room[Shop] {
	return records.Room[Shop]{Mutations: []records.Mutation[Shop]{records.Call((*Shop).buy)}}
}

func (s *Shop) buy(_ *records.Ctx, b Buy) error {
	item, ok := s.Items.Get(b.Item)
	if !ok || item.Count == 0 {
		return records.Invalid("Item", "%s is sold out", b.Item)
	}
	item.Count--
	return s.Items.Put(item)
}

// A whole test of a record room's rules.
func Example() {
	play(func(t *testing.T) {
		room := recordstest.New(t, ShopRoom())
		room.Write(func(s *Shop, _ *records.Ctx) error { return s.Items.Put(Item{"ticket", 1}) })
		ann, bob := room.Join("ann"), room.Join("bob")
		seen := recordstest.Subscribe[Item](bob, "Items", query.All())
		ann.Call(Buy{"ticket"})
		_, err := bob.TryCall(Buy{"ticket"})
		fmt.Println(seen.Rows(), err)
		room.Restart(time.Hour) // only what was durable is left
		bob.Reconnect()
		fmt.Println(seen.Rows())
	})
	// Output:
	// [{ticket 0}] VALIDATION: ticket is sold out
	// [{ticket 0}]
}

// play runs an example as a test of its own, once, whatever -count says.
func play(test func(t *testing.T)) {
	var once sync.Once
	run := func(t *testing.T) { once.Do(func() { test(t) }) }
	testing.RunTests(func(_, _ string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: "example", F: run}})
}
