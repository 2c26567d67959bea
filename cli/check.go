package cli

import (
	"errors"
	"fmt"

	"github.com/parlor-server/parlor/internal/disk"
	"github.com/parlor-server/parlor/persistence/store"
)

// checkCommand looks for damage in a data folder.
type checkCommand struct{ dataFolder }

// Help is the long text of check --help.
func (checkCommand) Help() string {
	return `Reads all record rooms of a server that does not run: every checksum, the
journal's chains, and whether change log and indexes agree with the records. It
changes nothing. Exit status 1 if something is damaged, with one line for each.

Example:

    PROGRAM check --data /var/lib/game`
}

// Run checks.
func (c *checkCommand) Run(p *program) error {
	if err := c.dataFolder.check(); err != nil {
		return err
	}
	report, err := store.Check(c.records(), disk.OS())
	switch {
	case errors.Is(err, store.ErrLocked):
		return fmt.Errorf("a server is running on %s: end it first", c.Data)
	case err != nil:
		return fmt.Errorf("failed to check %s: %w", c.Data, err)
	}
	for _, damage := range report.Damage {
		fmt.Fprintln(p.stdout, damage)
	}
	fmt.Fprintf(p.stdout, "%d rooms, %d records, %d entries of the change log\n", report.Rooms, report.Records, report.Changes)
	if len(report.Damage) > 0 {
		fmt.Fprintf(p.stderr, "%s: %d places are damaged. The server does not serve damaged rooms: restore them from a backup\n", p.name, len(report.Damage))
		return exitFailed
	}
	return nil
}
