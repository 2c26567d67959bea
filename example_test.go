package parlor_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/parlor-server/parlor"
	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/state"
)

// World is a game of nothing but a counter of its players.
type World struct{ Visitors state.Value[uint32] }

func (w *World) join(*rooms.Ctx, *rooms.Player, struct{}) { *w.Visitors.Edit()++ }

func lobby() rooms.Kind {
	return rooms.Define("lobby", rooms.Game[World, struct{}]{Hz: 10, MaxPlayers: 100, Join: (*World).join})
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// A Server by itself: it listens, serves, and drains when its context ends.
func ExampleServer_Run() {
	server, err := parlor.New(parlor.Config{
		Rooms: []rooms.Kind{lobby()}, Addr: "127.0.0.1:0", AdminAddr: "off", Record: "off", Logger: quiet(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	stop() // in a program: signal.NotifyContext
	fmt.Println(server.Run(ctx))
	// Output: <nil>
}

// A Server inside a program that has an HTTP server of its own.
func ExampleServer_Handler() {
	server, err := parlor.New(parlor.Config{Rooms: []rooms.Kind{lobby()}, Record: "off", Logger: quiet()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("/shop", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "open") })
	mux.Handle("/", server.Handler())

	request := httptest.NewRequest("GET", "http://localhost/v1/rooms?kind=lobby", nil)
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, request)
	fmt.Print(answer.Code, " ", answer.Body)
	// Output: 200 {"rooms":[]}
}

// A Config that would leave players unprotected is refused.
func ExampleNew() {
	_, err := parlor.New(parlor.Config{Rooms: []rooms.Kind{lobby()}, Addr: ":7777"})
	fmt.Println(strings.Contains(err.Error(), "set a key file or a JWKS URL"))
	// Output: true
}

// A log as JSON, for machines.
func ExampleNewLogger() {
	logger, err := parlor.NewLogger(os.Stdout, parlor.LogJSON, slog.LevelWarn)
	if err != nil {
		fmt.Println(err)
		return
	}
	logger.Info("not written: its level is too low")
	// Output:
}
