package bank

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/recordstest"
	"github.com/parlor-server/parlor/schema"
)

const houses = 3

func open(t *testing.T) *recordstest.Room[Bank] { return recordstest.New(t, Room(houses)) }

// balances are those of all accounts, by ID.
func balances(room *recordstest.Room[Bank]) map[int32]int64 {
	all := make(map[int32]int64)
	room.View(func(b *Bank) {
		for id, a := range b.Accounts.All() {
			all[id] = a.Balance
		}
	})
	return all
}

func sum(balances map[int32]int64) (total int64) {
	for _, b := range balances {
		total += b
	}
	return total
}

// account returns the ID of a new account.
func account(t *testing.T, c *recordstest.Client, name string) (id int32) {
	t.Helper()
	if _, err := fmt.Sscan(string(c.Call(Open{name}).Result), &id); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestNoMoneyIsMadeOrLost(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		room := open(t)
		var people []*recordstest.Client
		for i := range rapid.IntRange(1, 3).Draw(rt, "people") {
			people = append(people, room.Join(fmt.Sprint("user", i)))
			account(t, people[i], "Somebody")
		}
		began := sum(balances(room))
		if want := houses*int64(capital) + int64(len(people))*welcome; began != want {
			rt.Fatalf("the bank began with %d, want %d", began, want)
		}
		last := int32(houses + len(people) + 1) // one that does not exist
		for range rapid.IntRange(1, 30).Draw(rt, "transfers") {
			who := rapid.SampledFrom(people).Draw(rt, "who")
			move := Transfer{
				From:   rapid.Int32Range(0, last).Draw(rt, "from"),
				To:     rapid.Int32Range(0, last).Draw(rt, "to"),
				Amount: rapid.OneOf(rapid.Int64Range(1, 2*welcome), rapid.Int64()).Draw(rt, "amount"),
			}
			before := balances(room)
			_, err := who.TryCall(move)
			after := balances(room)
			if err == nil {
				before[move.From] -= move.Amount
				before[move.To] += move.Amount
			}
			for id, balance := range after {
				if balance < 0 || balance != before[id] {
					rt.Fatalf("%+v (%v): account %d has %d, want %d", move, err, id, balance, before[id])
				}
			}
		}
		room.Restart(time.Hour)
		if now := sum(balances(room)); now != began {
			rt.Fatalf("after a restart there is %d, and there was %d", now, began)
		}
	})
}

func TestRefusals(t *testing.T) {
	room := open(t)
	ann, bob := room.Join("ann"), room.Join("bob")
	hers, his := account(t, ann, "Ann"), account(t, bob, "Bob")
	for _, test := range []struct {
		args  any
		code  schema.Code
		field string
		says  string
	}{
		{Transfer{his, hers, 1}, schema.CodeForbidden, "", fmt.Sprintf("account %d is not yours", his)},
		{Transfer{hers, his, welcome + 1}, schema.CodeValidation, "Amount", "the account holds less than that"},
		{Transfer{hers, his, 0}, schema.CodeValidation, "Amount", "move an amount above zero to another account"},
		{Transfer{hers, his, -5}, schema.CodeValidation, "Amount", "move an amount above zero to another account"},
		{Transfer{hers, his, math.MinInt64}, schema.CodeValidation, "Amount", "move an amount above zero to another account"},
		{Transfer{hers, hers, 5}, schema.CodeValidation, "Amount", "move an amount above zero to another account"},
		{Transfer{99, hers, 5}, schema.CodeValidation, "From", "there is no such account"},
		{Transfer{hers, 99, 5}, schema.CodeValidation, "To", "there is no such account"},
		{Transfer{1, hers, capital + 1}, schema.CodeValidation, "Amount", "the account holds less than that"},
	} {
		before := balances(room)
		receipt, err := ann.TryCall(test.args)
		var e *schema.Error
		if !errors.As(err, &e) || e.Code != test.code || e.Message != test.says || receipt.Field != test.field {
			t.Errorf("%+v: %v in field %q, want %v %q in %q", test.args, err, receipt.Field, test.code, test.says, test.field)
		}
		for id, balance := range balances(room) {
			if balance != before[id] {
				t.Errorf("%+v was refused, and account %d has %d instead of %d", test.args, id, balance, before[id])
			}
		}
	}
}

func TestNamesOfAccounts(t *testing.T) {
	room := open(t)
	for i, name := range []string{"", " \t\n", strings.Repeat("ö", maxName+1)} {
		receipt, err := room.Join(fmt.Sprint("user", i)).TryCall(Open{name})
		if err == nil || receipt.Code != schema.CodeValidation || receipt.Field != "Name" {
			t.Errorf("the name %q: %v in field %q", name, err, receipt.Field)
		}
	}
	id := account(t, room.Join("ann"), "  Ann \n of  Green Gables ")
	room.View(func(b *Bank) {
		if a, _ := b.Accounts.Get(id); a.Name != "Ann of Green Gables" || a.Owner != "ann" || a.Balance != welcome {
			t.Errorf("the account is %+v", a)
		}
	})
}

func TestAUserHasOneAccount(t *testing.T) {
	room := open(t)
	ann := room.Join("ann")
	id := account(t, ann, "Ann")
	ann.Call(Transfer{id, 1, 10})
	if again := account(t, ann, "Somebody else"); again != id {
		t.Errorf("the second account is %d, the first %d", again, id)
	}
	if all := balances(room); len(all) != houses+1 || all[id] != welcome-10 {
		t.Errorf("the accounts are %v", all)
	}
}

func TestAnybodyMovesTheHousesMoneyAndAllSeeIt(t *testing.T) {
	room := open(t)
	ann, bob := room.Join("ann"), room.Join("bob")
	seen := recordstest.Subscribe[Account](bob, "Accounts", query.All().By("ID"))
	ann.Call(Transfer{1, 2, 30})
	rows := seen.Rows()
	if len(rows) != houses || rows[0].Balance != capital-30 || rows[1].Balance != capital+30 {
		t.Errorf("bob sees %+v", rows)
	}
}

func TestAccountsChangeByTransfersOnly(t *testing.T) {
	room := open(t)
	ann := room.Join("ann")
	id := account(t, ann, "Ann")
	for what, err := range map[string]error{
		"create": ann.Create("Accounts", Account{Name: "Rich", Balance: 1 << 40}),
		"put":    ann.Put("Accounts", recordstest.Fields{"ID": id, "Balance": 1 << 40}),
		"remove": ann.Remove("Accounts", recordstest.Fields{"ID": 1}),
	} {
		if e := new(schema.Error); !errors.As(err, &e) || e.Code != schema.CodeForbidden {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// The house accounts are made once, however often the bank is opened.
func TestTheBankIsFoundedOnce(t *testing.T) {
	room := open(t)
	room.Restart(0)
	room.Restart(time.Hour)
	if all := balances(room); len(all) != houses || sum(all) != houses*capital {
		t.Errorf("the accounts are %v", all)
	}
	if err := records.Define("bank", Room(houses)).Err(); err != nil {
		t.Error(err)
	}
}
