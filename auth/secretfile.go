package auth

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// openSecret reads a server's own key, or makes the file with a new one. whose
// and loss say in errors what it is and what is lost without it.
func openSecret(path, whose, loss string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = makeKeyFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("failed to read %s: %w", whose, err)
	}
	secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(secret) < minSecret {
		return nil, fmt.Errorf("%s in %s is not %d bytes in base64; remove the file to begin anew, with %s", whose, path, minSecret, loss)
	}
	return secret, nil
}

// makeKeyFile writes a whole file or none.
func makeKeyFile(path string) ([]byte, error) {
	secret := make([]byte, minSecret)
	rand.Read(secret) // never fails
	text := []byte(base64.StdEncoding.EncodeToString(secret) + "\n")
	part := path + ".new"
	if err := os.WriteFile(part, text, 0o600); err != nil {
		return nil, err
	}
	return text, os.Rename(part, path)
}
