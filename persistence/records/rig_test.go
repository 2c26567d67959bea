package records_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/recordstest"
	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

// code is the code of a refusal, or 0.
func code(err error) schema.Code {
	if e, ok := errors.AsType[*schema.Error](err); ok {
		return e.Code
	}
	if err != nil {
		panic(fmt.Sprintf("%v has no code", err))
	}
	return 0
}

// refused fails the test unless err has the code.
func refused(t *testing.T, err error, want schema.Code) {
	t.Helper()
	if code(err) != want {
		t.Fatalf("the refusal is %v, want %v", err, want)
	}
}

// equal compares two lists.
func equal[E comparable](t *testing.T, what string, got []E, want ...E) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("%s: %v, want %v", what, got, want)
	}
}

// board opens a board with members: ann is an editor, root the admin, all
// others viewers.
func board(t *testing.T, options ...recordstest.Option) *recordstest.Room[Board] {
	t.Helper()
	room := recordstest.New(t, BoardRoom(), options...)
	room.Write(func(b *Board, _ *records.Ctx) error { return b.Members.Put(Member{User: "ann", Role: "editor"}) })
	return room
}

// bank opens a bank with ten accounts of 100.
func bank(t *testing.T, options ...recordstest.Option) *recordstest.Room[Bank] {
	t.Helper()
	room := recordstest.New(t, BankRoom(), options...)
	room.Write(func(b *Bank, _ *records.Ctx) error {
		for i := range uint32(10) {
			if _, err := b.Accounts.Insert(Account{ID: i, Balance: 100}); err != nil {
				return err
			}
		}
		return nil
	})
	return room
}

// balances are those of all accounts.
func balances(room *recordstest.Room[Bank]) (list []int64) {
	room.View(func(b *Bank) {
		for _, a := range b.Accounts.All() {
			list = append(list, a.Balance)
		}
	})
	return list
}

// titles are those of the tasks that a live query has.
func titles(l *recordstest.Live[Task]) (list []string) {
	for _, task := range l.Rows() {
		list = append(list, task.Title)
	}
	return list
}

// allTasks follows all tasks that the client may read.
func allTasks(c *recordstest.Client) *recordstest.Live[Task] {
	return recordstest.Subscribe[Task](c, "Tasks", query.All())
}

// mutate is a mutation of built-in operations made for a version.
func mutate(version uint32, ops ...value.Operation) records.Mutate {
	return records.Mutate{Args: value.AppendOperations(nil, ops...), Version: version}
}
