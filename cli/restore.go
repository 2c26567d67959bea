package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/parlor-server/parlor/persistence/store"
)

// restoreCommand makes a data folder's records of a backup.
type restoreCommand struct {
	File string `arg:"" help:"What backup wrote."`
	dataFolder
}

// Help is the long text of restore --help.
func (restoreCommand) Help() string {
	return `Makes the record rooms of a data folder out of a backup. The folder must not
have any: move DIR/records away first. Clients notice that a room was restored,
and get all its records anew.

Example:

    PROGRAM restore monday.backup --data /var/lib/game`
}

// Run reads the file.
func (c *restoreCommand) Run(p *program) error {
	f, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("failed to open the backup: %w", err)
	}
	defer func() { _ = f.Close() }()
	err = store.Restore(c.records(), f)
	switch {
	case errors.Is(err, store.ErrNotEmpty):
		return fmt.Errorf("there are records in %s already: move that folder away, or name another with --data", c.records())
	case err != nil:
		return fmt.Errorf("failed to restore %s: %w", c.File, err)
	}
	fmt.Fprintf(p.stdout, "The record rooms of %s are in %s.\n", c.File, c.records())
	return nil
}
