package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/parlor-server/parlor/canvas/board"
)

// exportCommand prints a board or a document of a running server.
type exportCommand struct {
	Room    string `arg:"" help:"The board or document: KIND/NAME."`
	Format  string `default:"json" enum:"json,svg,yjs" placeholder:"FORMAT" help:"json: all shapes, for import; svg: a picture; yjs: the document as one Yjs update."`
	Version string `placeholder:"NAME" help:"A saved version instead of what is on the board now; json only."`
	operator
}

// Help is the long text of export --help.
func (exportCommand) Help() string {
	return `Prints a board or a document of a running server. Of one that does not run,
dump reads the data folder.

Examples:

    PROGRAM export board/main > main.json
    PROGRAM export board/main --format svg > main.svg
    PROGRAM export notes/today --format yjs > today.yjs`
}

// Run prints.
func (c *exportCommand) Run(p *program) error {
	path, err := roomPath(c.Room)
	if err != nil {
		return err
	}
	path += "/export." + c.Format
	if c.Version != "" {
		if c.Format != "json" {
			return fmt.Errorf("a version can be had as json, not as %s: restore it first", c.Format)
		}
		path += "?version=" + url.QueryEscape(c.Version)
	}
	response, err := c.request(p.ctx, p.name, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.Copy(p.stdout, response.Body); err != nil {
		return fmt.Errorf("the export broke off: %w", err)
	}
	return nil
}

// importCommand adds to a board of a running server, or replaces it.
type importCommand struct {
	Room    string `arg:"" help:"The board: KIND/NAME."`
	File    string `arg:"" help:"What export printed, or - for the standard input."`
	Replace bool   `help:"Remove what is on the board now. On the players' address that is for owners."`
	operator
}

// Help is the long text of import --help.
func (importCommand) Help() string {
	return `Adds what export printed to a board, or puts it in the place of all that is
there, as one edit. What the board's kind does not allow refuses it whole.

Examples:

    PROGRAM versions board/main --save "before the import"
    PROGRAM import board/main main.json --replace`
}

// Run sends the file.
func (c *importCommand) Run(p *program) (err error) {
	path, err := roomPath(c.Room)
	if err != nil {
		return err
	}
	from := io.Reader(os.Stdin)
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return fmt.Errorf("failed to read what to import: %w", err)
		}
		defer func() { _ = f.Close() }()
		from = f
	}
	path += "/import"
	if c.Replace {
		path += "?replace=true"
	}
	var answer struct{ Shapes int }
	if err := c.answer(p.ctx, p.name, http.MethodPost, path, from, &answer); err != nil {
		return err
	}
	fmt.Fprintf(p.stderr, "%d shapes are on %s\n", answer.Shapes, c.Room)
	return nil
}

// versionsCommand lists, makes and restores a board's versions.
type versionsCommand struct {
	Room    string `arg:"" help:"The board: KIND/NAME."`
	Save    string `xor:"do" placeholder:"NAME" help:"Save the board as it is under a name."`
	Restore string `xor:"do" placeholder:"NAME" help:"Bring a saved version back, as a new edit."`
	Forget  string `xor:"do" placeholder:"NAME" help:"Forget a saved version."`
	operator
}

// Help is the long text of versions --help.
func (versionsCommand) Help() string {
	return `Lists the saved versions of a board of a running server, the oldest first.

Examples:

    PROGRAM versions board/main
    PROGRAM versions board/main --save "after the workshop"
    PROGRAM versions board/main --restore "after the workshop"`
}

// Run does what is asked for, and lists.
func (c *versionsCommand) Run(p *program) error {
	path, err := roomPath(c.Room)
	if err != nil {
		return err
	}
	method, verb, name := http.MethodGet, "/versions", ""
	switch {
	case c.Save != "":
		method, name = http.MethodPost, c.Save
	case c.Restore != "":
		method, verb, name = http.MethodPost, "/restore", c.Restore
	case c.Forget != "":
		method, verb, name = http.MethodPost, "/forget", c.Forget
	}
	var body io.Reader
	if name != "" {
		text, err := json.Marshal(map[string]string{"name": name})
		if err != nil {
			return errors.New("the name is not text")
		}
		body = strings.NewReader(string(text))
	}
	var answer struct{ Versions []board.Version }
	if err := c.answer(p.ctx, p.name, method, path+verb, body, &answer); err != nil {
		return err
	}
	for _, v := range answer.Versions {
		by := v.By
		if by == "" {
			by = "an operator"
		}
		fmt.Fprintf(p.stdout, "%s  %6d shapes  %s, by %s\n", time.UnixMilli(v.Time).UTC().Format(time.RFC3339), v.Shapes, v.Name, by)
	}
	return nil
}
