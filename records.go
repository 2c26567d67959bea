package parlor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/parlor-server/parlor/persistence/host"
	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/store"
	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/state"
)

// RecordsFolder is where, in Config.Data, the record and canvas rooms are.
const RecordsFolder = "records"

// bytesPerMutation is what a session may send for each mutation that it may
// send: 256 KiB a second for 1,000.
const bytesPerMutation = 256

// openStore opens the data folder of record and canvas rooms, if there is a
// kind that needs it.
func (s *Server) openStore() error {
	if len(s.cfg.Records)+len(s.cfg.Canvas) == 0 {
		return nil
	}
	if s.cfg.Auth.GuestKey == "" { // what guests own is theirs after a restart too
		s.cfg.Auth.GuestKey = filepath.Join(s.cfg.Data, "guests.key")
	}
	dir := filepath.Join(s.cfg.Data, RecordsFolder)
	var err error
	s.store, err = store.Open(dir, store.Options{Retention: s.cfg.RecordHistory, Logger: s.cfg.Logger})
	switch {
	case errors.Is(err, store.ErrLocked):
		return fmt.Errorf("%w: end it first, or choose another folder (Config.Data; --data)", err)
	case errors.Is(err, store.ErrNewerFormat):
		return fmt.Errorf("%w: run that version, or choose another folder (Config.Data; --data)", err)
	case err != nil:
		return fmt.Errorf("failed to open the records in %s: %w", dir, err)
	}
	return nil
}

// openRecords begins to serve record rooms, if there is a kind of them.
func (s *Server) openRecords() (err error) {
	if len(s.cfg.Records) == 0 {
		return nil
	}
	s.records, err = host.New(host.Config{
		Shared: s.store, Kinds: s.cfg.Records, Logger: s.cfg.Logger, MayOpen: s.mayOpen, OnCommit: s.metrics.observeCommit,
	})
	return err
}

// Records runs the record rooms: calls, queries and transactions of the
// server's own code. It is nil when Config has no record rooms.
func (s *Server) Records() *host.Host { return s.records }

// WriteRecords implements records.Writer, see records.Write.
func (s *Server) WriteRecords(ctx context.Context, room string, do func(world any, ctx *records.Ctx) error) error {
	if s.records == nil {
		return errNoRecords()
	}
	return s.records.WriteRecords(ctx, room, do)
}

func errNoRecords() error {
	return schema.Errorf(schema.CodeNoSuchKind, "this server has no record rooms")
}

// gameRecords is what games' rooms see of the record rooms.
func (s *Server) gameRecords() rooms.RecordRooms {
	if s.records == nil {
		return nil
	}
	return gameRecords{s.records}
}

type gameRecords struct{ host *host.Host }

// Write implements rooms.RecordRooms: one transaction with the server's rights.
func (g gameRecords) Write(room string, writes []state.RecordWrite, done func(error)) {
	g.host.Submit(room, func(_ any, ctx *records.Ctx) error {
		for _, w := range writes {
			if err := ctx.Write(operation(w.Op), w.Collection, w.Row); err != nil {
				return err
			}
		}
		return nil
	}, func(err error) {
		if coded := new(schema.Error); err != nil && !errors.As(err, &coded) {
			err = records.Refused(err)
		}
		done(err)
	})
}

func operation(op state.WriteOp) value.OperationKind {
	switch op {
	case state.WriteCreate:
		return value.Create
	case state.WriteRemove:
		return value.Remove
	}
	return value.Put
}

// Read implements rooms.RecordRooms: a JSON array of records.
func (g gameRecords) Read(ctx context.Context, room, collection string, text []byte) ([]byte, error) {
	q := query.Query{Limit: -1}
	if len(text) > 0 {
		var err error
		if q, err = query.Parse(text); err != nil {
			return nil, err
		}
	}
	result, err := g.host.Query(ctx, room, host.Caller{Operator: true}, collection, q)
	if err != nil {
		return nil, err
	}
	return appendRecords(nil, result), nil
}

// appendRecords appends a result's records as a JSON array.
func appendRecords(dst []byte, result records.Result) json.RawMessage {
	dst = append(dst, '[')
	for i, row := range result.Rows {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = result.Collection.AppendJSON(dst, row)
	}
	return append(dst, ']')
}
