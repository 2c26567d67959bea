package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	_ "github.com/mattn/go-sqlite3" // the driver
)

// body is a transfer over HTTP.
type body struct{ From, To, Amount int32 }

// runServe serves SQLite in its durable mode: WAL, synchronous FULL. SQLite has
// one writer; one connection with its statements prepared is its fastest form.
func runServe(ctx context.Context, args []string) error {
	f := flag.NewFlagSet("serve", flag.ContinueOnError)
	file := f.String("file", "", "the database")
	accounts := f.Int("accounts", 100_000, "accounts")
	if err := f.Parse(args); err != nil {
		return err
	}
	db, err := openSQLite(ctx, *file, *accounts)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	take, err := db.PrepareContext(ctx, "UPDATE accounts SET balance = balance - ?1 WHERE id = ?2 AND balance >= ?1")
	if err != nil {
		return err
	}
	give, err := db.PrepareContext(ctx, "UPDATE accounts SET balance = balance + ? WHERE id = ?")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /transfer", func(w http.ResponseWriter, r *http.Request) {
		var b body
		if err := json.NewDecoder(r.Body).Decode(&b); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if err := move(r.Context(), db, take, give, b); err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	return http.Serve(l, mux)
}

func openSQLite(ctx context.Context, file string, accounts int) (*sql.DB, error) {
	db, err := sql.Open("sqlite3", "file:"+file+"?_journal_mode=WAL&_synchronous=FULL&_txlock=immediate")
	if err != nil {
		return nil, fmt.Errorf("failed to open %s: %w", file, err)
	}
	db.SetMaxOpenConns(1)
	for _, statement := range []string{
		"CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL)",
		fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i < %d) INSERT INTO accounts SELECT i, 1000000 FROM n", accounts-1),
		"PRAGMA wal_checkpoint(TRUNCATE)",
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return nil, fmt.Errorf("failed to set up: %w", err)
		}
	}
	return db, nil
}

func move(ctx context.Context, db *sql.DB, take, give *sql.Stmt, b body) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	res, err := tx.StmtContext(ctx, take).ExecContext(ctx, b.Amount, b.From)
	if err != nil {
		return err
	}
	if n, _ := res.RowsAffected(); n == 0 {
		return errors.New("insufficient funds")
	}
	if _, err := tx.StmtContext(ctx, give).ExecContext(ctx, b.Amount, b.To); err != nil {
		return err
	}
	return tx.Commit()
}

// connectHTTP gives a client with a connection of its own, one call at a time.
func connectHTTP(url string, w work) client {
	c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
	return func(ctx context.Context, r *rand.Rand, done func(time.Duration)) error {
		for ctx.Err() == nil {
			t := w.next(r)
			text, err := json.Marshal(body{t.from, t.to, t.amount})
			if err != nil {
				return err
			}
			began := time.Now()
			if err := post(ctx, c, url+"/transfer", text); err != nil {
				if ctx.Err() != nil {
					return nil
				}
				return err
			}
			done(time.Since(began))
		}
		return nil
	}
}

func post(ctx context.Context, c *http.Client, url string, text []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(text))
	if err != nil {
		return err
	}
	res, err := c.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusNoContent {
		text, _ := io.ReadAll(res.Body)
		return fmt.Errorf("%s: %s", res.Status, text)
	}
	return nil
}
