//go:build linux

package main

import "time"

// plan tells the load process what to do. It travels as JSON.
type plan struct {
	System  string // whose protocol: parlor, presence, board, floor, colyseus or kcp
	UDP     bool   // instead of WebSocket
	Addr    string // HOST:PORT of the server
	Admin   string // URL of the server's metrics; "": it has none
	PID     int    // of the server
	Rooms   int
	Players int // in each room
	Warm    time.Duration
	Window  time.Duration
	Hz      int  // of clients' messages; 0: 20
	Up      int  // floor: bytes of a client's message
	Idle    bool // players send nothing but answers
	Lobby   bool // parlor: players join no room
	OnGrid  bool // inputs leave at whole milliseconds, not at random moments
}

// measurement is what the load process found out in the window. CPU is in
// seconds a second, that is, in cores.
type measurement struct {
	Seconds   float64
	ServerCPU float64
	LoadCPU   float64
	OtherCPU  float64 // of all other processes
	RSS       float64 // of the server at the end, bytes

	AckP50, AckP99 float64 // milliseconds from an input's departure to its acknowledgement
	Acks           int64
	HzMin          float64 // of the client that was served least often
	Frames         int64   // state frames of all clients
	FrameBytes     float64 // received for each state frame: payloads and WebSocket headers
	UpBytes        float64 // payload of a client's message
	WireDown       float64 // bytes a second to a client, IP and TCP headers included
	WireUp         float64 // the same from a client

	Checked int64 // frames whose hash was compared
	Desyncs int64
	Errors  int64
	Dead    int // clients that the server has cut off, or given up

	Server serverCounts // zero without plan.Admin
}

// serverCounts is what the server counted of itself.
type serverCounts struct {
	Ticks         float64
	LateP50       float64 // milliseconds
	LateP99       float64
	DurationMean  float64 // microseconds of a tick
	Mallocs       float64
	Repeated      float64 // ticks in which a player's command was missing
	Late          float64 // commands
	Collections   float64
	FramesDropped float64
	Goroutines    float64 // at the end
	Heap          float64 // bytes in use at the end
}
