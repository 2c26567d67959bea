package records_test

import (
	"context"

	"github.com/parlor-server/parlor/persistence/records"
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
