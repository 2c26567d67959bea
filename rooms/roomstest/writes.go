package roomstest

import (
	"errors"
	"slices"

	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/state"
)

// Writes are the transactions that the rules made with state.Records and that
// have no outcome yet. In the next Step they get theirs, unless HoldWrites.
func (r *Room[W]) Writes() []state.Transaction { return slices.Clone(r.writes) }

// Settle gives a transaction its outcome: nil makes it durable, an error
// refuses it. The rules see it in the next Step.
func (r *Room[W]) Settle(id state.WriteID, err error) {
	r.t.Helper()
	i := slices.IndexFunc(r.writes, func(t state.Transaction) bool { return t.ID == id })
	if i < 0 {
		r.t.Fatalf("transaction %d has its outcome, or was never made", id)
	}
	r.writes = slices.Delete(r.writes, i, i+1)
	w := rooms.Written{ID: id}
	var coded *schema.Error
	switch {
	case errors.As(err, &coded):
		w.Code, w.Text = coded.Code, coded.Message
	case err != nil:
		w.Code, w.Text = schema.CodeRefused, err.Error()
	}
	r.local.Settle(w)
	r.collect()
}

// settleAll settles what the last step wrote.
func (r *Room[W]) settleAll() {
	if !r.settles {
		return
	}
	for _, t := range slices.Clone(r.writes) {
		var err error
		if r.refuse != nil {
			err = r.refuse(t)
		}
		r.Settle(t.ID, err)
	}
}
