package records_test

import "github.com/parlor-server/parlor/persistence/records"

// Bank is what the benchmark does: accounts and transfers.
type Bank struct {
	Accounts records.Collection[uint32, Account]
}

type Account struct {
	ID      uint32 `parlor:"key"`
	Owner   string `parlor:"index"`
	Balance int64
}

type Transfer struct {
	From, To uint32
	Amount   int64
}

func BankRoom() records.Room[Bank] {
	return records.Room[Bank]{Mutations: []records.Mutation[Bank]{records.Call((*Bank).transfer)}}
}

func (b *Bank) transfer(_ *records.Ctx, t Transfer) error {
	from, ok := b.Accounts.Get(t.From)
	if !ok {
		return records.Invalid("From", "there is no account %d", t.From)
	}
	to, ok := b.Accounts.Get(t.To)
	if !ok {
		return records.Invalid("To", "there is no account %d", t.To)
	}
	if t.Amount <= 0 || t.From == t.To {
		return records.Invalid("Amount", "nothing to move")
	}
	if from.Balance < t.Amount {
		return records.Invalid("Amount", "there are only %d", from.Balance)
	}
	from.Balance -= t.Amount
	to.Balance += t.Amount
	if err := b.Accounts.Put(from); err != nil {
		return err
	}
	return b.Accounts.Put(to)
}
