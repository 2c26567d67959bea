// Package bank is accounts and transfers between them. This file is all of it;
// the page in web shows the accounts live. The benchmark `bank` measures the
// same room with 100,000 accounts.
package bank

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/records"
)

const (
	welcome = 1_000     // what a new account has
	capital = 1_000_000 // what a house account has
	maxName = 40        // characters
)

// Account is one account. Those without an owner are the house's, and anyone
// may move their money: what would a demo be otherwise?
type Account struct {
	ID      int32  `parlor:"key,auto"`
	Owner   string `parlor:"index"`
	Name    string `parlor:"required"`
	Balance int64
}

// Bank is all that the room remembers.
type Bank struct {
	Accounts records.Collection[int32, Account]
}

type (
	// Open asks for an account; a user has one.
	Open struct{ Name string }
	// Transfer moves money between two accounts.
	Transfer struct {
		From, To int32
		Amount   int64
	}
)

// Room is a bank that begins with house accounts.
func Room(houses int) records.Room[Bank] {
	return records.Room[Bank]{
		Version: 1,
		Create:  func(b *Bank, _ *records.Ctx) error { return b.found(houses) },
		Mutations: []records.Mutation[Bank]{
			records.Call((*Bank).open),
			records.Call((*Bank).transfer).Authorize((*Bank).mayTransfer),
		},
	}
}

func (b *Bank) found(houses int) error {
	for i := range houses {
		name := fmt.Sprintf("House %d", i+1)
		if i < len(houseNames) {
			name = houseNames[i]
		}
		if _, err := b.Accounts.Insert(Account{Name: name, Balance: capital}); err != nil {
			return err
		}
	}
	return nil
}

var houseNames = [...]string{"Bakery", "Harbour", "Cinema", "Library", "Brewery", "Tailor", "Lighthouse", "Tea house"}

func (b *Bank) open(ctx *records.Ctx, o Open) error {
	for id := range b.Accounts.Where(query.Where(query.Eq("Owner", ctx.User().ID))) {
		ctx.Result(id)
		return nil // it has one already
	}
	name := strings.Join(strings.Fields(o.Name), " ")
	if n := utf8.RuneCountInString(name); n == 0 || n > maxName {
		return records.Invalid("Name", "a name has 1 to %d characters", maxName)
	}
	id, err := b.Accounts.Insert(Account{Owner: ctx.User().ID, Name: name, Balance: welcome})
	ctx.Result(id)
	return err
}

// mayTransfer keeps people from others' money; they read what it says.
func (b *Bank) mayTransfer(ctx *records.Ctx, t Transfer) error {
	if from, ok := b.Accounts.Get(t.From); ok && from.Owner != "" && from.Owner != ctx.User().ID {
		return fmt.Errorf("account %d is not yours", t.From)
	}
	return nil
}

func (b *Bank) transfer(_ *records.Ctx, t Transfer) error {
	if t.Amount <= 0 || t.From == t.To {
		return records.Invalid("Amount", "move an amount above zero to another account")
	}
	from, ok := b.Accounts.Get(t.From)
	if !ok {
		return records.Invalid("From", "there is no such account")
	}
	to, ok := b.Accounts.Get(t.To)
	if !ok {
		return records.Invalid("To", "there is no such account")
	}
	if from.Balance < t.Amount {
		return records.Invalid("Amount", "the account holds less than that")
	}
	from.Balance -= t.Amount
	to.Balance += t.Amount
	return errors.Join(b.Accounts.Put(from), b.Accounts.Put(to))
}
