// Command fuzz is the Go side of the differential fuzzer in run.mjs: it keeps
// documents and does what it is told, one JSON object a line.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"

	"github.com/parlor-server/parlor/canvas/yjs"
)

// request is one line of the input.
type request struct {
	Op     string // new, apply, edit, state
	Client uint64 // of new: the document's own
	Update []byte // of apply
	Since  []byte // of state: a state vector, or nothing
	Seed   uint64 // of edit
}

// reply is one line of the output, for each request.
type reply struct {
	Diff    []byte         `json:"diff,omitempty"`
	State   []byte         `json:"state,omitempty"`
	Content map[string]any `json:"content,omitempty"`
	Missing bool           `json:"missing,omitempty"`
	Error   string         `json:"error,omitempty"`
}

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(in io.Reader, out io.Writer) error {
	requests, replies := json.NewDecoder(bufio.NewReader(in)), bufio.NewWriter(out)
	encoder := json.NewEncoder(replies)
	doc := yjs.New(1, yjs.Limits{})
	for {
		var r request
		if err := requests.Decode(&r); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("failed to read request: %w", err)
		}
		if r.Op == "new" {
			doc = yjs.New(r.Client, yjs.Limits{})
		}
		if err := encoder.Encode(answer(doc, r)); err != nil {
			return fmt.Errorf("failed to write reply: %w", err)
		}
		if err := replies.Flush(); err != nil {
			return fmt.Errorf("failed to write reply: %w", err)
		}
	}
}

func answer(doc *yjs.Doc, r request) (a reply) {
	var err error
	switch r.Op {
	case "apply":
		a.Diff, err = doc.Apply(r.Update)
		a.Missing = errors.Is(err, yjs.ErrMissing)
	case "edit":
		e := editor{doc: doc, random: rand.New(rand.NewPCG(r.Seed, 0))}
		a.Diff, err = doc.Transact(e.edit)
	case "state":
		var since yjs.StateVector
		if len(r.Since) > 0 {
			since, err = yjs.ParseStateVector(r.Since)
		}
		a.State = doc.EncodeState(since)
		a.Content = map[string]any{
			"map": dump(doc.Map("map")), "array": dump(doc.Array("array")),
			"text": dump(doc.Text("text")), "xml": dump(doc.XML("xml")),
		}
	}
	if err != nil {
		a.Error = err.Error()
	}
	return a
}
