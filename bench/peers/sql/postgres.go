package main

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// transferFunction locks the two rows in one order, as one does against deadlocks.
const transferFunction = `
CREATE OR REPLACE FUNCTION transfer(a int, b int, amount int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE have bigint;
BEGIN
  IF a < b THEN
    UPDATE accounts SET balance = balance - amount WHERE id = a RETURNING balance INTO have;
    UPDATE accounts SET balance = balance + amount WHERE id = b;
  ELSE
    UPDATE accounts SET balance = balance + amount WHERE id = b;
    UPDATE accounts SET balance = balance - amount WHERE id = a RETURNING balance INTO have;
  END IF;
  IF have < 0 THEN RAISE EXCEPTION 'insufficient funds'; END IF;
END $$`

func runSetup(ctx context.Context, args []string) error {
	f := flag.NewFlagSet("setup", flag.ContinueOnError)
	dsn := f.String("dsn", "", "PostgreSQL's connection string")
	accounts := f.Int("accounts", 100_000, "accounts")
	if err := f.Parse(args); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, *dsn)
	if err != nil {
		return fmt.Errorf("failed to connect: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, statement := range []string{
		"DROP TABLE IF EXISTS accounts",
		"CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL)",
		fmt.Sprintf("INSERT INTO accounts SELECT i, 1000000 FROM generate_series(0, %d) i", *accounts-1),
		transferFunction,
		"VACUUM ANALYZE accounts",
		"CHECKPOINT",
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("failed to set up: %w", err)
		}
	}
	return nil
}

const statementName = "transfer"

// connectPostgres gives a client that keeps its calls under way: each is a
// transaction of its own, with a Sync after it.
func connectPostgres(ctx context.Context, dsn string, w work) (client, error) {
	conn, err := pgconn.Connect(ctx, dsn)
	if err != nil {
		return nil, fmt.Errorf("failed to connect: %w", err)
	}
	if _, err := conn.Prepare(ctx, statementName, "SELECT transfer($1, $2, $3)", nil); err != nil {
		return nil, fmt.Errorf("failed to prepare: %w", err)
	}
	return func(ctx context.Context, r *rand.Rand, done func(time.Duration)) error {
		defer func() { _ = conn.Close(context.Background()) }()
		p := &pipeline{work: w, line: conn.StartPipeline(ctx), begun: make([]time.Time, w.inFlight)}
		for range w.inFlight {
			p.send(w.next(r))
		}
		if err := p.line.Flush(); err != nil {
			return err
		}
		for ctx.Err() == nil {
			began, err := p.receive()
			if err != nil {
				if ctx.Err() != nil {
					return nil
				}
				return err
			}
			done(time.Since(began))
			p.send(w.next(r))
			if err := p.line.Flush(); err != nil && ctx.Err() == nil {
				return err
			}
		}
		return nil
	}, nil
}

// pipeline is the calls under way on one connection, oldest first.
type pipeline struct {
	work        work
	line        *pgconn.Pipeline
	begun       []time.Time // a ring
	first, next int
	params      [3][4]byte
}

func (p *pipeline) send(t transfer) {
	p.begun[p.next%len(p.begun)] = time.Now()
	p.next++
	for i, v := range [3]int32{t.from, t.to, t.amount} {
		binary.BigEndian.PutUint32(p.params[i][:], uint32(v))
	}
	p.line.SendQueryPrepared(statementName, [][]byte{p.params[0][:], p.params[1][:], p.params[2][:]}, []int16{1, 1, 1}, []int16{1})
	p.line.SendPipelineSync()
}

// receive waits for the oldest call's end.
func (p *pipeline) receive() (time.Time, error) {
	began := p.begun[p.first%len(p.begun)]
	p.first++
	for {
		res, err := p.line.GetResults()
		if err != nil {
			return began, err
		}
		switch res := res.(type) {
		case *pgconn.ResultReader:
			if _, err := res.Close(); err != nil {
				return began, err
			}
		case *pgconn.PipelineSync:
			return began, nil
		default:
			return began, errors.New("an answer that nobody asked for")
		}
	}
}
