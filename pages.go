package parlor

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

// contentPolicy lets pages run their own code only, and connect anywhere and
// show pictures from anywhere: the game server may be on another host than the
// page's, and a board shows images by reference. Other sites may not frame a
// page, or clicks in a game could be stolen.
const contentPolicy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; " +
	"img-src 'self' data: blob: http: https:; media-src 'self' data: blob:; connect-src 'self' ws: wss: http: https:; " +
	"object-src 'none'; base-uri 'self'; frame-ancestors 'self'"

// pages serves a file tree. Files are read at each request, so that a folder
// on disk shows edits at once, and sent with an ETag, so that a browser loads
// them only once.
type pages struct {
	files fs.FS // nil: none
	index []byte
}

//go:embed index.html.tmpl
var indexTemplate string

// browserClient is clients/ts as one module, at /parlor.js unless the pages have their own.
//
//go:embed clients/ts/dist/parlor.js
var browserClient []byte

// recordsClient is that with record rooms, at /parlor-records.js.
//
//go:embed clients/ts/dist/parlor-records.js
var recordsClient []byte

// togetherClient is that with presence rooms, boards and Yjs rooms, at
// /parlor-together.js.
//
//go:embed clients/ts/dist/parlor-together.js
var togetherClient []byte

// newPages makes the pages of a server; without an index.html in files, / is a
// list of the games.
func newPages(files fs.FS, kinds []string) (*pages, error) {
	if files != nil {
		if _, err := fs.Stat(files, "index.html"); err == nil {
			return &pages{files: files}, nil
		}
	}
	page, err := template.New("index").Parse(indexTemplate)
	if err != nil {
		return nil, err
	}
	type game struct {
		Name    string
		HasPage bool
	}
	var games []game
	for _, name := range kinds {
		g := game{Name: name}
		if files != nil {
			_, err := fs.Stat(files, name+"/index.html")
			g.HasPage = err == nil
		}
		games = append(games, g)
	}
	var body bytes.Buffer
	if err := page.Execute(&body, games); err != nil {
		return nil, err
	}
	return &pages{files, body.Bytes()}, nil
}

// ServeHTTP serves GET and HEAD of one file, or of a folder's index.html.
func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "a page can only be read", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	body, name, err := p.read(name, strings.HasSuffix(r.URL.Path, "/"))
	switch {
	case errors.Is(err, errFolder):
		// Relative, so that it is right below any prefix; http.Redirect would make it absolute.
		w.Header().Set("Location", "./"+path.Base(r.URL.Path)+"/")
		w.WriteHeader(http.StatusMovedPermanently)
		return
	case err != nil:
		http.Error(w, "there is no such page here; see /", http.StatusNotFound)
		return
	}
	sum := sha256.Sum256(body)
	h := w.Header()
	h.Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(sum[:12])+`"`)
	h.Set("Cache-Control", "no-cache") // ask again each time: an answer without a body
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(body))
}

var errFolder = errors.New("is a folder")

// read finds the file for a path without slashes at its ends; folder tells
// that the path ended in one.
func (p *pages) read(name string, folder bool) (body []byte, file string, err error) {
	if name == "" && p.index != nil {
		return p.index, "index.html", nil
	}
	if name == "parlor.js" && !folder && !p.has(name) {
		return browserClient, name, nil
	}
	if name == "parlor-records.js" && !folder && !p.has(name) {
		return recordsClient, name, nil
	}
	if name == "parlor-together.js" && !folder && !p.has(name) {
		return togetherClient, name, nil
	}
	if p.files == nil {
		return nil, "", fs.ErrNotExist
	}
	if name == "" {
		name = "."
	}
	info, err := fs.Stat(p.files, name)
	if err != nil {
		return nil, "", err
	}
	if info.IsDir() {
		if !folder {
			if _, err := fs.Stat(p.files, path.Join(name, "index.html")); err != nil {
				return nil, "", err
			}
			return nil, "", errFolder
		}
		name = path.Join(name, "index.html")
	} else if folder {
		return nil, "", fs.ErrNotExist
	}
	body, err = fs.ReadFile(p.files, name)
	return body, name, err
}

func (p *pages) has(name string) bool {
	if p.files == nil {
		return false
	}
	_, err := fs.Stat(p.files, name)
	return err == nil
}
