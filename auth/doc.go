// Package auth turns the token that a client presents into the user that it speaks
// for: a signed JSON Web Token of the game's own identity provider, or a guest.
package auth
