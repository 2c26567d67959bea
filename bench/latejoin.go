//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/coder/websocket"

	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// joinTimes are how long it takes, in milliseconds, from asking for a board
// until all of it is there.
type joinTimes struct {
	Typed    float64 `json:"typed"`     // the median, by typed messages
	TypedMax float64 `json:"typed_max"` //
	Yjs      float64 `json:"yjs"`       // the median, by sync step 1 and 2, to its arrival
	Applied  float64 `json:"applied"`   // the median, to where a Go client has applied it
	YjsMax   float64 `json:"yjs_max"`   //
	Bytes    int     `json:"bytes"`     // of the typed snapshot
	YjsBytes int     `json:"yjs_bytes"` // of sync step 2
}

// serveLateJoin joins a board again and again and prints the times.
func serveLateJoin(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("late join", flag.ContinueOnError)
	addr := flags.String("addr", "", "HOST:PORT of the server")
	room := flags.String("room", "board/full", "the board")
	joins := flags.Int("joins", 15, "of each kind")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var t joinTimes
	var typed, synced, applied []float64
	for range *joins {
		for _, way := range []struct {
			wait  awaiting
			bytes *int
			times *[]float64
		}{{awaitSnapshot, &t.Bytes, &typed}, {awaitSync, &t.YjsBytes, &synced}} {
			took, state, err := lateJoin(ctx, *addr, *room, way.wait)
			if err != nil {
				return err
			}
			*way.times, *way.bytes = append(*way.times, took), state.bytes
			if way.times != &synced {
				continue
			}
			began := time.Now()
			if _, err := yjs.New(3, yjs.Limits{}).Apply(state.update); err != nil {
				return err
			}
			applied = append(applied, took+float64(time.Since(began))/1e6)
		}
	}
	t.Typed, t.TypedMax, t.Yjs, t.YjsMax = round3(middle(typed)), round3(slices.Max(typed)), round3(middle(synced)), round3(slices.Max(synced))
	t.Applied = round3(middle(applied))
	return json.NewEncoder(os.Stdout).Encode(t)
}

// joined is what a late joiner was sent.
type joined struct {
	bytes  int
	update []byte // of sync step 2
}

// awaiting waits until all of a board is there.
type awaiting func(ctx context.Context, conn *websocket.Conn, handle uint16) (joined, error)

// lateJoin measures from Open on; the connection is there already.
func lateJoin(ctx context.Context, addr, room string, wait awaiting) (ms float64, state joined, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	//nolint:bodyclose // Dial closes it.
	conn, _, err := websocket.Dial(ctx, "ws://"+addr+"/ws", nil)
	if err != nil {
		return 0, state, fmt.Errorf("failed to connect: %w", err)
	}
	defer func() { _ = conn.CloseNow() }()
	conn.SetReadLimit(-1)
	b := schema.NewBuilder()
	if err := write(ctx, conn, schema.Header{Kind: schema.KindHello}, b.Hello(schema.HelloInfo{Client: "bench"})); err != nil {
		return 0, state, err
	}
	if _, _, err := next(ctx, conn, schema.KindWelcome); err != nil {
		return 0, state, err
	}
	began := time.Now()
	if err := write(ctx, conn, schema.Header{Kind: schema.KindOpen}, b.Open(schema.OpenInfo{Request: 1, Room: room})); err != nil {
		return 0, state, err
	}
	head, _, err := next(ctx, conn, schema.KindOpened)
	if err != nil {
		return 0, state, err
	}
	state, err = wait(ctx, conn, head.Handle)
	return float64(time.Since(began)) / 1e6, state, err
}

// awaitSnapshot reads the board's typed snapshot to its end.
func awaitSnapshot(ctx context.Context, conn *websocket.Conn, _ uint16) (all joined, err error) {
	for {
		head, body, err := next(ctx, conn, schema.KindDelta)
		if err != nil {
			return all, err
		}
		all.bytes += len(body)
		if head.Flags&schema.DeltaPart == 0 {
			return all, nil
		}
	}
}

// awaitSync asks for the document.
func awaitSync(ctx context.Context, conn *websocket.Conn, handle uint16) (all joined, err error) {
	step1 := yjs.Message{Kind: yjs.SyncStep1, Payload: yjs.StateVector{}.Encode()}.Append(nil)
	if err := write(ctx, conn, schema.Header{Kind: schema.KindSync, Handle: handle}, schema.NewBuilder().Sync(step1)); err != nil {
		return all, err
	}
	for {
		_, body, err := next(ctx, conn, schema.KindSync)
		if err != nil {
			return all, err
		}
		m, err := yjs.ParseMessage(fb.GetRootAsSync(body, 0).PayloadBytes())
		if err != nil {
			return all, err
		}
		if m.Kind == yjs.SyncStep2 {
			return joined{len(m.Payload), m.Payload}, nil
		}
	}
}

func write(ctx context.Context, conn *websocket.Conn, head schema.Header, body []byte) error {
	if err := conn.Write(ctx, websocket.MessageBinary, append(head.Append(nil), body...)); err != nil {
		return fmt.Errorf("failed to send %s: %w", head.Kind, err)
	}
	return nil
}

// next reads on to the next message of a kind.
func next(ctx context.Context, conn *websocket.Conn, kind schema.Kind) (schema.Header, []byte, error) {
	for {
		_, m, err := conn.Read(ctx)
		if err != nil {
			return schema.Header{}, nil, fmt.Errorf("failed to wait for %s: %w", kind, err)
		}
		head, body, err := schema.ParseHeader(m)
		switch {
		case err != nil:
			return head, nil, err
		case head.Kind == schema.KindError:
			return head, nil, errors.New(string(fb.GetRootAsError(body, 0).Message()))
		case head.Kind == kind:
			return head, body, nil
		}
	}
}
