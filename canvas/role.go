package canvas

import "github.com/parlor-server/parlor/auth"

// User is who a connection speaks for.
type User = auth.User

// Role is what a user may do in a room. Clients read it in Opened.
type Role string

// The roles.
const (
	Reader Role = "reader" // sees the document; what it writes is refused
	Writer Role = "writer" // also writes
	Owner  Role = "owner"  // also what the kind of room keeps for owners; in a Yjs room the same as Writer
)

// CanWrite tells whether the role may change the document.
func (r Role) CanWrite() bool { return r == Writer || r == Owner }

// Known tells whether it is one of the roles above.
func (r Role) Known() bool { return r == Reader || r == Writer || r == Owner }
