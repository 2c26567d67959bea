package journal_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/parlor-server/parlor/persistence/journal"
)

func Example() {
	folder, err := os.MkdirTemp("", "journal-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	dir := filepath.Join(folder, "journal")
	replay := func(_ journal.Position, e journal.Entry) error {
		fmt.Printf("%s %d–%d: %s\n", e.Room, e.First, e.Last, e.Data)
		return nil
	}

	// A new journal has nothing to replay.
	j, _, err := journal.Open(dir, journal.Options{}, 0, replay)
	if err != nil {
		panic(err)
	}
	checkpoint, err := j.Append([]journal.Entry{
		{Room: "tasks/main", First: 1, Last: 2, Data: []byte("two transactions")},
		{Room: "bank/main", First: 1, Last: 1, Data: []byte("a transfer")},
	})
	if err != nil {
		panic(err)
	}
	// Both rooms' entries are durable. A checkpoint that holds them ends here.
	if _, err := j.Append([]journal.Entry{{Room: "tasks/main", First: 3, Last: 3, Data: []byte("another")}}); err != nil {
		panic(err)
	}
	if err := j.Close(); err != nil {
		panic(err)
	}

	// After a restart only what the checkpoint does not have is replayed.
	j, report, err := journal.Open(dir, journal.Options{}, checkpoint, replay)
	if err != nil {
		panic(err)
	}
	defer j.Close()
	if why := report.Reason("tasks/main"); why != "" {
		fmt.Println("tasks/main is not whole:", why)
	}
	if err := j.Cut(checkpoint); err != nil {
		panic(err)
	}
	// Output: tasks/main 3–3: another
}
