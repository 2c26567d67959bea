package recordstest_test

import (
	"errors"
	"testing"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/recordstest"
)

func TestADefinitionThatCannotWorkIsAnError(t *testing.T) {
	_, err := recordstest.Open(t, records.Room[struct{}]{})
	if err == nil {
		t.Error("a room without a world opens")
	}
	failing := ShopRoom()
	failing.Create = func(*Shop, *records.Ctx) error { return errors.New("no") }
	if _, err := recordstest.Open(t, failing); err == nil {
		t.Error("a room whose Create fails opens")
	}
}

func TestAClientSeesWhatItsQueryFinds(t *testing.T) {
	room := recordstest.New(t, ShopRoom())
	ann := room.Join("ann")
	live := recordstest.Subscribe[Item](ann, "Items", query.Where(query.Gt("Count", 0)).By("Count", query.Desc).Take(2))
	for i, name := range []string{"a", "b", "c"} {
		room.Write(func(s *Shop, _ *records.Ctx) error { return s.Items.Put(Item{name, i}) })
	}
	same := func(want ...Item) {
		t.Helper()
		got := live.Rows()
		if len(got) != len(want) {
			t.Fatalf("it sees %v, want %v", got, want)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("it sees %v, want %v", got, want)
			}
		}
	}
	same(Item{"c", 2}, Item{"b", 1})
	live.Change(query.All().By("Name"))
	same(Item{"a", 0}, Item{"b", 1}, Item{"c", 2})
	ann.Disconnect()
	room.Write(func(s *Shop, _ *records.Ctx) error { s.Items.Delete("b"); return nil })
	same(Item{"a", 0}, Item{"b", 1}, Item{"c", 2})
	ann.Reconnect()
	same(Item{"a", 0}, Item{"c", 2})
	live.Close()
	room.Write(func(s *Shop, _ *records.Ctx) error { s.Items.Delete("a"); return nil })
	same(Item{"a", 0}, Item{"c", 2})
}
