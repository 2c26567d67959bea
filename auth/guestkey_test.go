package auth

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestGuestsOutliveARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "guests.key")
	first, err := OpenGuests(path)
	if err != nil {
		t.Fatal(err)
	}
	user, token := first.Issue()
	again, err := OpenGuests(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := again.Verify(token); !ok || got.ID != user.ID {
		t.Errorf("after a restart the guest is %q, %v", got.ID, ok)
	}
	if _, ok := NewGuests().Verify(token); ok {
		t.Error("another key accepts the token")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others can read the key: %v, %v", info.Mode(), err)
	}
}

func TestADamagedGuestKeyIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "guests.key")
	if err := os.WriteFile(path, []byte("c2hvcnQ=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenGuests(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a short key: %v", err)
	}
}
