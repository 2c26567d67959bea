package bots

import "fmt"

// Summary is what a run measured, from the moment that all bots were in.
type Summary struct {
	Rooms   int     `json:"rooms"`
	Players int     `json:"players"` // bots that got in
	Seconds float64 `json:"seconds"`
	// Transport is how the bots were connected at the end: "udp",
	// "websocket", or "mixed".
	Transport string `json:"transport"`
	// TickHzMin is the tick rate of the slowest room, as its clients saw it.
	TickHzMin float64 `json:"tick_hz_min"`
	// AckP50 and AckP99 are of the times from sending the command that names
	// a tick to the first frame that acknowledges it.
	AckP50 float64 `json:"ack_ms_p50"`
	AckP99 float64 `json:"ack_ms_p99"`
	// DownBytes counts messages with their WebSocket headers, or UDP packets
	// with what seals them; not TCP's, UDP's and IP's headers.
	DownBytes   float64 `json:"down_bytes_per_player_s"`
	Desyncs     uint64  `json:"desyncs"` // frames whose public hash was not the mirror's
	Errors      uint64  `json:"errors"`  // failed joins, refused inputs, unreadable frames
	Disconnects uint64  `json:"disconnects"`
}

// String is the summary as a sentence.
func (s Summary) String() string {
	return fmt.Sprintf("%d rooms, %d players over %s, %.0f s: slowest room %.1f Hz, ack %.1f ms (p50) %.1f ms (p99), %.0f B/s down a player, %d desyncs, %d errors, %d disconnects",
		s.Rooms, s.Players, s.Transport, s.Seconds, s.TickHzMin, s.AckP50, s.AckP99, s.DownBytes, s.Desyncs, s.Errors, s.Disconnects)
}
