package cli

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/parlor-server/parlor"
	"github.com/parlor-server/parlor/persistence/store"
)

// dataFolder is where an offline command finds the record rooms.
type dataFolder struct {
	Data string `default:"${data}" placeholder:"DIR" help:"Folder for all that the server keeps, as serve has it."`
}

func (d *dataFolder) records() string { return filepath.Join(d.Data, parlor.RecordsFolder) }

// open opens the records of a server that does not run.
func (d *dataFolder) open() (*store.Store, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	s, err := store.Open(d.records(), store.Options{})
	if errors.Is(err, store.ErrLocked) {
		return nil, fmt.Errorf("a server is running on %s: end it first; of a running one \"backup --online\" makes a copy", d.Data)
	}
	if err != nil {
		return nil, fmt.Errorf("failed to open the records in %s: %w", d.Data, err)
	}
	return s, nil
}

// check refuses a folder that has no records, which opening would make.
func (d *dataFolder) check() error {
	if _, err := os.Stat(d.records()); err != nil {
		return fmt.Errorf("there are no records in %s: name the server's data folder with --data: %w", d.Data, err)
	}
	return nil
}

// backupCommand copies all record rooms into one file.
type backupCommand struct {
	File   string `arg:"" help:"The file to write. It must not exist."`
	Online bool   `help:"Ask the running server, at --url, which goes on meanwhile."`
	dataFolder
	operator
}

// Help is the long text of backup --help.
func (backupCommand) Help() string {
	return `Writes all record rooms, as of one moment, to a file for restore. Of a server
that does not run it reads the data folder; a running one is asked with --online.

Examples:

    PROGRAM backup monday.backup --online
    PROGRAM backup monday.backup --data /var/lib/game`
}

// Run writes the file, under another name until it is whole.
func (c *backupCommand) Run(p *program) error {
	if _, err := os.Stat(c.File); err == nil {
		return fmt.Errorf("%s exists: choose another name, or remove it first", c.File)
	}
	part := c.File + ".part"
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("failed to make the backup: %w", err)
	}
	defer func() { _ = os.Remove(part) }() // it is gone when all went well
	write := c.offline
	if c.Online {
		write = c.online
	}
	if err := errors.Join(write(p, f), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(part, c.File); err != nil {
		return fmt.Errorf("failed to name the backup: %w", err)
	}
	fmt.Fprintf(p.stdout, "All record rooms are in %s. To read it back: %s restore %s --data DIR\n", c.File, p.name, c.File)
	return nil
}

func (c *backupCommand) offline(_ *program, w io.Writer) error {
	s, err := c.open()
	if err != nil {
		return err
	}
	return errors.Join(s.Backup(w), s.Close())
}

func (c *backupCommand) online(p *program, w io.Writer) error {
	response, err := c.request(p.ctx, p.name, http.MethodGet, "/backup", nil)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.Copy(w, response.Body); err != nil {
		return fmt.Errorf("the backup broke off: %w", err)
	}
	if response.Trailer.Get(parlor.BackupTrailer) != "whole" {
		return errors.New("the server could not finish the backup: its log says why")
	}
	return nil
}
