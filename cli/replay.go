package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/rooms/record"
	"github.com/parlor-server/parlor/tick"
)

// replayCommands work on recordings: segment files, or folders of rooms.
type replayCommands struct {
	Verify verifyCommand `cmd:"" help:"Replay recordings and compare the state after every tick."`
	Show   showCommand   `cmd:"" help:"Replay a recording to a tick and show the room's tables."`
	Bisect bisectCommand `cmd:"" help:"Find the first tick and field where two recordings differ."`
}

// Help is the long text of replay --help.
func (replayCommands) Help() string {
	return `Every room writes what it did to DATA/recordings/KIND/ROOM/. A recording replays
only with the rules that made it: run these commands with the same build.`
}

// truncated is the flag of all replay commands for recordings without an end.
type truncated struct {
	Truncated bool `help:"Accept a recording whose end is missing, because its server crashed or still runs."`
}

func (t truncated) options() record.ReadOptions {
	return record.ReadOptions{AllowTruncated: t.Truncated}
}

type verifyCommand struct {
	Paths []string `arg:"" name:"file" help:"Segment files, folders of rooms, or folders with folders of rooms."`
	truncated
}

// Help is the long text of replay verify --help.
func (verifyCommand) Help() string {
	return `Examples:

    PROGRAM replay verify data/recordings
    PROGRAM replay verify data/recordings/KIND/ROOM/000001.rec

The exit status is 1 when a recording does not replay, or is damaged.`
}

// Run verifies all recordings, also after one has failed.
func (c *verifyCommand) Run(p *program) error {
	var failed, all int
	for _, path := range c.Paths {
		recordings, err := recordingsIn(path)
		if err != nil {
			return err
		}
		for _, recording := range recordings {
			all++
			ticks, err := rooms.Verify(p.cfg.Rooms, recording, c.options())
			if err != nil {
				failed++
				fmt.Fprintf(p.stdout, "FAILED %s: %v\n", recording, explain(err, c.options()))
				continue
			}
			fmt.Fprintf(p.stdout, "ok %s: %d ticks\n", recording, ticks)
		}
	}
	switch {
	case all == 0:
		return errors.New("there are no recordings")
	case failed > 0:
		fmt.Fprintf(p.stderr, "%s: %d of %d recordings failed\n", p.name, failed, all)
		return exitFailed
	}
	return nil
}

// recordingsIn lists a file, a room's folder, or all rooms' folders below one.
func recordingsIn(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("failed to find the recording: %w", err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("failed to list the recordings: %w", err)
	}
	var list []string
	rooms, files := false, false
	for _, e := range entries {
		if !e.IsDir() {
			files = true
			continue
		}
		rooms = true
		below, err := recordingsIn(filepath.Join(path, e.Name()))
		if err != nil {
			return nil, err
		}
		list = append(list, below...)
	}
	if files && !rooms {
		return []string{path}, nil
	}
	return list, nil
}

// explain adds what to do: --truncated for a recording without an end, and for
// a mismatch the build to check out, where another one made the recording.
func explain(err error, opts record.ReadOptions) error {
	if errors.Is(err, record.ErrTruncated) {
		return fmt.Errorf("%w (if its server crashed or still runs, --truncated accepts what is there)", err)
	}
	var mismatch *rooms.Mismatch
	if !errors.As(err, &mismatch) {
		return err
	}
	reader, openErr := record.Open(mismatch.File, opts)
	if openErr != nil {
		return err
	}
	segment, nextErr := reader.Next()
	if nextErr != nil || segment.Header.Build == record.BuildInfo() {
		return err
	}
	return fmt.Errorf("%w; another build made it (%s): check that one out to replay it", err, describeBuild(segment.Header.Build))
}

func describeBuild(b record.Build) string {
	text := "revision unknown"
	if b.Revision != "" {
		text = "revision " + b.Revision
	}
	if b.Modified {
		text += " with changes that were not committed"
	}
	return fmt.Sprintf("%s, %s, %s/%s %s", text, b.GoVersion, b.GOOS, b.GOARCH, b.GOAMD64)
}

type showCommand struct {
	Path string    `arg:"" name:"file" help:"A segment file or a room's folder."`
	Tick tick.Tick `placeholder:"N" help:"The tick to stop after. Default: the last one."`
	truncated
}

// Help is the long text of replay show --help.
func (showCommand) Help() string {
	return `Examples:

    PROGRAM replay show data/recordings/KIND/ROOM --tick 1200
    PROGRAM replay show data/recordings/KIND/ROOM --truncated   # while the room runs`
}

// Run replays to a tick and describes the room.
func (c *showCommand) Run(p *program) error {
	r, err := rooms.OpenReplay(p.cfg.Rooms, c.Path, c.options())
	if err != nil {
		return explain(err, c.options())
	}
	defer r.Close()
	if err := c.replay(r); err != nil {
		return explain(err, c.options())
	}
	h := r.Header()
	fmt.Fprintf(p.stdout, "room %s of %s, %d Hz, created %s, %s\n\n", h.Room, h.Kind, h.Hz,
		h.Started.UTC().Format("2006-01-02 15:04:05 UTC"), describeBuild(h.Build))
	return r.Room().Describe(p.stdout)
}

func (c *showCommand) replay(r *rooms.Replay) error {
	if c.Tick > 0 {
		return r.To(c.Tick)
	}
	for {
		if _, err := r.Step(); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

type bisectCommand struct {
	A string `arg:"" help:"A segment file or a room's folder."`
	B string `arg:"" help:"Another one, of the same kind of room."`
	truncated
}

// Help is the long text of replay bisect --help.
func (bisectCommand) Help() string {
	return `The exit status is 3 when the recordings differ, and 0 when they agree for as
long as both go.`
}

// Run tells where two recordings part.
func (c *bisectCommand) Run(p *program) error {
	d, err := rooms.Bisect(p.cfg.Rooms, c.A, c.B, c.options())
	if err != nil {
		return explain(err, c.options())
	}
	if d == nil {
		_, err := fmt.Fprintln(p.stdout, "they agree")
		return err
	}
	fmt.Fprintf(p.stdout, "they differ first at tick %d: %s\n", d.Tick, d.Field)
	if d.Input != "" {
		fmt.Fprintf(p.stdout, "its first other input: %s\n", d.Input)
	}
	return exitDifferent
}
