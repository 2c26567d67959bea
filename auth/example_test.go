package auth_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/parlor-server/parlor/auth"
)

// In development mode everyone is a guest, and stays the same one with the token.
func ExampleAuthenticator() {
	authenticator, err := auth.NewAuthenticator(auth.Config{})
	if err != nil {
		panic(err)
	}
	first, token, _ := authenticator.Authenticate(context.Background(), "")
	again, _, _ := authenticator.Authenticate(context.Background(), token)
	fmt.Println(first.Guest, again.ID == first.ID)
	// Output: true true
}

// With a key, users are who their tokens say. The game's own backend signs them.
func ExampleAuthenticator_signed() {
	folder, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	secret := []byte("at least thirty-two random bytes, please")
	path := filepath.Join(folder, "secret")
	if err := os.WriteFile(path, secret, 0o600); err != nil {
		panic(err)
	}

	authenticator, err := auth.NewAuthenticator(auth.Config{Keys: path, Issuer: "my-game"})
	if err != nil {
		panic(err)
	}
	sign := func(expires time.Time) string {
		token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
			"iss": "my-game", "sub": "user-7", "name": "Ada", "exp": expires.Unix(),
		})
		signed, err := token.SignedString(secret)
		if err != nil {
			panic(err)
		}
		return signed
	}

	user, _, err := authenticator.Authenticate(context.Background(), sign(time.Now().Add(time.Hour)))
	fmt.Println(user.ID, user.Name, err)
	_, _, err = authenticator.Authenticate(context.Background(), sign(time.Now().Add(-time.Hour)))
	fmt.Println(errors.Is(err, auth.ErrExpired))
	// Output:
	// user-7 Ada <nil>
	// true
}
