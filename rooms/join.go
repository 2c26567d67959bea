package rooms

import (
	"encoding/json"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/schema"
)

// JoinMode says which room a join asks for.
type JoinMode uint8

// The modes of a join, as on the wire.
const (
	JoinOrCreate JoinMode = 0 // any open room of the kind that matches the filter, else a new one
	JoinCreate   JoinMode = 1 // a new room
	JoinByID     JoinMode = 2 // the room with this ID
	JoinReturn   JoinMode = 3 // the seat that the token holds
	JoinTicket   JoinMode = 4 // the seat that matchmaking reserved
)

// JoinRequest is a player's wish to be in a room.
type JoinRequest struct {
	Request    uint32 // the client's number for it
	Mode       JoinMode
	Kind       string
	Room       string
	Token      string // JoinReturn: the seat's token; JoinTicket: the ticket
	RawOptions []byte // JSON from the client; untrusted
	Filter     []byte // JSON object: metadata that the room must have
	SchemaHash uint64 // a schema that the client has already
	Private    bool   // JoinCreate: listed nowhere, joinable by ID only
	User       auth.User
	Remote     string // the client's address, for logs

	records RecordRooms // for ReadRecords; nil: there are none
}

// Options decodes the client's join options into v; without any, v stays as it is.
func (r JoinRequest) Options(v any) error {
	if len(r.RawOptions) == 0 {
		return nil
	}
	if err := json.Unmarshal(r.RawOptions, v); err != nil {
		return schema.Errorf(schema.CodeBadOptions, "join options are not what this room expects: %v", err)
	}
	return nil
}
