package record

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestBuildInfo(t *testing.T) {
	b := BuildInfo()
	if b.GoVersion != runtime.Version() || b.GOOS != runtime.GOOS || b.GOARCH != runtime.GOARCH {
		t.Errorf("%+v", b)
	}
	if (b.GOAMD64 != "") != (b.GOARCH == "amd64") {
		t.Errorf("GOAMD64 %q on %s", b.GOAMD64, b.GOARCH)
	}
	if !strings.HasPrefix(b.Main, "github.com/parlor-server/parlor") {
		t.Errorf("main module %q", b.Main)
	}
}

// TestHeaderIsOpenEnded (R4): a later version's fields do not disturb this one.
func TestHeaderIsOpenEnded(t *testing.T) {
	h, err := parseHeader([]byte(`{"Room":"a","Hz":30,"Later":{"x":[1]}}`))
	if err != nil || h.Room != "a" || h.Hz != 30 {
		t.Errorf("%+v, %v", h, err)
	}
}

// TestHeaderFails: a header that cannot be written costs the recording only.
func TestHeaderFails(t *testing.T) {
	dir := t.TempDir()
	r := open(t, dir, Options{})
	h := testHeader()
	h.Schema = json.RawMessage("{")
	w := r.Open(h)
	w.BeginSegment(0, nil)
	run(w, 50)
	w.Close("", false)
	if err := r.Close(); err == nil || !strings.Contains(err.Error(), "encode recording header") {
		t.Error(err)
	}
	if s := r.Stats(); s.Gaps != 1 || s.Segments != 0 {
		t.Errorf("%+v", s)
	}
	if _, err := os.Stat(filepath.Join(dir, "arena", "r00m")); !os.IsNotExist(err) {
		t.Errorf("an empty folder is left: %v", err)
	}
}
