package auth

import "time"

// User is who a session speaks for.
type User struct {
	ID      string         // the token's subject; guests have "guest-" and a ULID
	Guest   bool           // true without a signed identity
	Name    string         // the token's name claim, made printable; may be empty
	Claims  map[string]any // all claims of the token; nil for guests; read only
	Expires time.Time      // when the token ends; zero for guests, who do not expire
}
