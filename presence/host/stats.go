package host

import "sync/atomic"

// Stats counts what the host has done. Read them with Load.
type Stats struct {
	Rooms, Members            atomic.Int64  // now
	RoomsOpened, RoomsFaulted atomic.Uint64 // made, and ended by a panic
	Received, Refused         atomic.Uint64 // messages of clients
	Overloaded                atomic.Uint64 // of those refused: because the room's inbox was full
	Frames, Bytes             atomic.Uint64 // Crowds sent, and their bytes
	Skipped                   atomic.Uint64 // Crowds that a slow client was not sent
	CastsSent, CastsLost      atomic.Uint64 // Casteds, by recipient; lost: it did not read
}
