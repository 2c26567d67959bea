package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// selection says which records of a room.
type selection struct {
	Room       string `arg:"" help:"The record room: KIND/NAME."`
	Collection string `arg:"" help:"The collection's name, which is that of the Go field."`
	Where      string `placeholder:"JSON" help:"Which records: {\"eq\": [\"List\", \"a\"]}, and ne gt gte lt lte in like ilike isNull and or not."`
	OrderBy    string `name:"order-by" placeholder:"FIELDS" help:"Their order, such as Votes:desc,ID."`
	Limit      int    `default:"100" placeholder:"N" help:"How many at most; up to 1000."`
	Offset     int    `placeholder:"N" help:"How many to leave out first."`
}

// values is the selection as a URL has it.
func (s *selection) values() url.Values {
	values := url.Values{"limit": {strconv.Itoa(s.Limit)}}
	for name, text := range map[string]string{"where": s.Where, "orderBy": s.OrderBy} {
		if text != "" {
			values.Set(name, text)
		}
	}
	if s.Offset > 0 {
		values.Set("offset", strconv.Itoa(s.Offset))
	}
	return values
}

// queryCommand reads records of a running server.
type queryCommand struct {
	selection
	operator
}

// Help is the long text of query --help.
func (queryCommand) Help() string {
	return `Prints records of a record room of a running server, one JSON object a line.

Examples:

    PROGRAM query tasks/main Tasks --order-by Votes:desc --limit 10
    PROGRAM query tasks/main Tasks --where '{"and": [{"eq": ["List", "a"]}, {"gt": ["Votes", 3]}]}'`
}

// Run makes the query.
func (c *queryCommand) Run(p *program) error {
	path, err := roomPath(c.Room)
	if err != nil {
		return err
	}
	var answer struct {
		Seq     uint64
		Records []json.RawMessage
		Capped  bool
	}
	path += "/records/" + url.PathEscape(c.Collection) + "?" + c.values().Encode()
	if err := c.answer(p.ctx, p.name, http.MethodGet, path, nil, &answer); err != nil {
		return err
	}
	var lines bytes.Buffer
	for _, record := range answer.Records {
		lines.Write(record)
		lines.WriteByte('\n')
	}
	if _, err := p.stdout.Write(lines.Bytes()); err != nil {
		return fmt.Errorf("failed to print the records: %w", err)
	}
	fmt.Fprintf(p.stderr, "%d records of %s as of number %d\n", len(answer.Records), c.Room, answer.Seq)
	if answer.Capped {
		fmt.Fprintln(p.stderr, "The query ended at the room's scan limit: there may be more. An index, or a narrower --where, helps.")
	}
	return nil
}
