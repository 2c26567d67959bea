package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// callCommand runs one mutation.
type callCommand struct {
	Room     string `arg:"" help:"The record room: KIND/NAME."`
	Mutation string `arg:"" help:"The mutation's name, which is that of its Go argument type."`
	Args     string `arg:"" optional:"" default:"{}" help:"Its arguments: a JSON object with the names of the Go fields."`
	operator
}

// Help is the long text of call --help.
func (callCommand) Help() string {
	return `Runs one mutation in a record room of a running server, and prints what it
returned once it is on disk. An operator may call every mutation.

Examples:

    PROGRAM call tasks/main Vote '{"Task": "t1"}'
    PROGRAM call bank/main Transfer '{"From": 1, "To": 2, "Amount": 30}' --url https://game.example.com --token USERTOKEN`
}

// Run makes the call.
func (c *callCommand) Run(p *program) error {
	path, err := roomPath(c.Room)
	if err != nil {
		return err
	}
	if !json.Valid([]byte(c.Args)) {
		return fmt.Errorf("the arguments are not JSON: %s\nWrite an object in single quotes, such as '{\"Task\": \"t1\"}'", c.Args)
	}
	var answer struct {
		Seq    uint64
		Result json.RawMessage
	}
	if err := c.answer(p.ctx, p.name, http.MethodPost, path+"/call/"+url.PathEscape(c.Mutation), strings.NewReader(c.Args), &answer); err != nil {
		return err
	}
	fmt.Fprintf(p.stderr, "done, on disk as number %d of %s\n", answer.Seq, c.Room)
	if len(answer.Result) > 0 {
		fmt.Fprintf(p.stdout, "%s\n", answer.Result)
	}
	return nil
}
