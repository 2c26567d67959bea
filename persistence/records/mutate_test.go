package records_test

import (
	"testing"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/recordstest"
)

func TestSmoke(t *testing.T) {
	room := recordstest.New(t, BankRoom())
	room.Write(func(b *Bank, _ *records.Ctx) error {
		for i := range 10 {
			if _, err := b.Accounts.Insert(Account{ID: uint32(i), Balance: 100}); err != nil {
				return err
			}
		}
		return nil
	})
	ann := room.Join("ann")
	live := recordstest.Subscribe[Account](ann, "Accounts", query.All())
	t.Log(len(live.Rows()))
	ann.Call(Transfer{1, 2, 30})
	t.Log(live.Rows()[1:3], ann.Trace())
	_, err := ann.TryCall(Transfer{1, 2, 300})
	t.Log(err)
}
