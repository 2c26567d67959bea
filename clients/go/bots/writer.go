package bots

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/clients/go"
)

// The roots of a document that bots write in, besides what people have in it.
const (
	botsText = "bots"
	botsMap  = "bots-map"
)

const (
	longText = 2000 // code units: then bots delete rather than type
	mapKeys  = 16
)

// writer is a guest of a document: it types, formats and deletes text, sets and
// deletes entries of a map, and shows where it is.
type writer struct {
	hall *hall
	doc  *client.Document
	rand *rand.Rand

	mu   sync.Mutex // guards what follows: another guest's callback uses it, too
	id   uint64     // under which it wrote what is measured,
	upTo uint64     // until this clock,
	at   time.Time  // then; zero: another guest has it
}

func (h *hall) newWriter(ctx context.Context, c *client.Client, r *rand.Rand) (guest, error) {
	doc, err := client.OpenDocument(ctx, c, h.name, client.DocumentOptions{})
	if err != nil {
		return nil, err
	}
	w := &writer{hall: h, doc: doc, rand: r}
	doc.OnChange(func(change client.DocumentChange) {
		if change.Remote {
			w.arrived()
		}
	})
	return w, nil
}

// arrived measures how long what others wrote took to come here.
func (w *writer) arrived() {
	var state yjs.StateVector
	w.doc.View(func(d *yjs.Doc) { state = d.State() })
	for _, o := range w.hall.writers() {
		if o != w {
			o.seen(state)
		}
	}
}

// writers are the guests that have come by now.
func (h *hall) writers() []*writer {
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []*writer
	for _, g := range h.guests {
		if w, ok := g.(*writer); ok {
			list = append(list, w)
		}
	}
	return list
}

// seen is called when another guest has come to a state.
func (w *writer) seen(state yjs.StateVector) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.at.IsZero() && state[w.id] >= w.upTo {
		w.hall.meeting.ack.add(time.Since(w.at))
		w.at = time.Time{}
	}
}

// act implements guest.
func (w *writer) act() {
	var err error
	switch w.rand.IntN(6) {
	case 0, 1:
		err = w.write()
	case 2:
		err = w.doc.ShowAwareness(map[string]any{"user": map[string]string{"name": "bot"}, "at": w.rand.IntN(longText)})
	}
	if err != nil {
		w.hall.meeting.failures.add(err)
	}
}

// write is one transaction.
func (w *writer) write() error {
	var clock uint64
	id := w.doc.ID()
	err := w.doc.Transact(func(d *yjs.Doc, tx *yjs.Tx) error {
		err := w.edit(d, tx)
		clock = d.Clock(id)
		return err
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil && w.at.IsZero() {
		w.id, w.upTo, w.at = id, clock, time.Now()
	}
	return err
}

func (w *writer) edit(d *yjs.Doc, tx *yjs.Tx) error {
	text, entries := d.Text(botsText), d.Map(botsMap)
	length, key := text.Len(), "k"+strconv.Itoa(w.rand.IntN(mapKeys))
	what := w.rand.IntN(10)
	switch {
	case length > longText:
		return text.Delete(tx, w.rand.IntN(length/2), length/4)
	case what < 6 || length < 10:
		words := []string{"a ", "bot ", "types ", "what ", "it ", "likes, ", "später. ", "\n"}
		return text.Insert(tx, w.rand.IntN(length+1), words[w.rand.IntN(len(words))])
	case what == 6:
		at := w.rand.IntN(length)
		return text.Delete(tx, at, min(5, length-at))
	case what == 7:
		at := w.rand.IntN(length)
		value := []string{"true", "null"}[w.rand.IntN(2)]
		return text.Format(tx, at, min(8, length-at), "bold", json.RawMessage(value))
	case what == 8:
		return entries.Delete(tx, key)
	}
	return entries.Set(tx, key, map[string]any{"n": w.rand.IntN(1000)})
}

// rest implements guest: nothing is under way.
func (w *writer) rest() {}

// holds implements guest: the state vector, which names all edits there are,
// what bots wrote, and what everyone shows.
func (w *writer) holds() (parts map[string]string, settled bool) {
	parts = make(map[string]string)
	var err error
	w.doc.View(func(d *yjs.Doc) {
		parts["state vector"] = string(d.State().Encode())
		var runs []byte
		runs, err = json.Marshal(d.Text(botsText).Delta())
		parts["text"] = string(runs)
		parts["map"] = string(d.Map(botsMap).AppendMapJSON(nil))
	})
	if err != nil {
		w.hall.meeting.failures.add(errors.Join(errors.New("read the document"), err))
	}
	for id, shown := range w.doc.Awareness() {
		parts["awareness "+strconv.FormatUint(id, 10)] = string(shown)
	}
	return parts, w.doc.Synced()
}

// limit implements guest.
func (w *writer) limit() int { return 0 }
