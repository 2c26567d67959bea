package records_test

import (
	"context"
	"testing"

	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/recordstest"
	"github.com/parlor-server/parlor/schema"
)

// Fetched is the argument of a mutation with a Prepare hook.
type Fetched struct{ ID uint32 }

// preparing is a bank of which waiting mutations of one client may wait.
func preparing(waiting int) (records.Room[Bank], Fetched) {
	definition := BankRoom()
	definition.Limits.Waiting = waiting
	definition.Mutations = append(definition.Mutations, records.CallPrepared(
		func(context.Context, records.User, Fetched) (int64, error) { return 7, nil },
		func(b *Bank, _ *records.Ctx, f Fetched, prepared int64) error {
			return b.Accounts.Put(Account{ID: f.ID, Balance: prepared})
		}))
	return definition, Fetched{1}
}

func TestR10_2_WhoIsPutOutWhileAMutationWaitsWritesNothing(t *testing.T) {
	definition, args := preparing(3)
	definition.Roles = []string{"member"}
	definition.Role = func(b *Bank, _ records.User) string {
		if _, banned := b.Accounts.Get(99); banned {
			return ""
		}
		return "member"
	}
	room := recordstest.New(t, definition)
	ann := room.Join("ann")
	room.HoldPrepare()
	ann.Call(args)
	ann.Call(args)
	room.Write(func(b *Bank, _ *records.Ctx) error { return b.Accounts.Put(Account{ID: 99}) })
	if !ann.Left {
		t.Fatal("ann is in the room")
	}
	room.Prepare()
	equal(t, "balances", balances(room), 0)
	room.Write(func(b *Bank, _ *records.Ctx) error { b.Accounts.Delete(99); return nil })
	ann.Reconnect()
	if ann.Opened.Last != 2 {
		t.Errorf("%d of ann's mutations count", ann.Opened.Last)
	}
	_, err := push(ann, room, 2)
	refused(t, err, schema.CodeForbidden)
}
