// Package auth turns the token that a client presents into the user that it speaks for.
//
// A token is a signed JSON Web Token of the game's own identity provider, checked by a Verifier
// against keys from a file or a JWKS URL, or that of a guest, which Guests issues. An
// Authenticator does both, as a server's Config says: without a key it is in development
// mode and everyone is a guest.
//
// The algorithm is bound to the key, never chosen by the token: an RSA key verifies RS256, a P-256
// key ES256, an Ed25519 key EdDSA, and a secret HS256. Nothing else is accepted.
package auth
