package records_test

import (
	"testing"

	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/recordstest"
	"github.com/parlor-server/parlor/tick"
)

// BenchmarkTransfer is the bank's mutation: two records of 100,000 read and
// written, a receipt, and what the runner gets to make durable.
func BenchmarkTransfer(b *testing.B) {
	const accounts = 100_000
	kind := records.Define("bank", BankRoom())
	var out records.Outbox
	m, err := kind.Open(new(recordstest.Store), records.OpenOptions{Room: "bank/main", Epoch: 1, Now: 1}, &out)
	if err != nil {
		b.Fatal(err)
	}
	for from := 0; from < accounts; from += 10_000 {
		m.Apply(1, &records.Transact{Done: func(records.Outcome, error) {}, Do: func(world any, _ *records.Ctx) error {
			for i := range 10_000 {
				if _, err := world.(*Bank).Accounts.Insert(Account{ID: uint32(from + i), Owner: "somebody", Balance: 1 << 40}); err != nil {
					return err
				}
			}
			return nil
		}}, &out)
	}
	m.Apply(1, &records.Attach{Conn: 1, User: records.User{ID: "ann"}, ClientID: "01HZX3K9V8TQ2M5N7P4R6S8W0Y"}, &out)
	r := tick.NewRand(1)
	var args [1024][]byte
	for i := range args {
		from := r.IntN(accounts)
		_, args[i], err = m.EncodeArgs(Transfer{From: uint32(from), To: uint32((from + 1 + r.IntN(accounts-1)) % accounts), Amount: 7})
		if err != nil {
			b.Fatal(err)
		}
	}
	op := &records.Mutate{Conn: 1, Name: "Transfer"}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		out.Reset()
		op.ID, op.Args = uint64(i)+1, args[i%len(args)]
		m.Apply(int64(i), op, &out)
	}
	if s := out.After[len(out.After)-1]; s.Kind != records.SendReceipt || s.Receipt.Code != 0 {
		b.Fatalf("the last answer is %+v", s)
	}
}
