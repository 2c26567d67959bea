package ws_test

import (
	"net/http"

	"github.com/parlor-server/parlor/netcode"
	"github.com/parlor-server/parlor/netcode/ws"
)

// The handler is mounted like any other; the sessions decide who plays.
func ExampleHandler() {
	var sessions *netcode.Server // from netcode.NewServer
	handler := ws.NewHandler(sessions, ws.Config{Origins: []string{"game.example.com"}})

	mux := http.NewServeMux()
	mux.Handle("GET /ws", handler)
	// http.Server{Handler: mux}.ListenAndServe() …, and at the end:
	// sessions.GoAway(); handler.Close(); sessions.Close()
}
