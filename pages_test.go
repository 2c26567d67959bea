package parlor

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func get(h http.Handler, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "http://127.0.0.1"+path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestPages(t *testing.T) {
	files := fstest.MapFS{
		"index.html":       {Data: []byte("<p>all games")},
		"arena/index.html": {Data: []byte("<p>arena")},
		"arena/game.js":    {Data: []byte("play()")},
		"empty/readme.md":  {Data: []byte("# empty")},
	}
	s := newServer(t, func(c *Config) { c.Web = files })
	for path, want := range map[string]struct {
		status int
		body   string
		kind   string
	}{
		"/":                   {200, "<p>all games", "text/html"},
		"/arena/":             {200, "<p>arena", "text/html"},
		"/arena/game.js":      {200, "play()", "text/javascript"},
		"/parlor.js":          {200, "", "text/javascript"},
		"/parlor-records.js":  {200, "", "text/javascript"},
		"/parlor-together.js": {200, "", "text/javascript"},
		"/parlor.js/":         {404, "", ""},
		"/arena":              {301, "", ""},
		"/empty/":             {404, "", ""},
		"/empty":              {404, "", ""},
		"/none":               {404, "", ""},
		"/arena/../arena/":    {200, "<p>arena", "text/html"},
		"/%2e%2e/check.go":    {404, "", ""},
		"/..%2fcheck.go":      {404, "", ""},
		"/arena/%00":          {404, "", ""},
		"/arena/game.js/":     {404, "", ""},
		"//evil.example/":     {404, "", ""},
		"/v1":                 {404, "", ""},
		"/arena/index.html/":  {404, "", ""},
	} {
		w := get(s.pages, path)
		if w.Code != want.status || want.body != "" && w.Body.String() != want.body || !strings.HasPrefix(w.Header().Get("Content-Type"), want.kind) {
			t.Errorf("%s: %d %s %q", path, w.Code, w.Header().Get("Content-Type"), w.Body)
		}
	}
	if to := get(s.pages, "/arena").Header().Get("Location"); to != "./arena/" {
		t.Errorf("/arena leads to %q", to)
	}
	w := get(s.Handler(), "/")
	for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy"} {
		if w.Header().Get(name) == "" {
			t.Errorf("/ has no %s", name)
		}
	}
	etag := w.Header().Get("ETag")
	if again := get(s.Handler(), "/", "If-None-Match", etag); again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("with its ETag %s it is sent again: %d", etag, again.Code)
	}
	files["index.html"] = &fstest.MapFile{Data: []byte("<p>new")}
	if changed := get(s.Handler(), "/", "If-None-Match", etag); changed.Body.String() != "<p>new" {
		t.Errorf("a changed file is not sent: %d %s", changed.Code, changed.Body)
	}
}

func TestPagesListTheGames(t *testing.T) {
	bare := get(newServer(t, nil).Handler(), "/").Body.String()
	if !strings.Contains(bare, "<code>test</code>") {
		t.Errorf("the page does not name the game: %s", bare)
	}
	files := fstest.MapFS{"test/index.html": {Data: []byte("play")}}
	linked := get(newServer(t, func(c *Config) { c.Web = files }).Handler(), "/").Body.String()
	if !strings.Contains(linked, `<a href="test/">`) {
		t.Errorf("the page does not lead to the game's: %s", linked)
	}
}

func TestHandlerInAMuxOfOnesOwn(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/shop", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	mux.Handle("/", newServer(t, nil).Handler())
	if w := get(mux, "/shop"); w.Code != http.StatusTeapot {
		t.Errorf("the shop is gone: %d", w.Code)
	}
	if w := get(mux, "/readyz"); w.Code != http.StatusOK {
		t.Errorf("readyz: %d", w.Code)
	}
}
