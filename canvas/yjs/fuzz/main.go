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
	"time"

	"github.com/parlor-server/parlor/canvas/yjs"
)

// request is one line of the input.
type request struct {
	Op     string // new, apply, edit, state; awareness, leave
	Client uint64 // of new: the document's own; of leave: who does
	Update []byte // of apply and awareness
	Since  []byte // of state: a state vector, or nothing
	Seed   uint64 // of edit
}

// reply is one line of the output, for each request.
type reply struct {
	Diff    []byte         `json:"diff,omitempty"`
	State   []byte         `json:"state,omitempty"`
	Content map[string]any `json:"content,omitempty"`
	Missing bool           `json:"missing,omitempty"`
	Changes []string       `json:"changes,omitempty"` // of apply

	// Of awareness and leave; Everyone is the whole awareness then.
	Broadcast []byte   `json:"broadcast,omitempty"`
	Answer    []byte   `json:"answer,omitempty"`
	Everyone  []byte   `json:"everyone,omitempty"`
	Clients   []uint64 `json:"clients,omitempty"`

	Error string `json:"error,omitempty"`
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
	doc, awareness := yjs.New(1, yjs.Limits{}), yjs.NewAwareness(yjs.AwarenessLimits{})
	for {
		var r request
		if err := requests.Decode(&r); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("failed to read request: %w", err)
		}
		if r.Op == "new" {
			doc, awareness = yjs.New(r.Client, yjs.Limits{}), yjs.NewAwareness(yjs.AwarenessLimits{})
		}
		if err := encoder.Encode(answer(doc, awareness, r)); err != nil {
			return fmt.Errorf("failed to write reply: %w", err)
		}
		if err := replies.Flush(); err != nil {
			return fmt.Errorf("failed to write reply: %w", err)
		}
	}
}

func answer(doc *yjs.Doc, awareness *yjs.Awareness, r request) (a reply) {
	var err error
	switch r.Op {
	case "apply":
		a.Diff, err = doc.Apply(r.Update)
		a.Missing = errors.Is(err, yjs.ErrMissing)
		a.Changes = changes(doc)
	case "edit":
		e := editor{doc: doc, random: rand.New(rand.NewPCG(r.Seed, 0))}
		a.Diff, err = doc.Transact(e.edit)
	case "awareness":
		var change yjs.AwarenessChange
		change, err = awareness.Apply(r.Update, time.Now())
		a.Broadcast, a.Answer = change.Broadcast, change.Answer
		a.Everyone, a.Clients = awareness.Encode(), awareness.Clients()
	case "leave":
		a.Broadcast = awareness.Remove(time.Now(), r.Client)
		a.Everyone, a.Clients = awareness.Encode(), awareness.Clients()
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
