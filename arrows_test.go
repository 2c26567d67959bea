package parlor

import (
	"encoding/json"
	"errors"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// layers are the folders of this module; each may import those before it, and
// what is in itself. A new folder takes its place here.
func layers() []string {
	return []string{
		"internal", "schema", "tick", "state", "auth", "netcode", "rooms", "persistence", "presence", "canvas",
		".", "clients/go", "cli", "demos", "cmd", "bench",
	}
}

// forbidden are arrows that the layers would allow, with the reason against.
func forbidden() map[[2]string]string {
	return map[[2]string]string{
		{"rooms", "netcode"}:          "each declares the interface that it consumes, and the root joins them",
		{"persistence", "netcode"}:    "each declares the interface that it consumes, and the root joins them",
		{"persistence", "rooms"}:      "games and records meet in the root",
		{"clients/go", "persistence"}: "a client does not carry the server with it",
		{"presence", "netcode"}:       "each declares the interface that it consumes, and the root joins them",
		{"presence", "rooms"}:         "games and presence meet in the root",
		{"canvas", "netcode"}:         "each declares the interface that it consumes, and the root joins them",
		{"canvas", "rooms"}:           "games and boards meet in the root",
		{"clients/go", "presence"}:    "a client does not carry the server with it",
		{"clients/go", "canvas"}:      "a client does not carry the server with it",
		{"auth", "schema"}:            "tokens are no matter of the protocol",
		{"auth", "state"}:             "who a player is does not depend on a game",
		{"netcode", "state"}:          "sessions carry bytes, whatever a game makes of them",
		{"clients/go", "netcode"}:     "a client does not carry the server with it",
		{"clients/go", "rooms"}:       "a client does not carry the server with it",
		{"clients/go", "."}:           "a client does not carry the server with it",
	}
}

// excepted are arrows within those forbidden that are right.
func excepted(from, to string) bool {
	// Both ends of a UDP connection speak the same packets, both ends of a record
	// room the same values and queries, both ends of a presence room the same
	// crowds; and a Yjs document is the same at both ends.
	shared := []string{"netcode/udp/wire", "netcode/udp/reliable", "persistence/value", "persistence/query", "presence/wire", "canvas/yjs"}
	return within(from, "clients/go") && slices.ContainsFunc(shared, func(dir string) bool { return within(to, dir) })
}

// libraries are the modules that are not ours, by the folders that may import
// them. Each has one purpose, so that it can be replaced in one place.
func libraries() map[string][]string {
	return map[string][]string{
		"github.com/alecthomas/kong":          {"cli"},                                                        // parses the command line
		"github.com/coder/websocket":          {"netcode/ws", "clients/go", "bench"},                          // both ends of a connection, and the benchmark's floor
		"github.com/golang-jwt/jwt":           {"auth"},                                                       // checks tokens
		"github.com/google/flatbuffers":       {"schema"},                                                     // the wire's tables
		"github.com/oklog/ulid":               {"auth", "rooms", "netcode"},                                   // IDs that sort by time
		"github.com/prometheus/client_golang": {"."},                                                          // exposes metrics
		"github.com/rs/zerolog":               {"."},                                                          // writes log lines
		"github.com/tidwall/btree":            {"persistence/table", "persistence/live", "persistence/store"}, // ordered indexes, copied on write
		"go.etcd.io/bbolt":                    {"persistence/store"},                                          // the store that checkpoints go to
		"github.com/xtaci/kcp-go":             {"netcode/udp/reliable"},                                       // its state machine, for ordered messages over UDP
		"golang.org/x/crypto":                 {"netcode/udp/wire"},                                           // ChaCha20-Poly1305, BLAKE2
		"golang.org/x/sys":                    {"netcode/ws", "netcode/udp", "rooms/record", "bench"},         // system calls that the standard library lacks
		"golang.org/x/net":                    {"bench"},
	}
}

type goPackage struct {
	ImportPath, Dir, Export string
	Standard                bool
	Imports                 []string
	Incomplete              bool
}

// listPackages asks the go command, with all dependencies if wanted.
func listPackages(t *testing.T, args ...string) []goPackage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-json=ImportPath,Dir,Export,Standard,Imports,Incomplete"}, args...)...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list failed: %v\n%s", err, stderr.String())
	}
	var list []goPackage
	d := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

// folder is a package's folder in this module; ok is false for other modules.
func folder(importPath string) (dir string, ok bool) {
	if importPath == module {
		return ".", true
	}
	dir, ok = strings.CutPrefix(importPath, module+"/")
	return dir, ok
}

// layerOf is the index of a folder's layer, or -1.
func layerOf(dir string) int {
	return slices.IndexFunc(layers(), func(layer string) bool { return within(dir, layer) })
}

func within(dir, layer string) bool { return dir == layer || strings.HasPrefix(dir, layer+"/") }

func TestImportArrows(t *testing.T) {
	for _, p := range listPackages(t, "./...") {
		from, _ := folder(p.ImportPath)
		layer := layerOf(from)
		if layer < 0 {
			t.Errorf("%s has no place among the layers", from)
			continue
		}
		for _, imported := range p.Imports {
			to, ours := folder(imported)
			switch {
			case ours && layerOf(to) > layer:
				t.Errorf("%s imports %s, which is above it", from, to)
			case ours:
				for arrow, reason := range forbidden() {
					if within(from, arrow[0]) && within(to, arrow[1]) && !excepted(from, to) {
						t.Errorf("%s imports %s: %s", from, to, reason)
					}
				}
			case strings.Contains(strings.Split(imported, "/")[0], "."):
				checkLibrary(t, from, imported)
			}
		}
	}
}

func checkLibrary(t *testing.T, from, imported string) {
	t.Helper()
	for library, folders := range libraries() {
		if within(imported, library) {
			if !slices.ContainsFunc(folders, func(f string) bool { return from == f || f != "." && within(from, f) }) {
				t.Errorf("%s imports %s, which only %v may", from, imported, folders)
			}
			return
		}
	}
	t.Errorf("%s imports %s, which no folder may: say in libraries what it is for", from, imported)
}

// TestNoProfilesForPlayers is about a trap: net/http/pprof puts itself on
// http.DefaultServeMux, of which a user's program may make anything.
func TestNoProfilesForPlayers(t *testing.T) {
	for _, p := range listPackages(t, "-deps", "./cli") {
		if _, ours := folder(p.ImportPath); ours && slices.Contains(p.Imports, "net/http/pprof") {
			t.Errorf("%s imports net/http/pprof", p.ImportPath)
		}
	}
}

// TestPublicTypesAreOurs walks every type that a user of these packages meets.
func TestPublicTypesAreOurs(t *testing.T) {
	exports := make(map[string]string)
	for _, p := range listPackages(t, "-export", "-deps", ".", "./state", "./rooms", "./rooms/roomstest") {
		exports[p.ImportPath] = p.Export
	}
	load := importer.ForCompiler(token.NewFileSet(), "gc", func(p string) (io.ReadCloser, error) { return os.Open(exports[p]) })
	for _, dir := range []string{".", "state", "rooms", "rooms/roomstest"} {
		pkg, err := load.Import(path.Join(module, dir))
		if err != nil {
			t.Fatal(err)
		}
		w := typeWalk{seen: make(map[types.Type]bool), foreign: func(where string, name *types.TypeName) {
			t.Errorf("%s shows %s.%s, which is not ours", where, name.Pkg().Path(), name.Name())
		}}
		for _, name := range pkg.Scope().Names() {
			if o := pkg.Scope().Lookup(name); o.Exported() {
				w.walk(dir+"."+name, o.Type())
			}
		}
	}
}

// typeWalk visits the exported parts of types.
type typeWalk struct {
	seen    map[types.Type]bool
	foreign func(where string, name *types.TypeName)
}

func (w typeWalk) walk(where string, t types.Type) {
	if w.seen[t] {
		return
	}
	w.seen[t] = true
	switch t := t.(type) {
	case *types.Named:
		w.named(where, t)
	case *types.Alias:
		w.walk(where, t.Rhs())
	case *types.Struct:
		for f := range t.Fields() {
			if f.Exported() {
				w.walk(where+"."+f.Name(), f.Type())
			}
		}
	case *types.Signature:
		w.walk(where, t.Params())
		w.walk(where, t.Results())
	case *types.Tuple:
		for v := range t.Variables() {
			w.walk(where, v.Type())
		}
	case *types.Interface:
		for m := range t.Methods() {
			if m.Exported() {
				w.walk(where+"."+m.Name(), m.Type())
			}
		}
	case *types.Map:
		w.walk(where, t.Key())
		w.walk(where, t.Elem())
	case interface{ Elem() types.Type }: // pointers, slices, arrays, channels
		w.walk(where, t.Elem())
	}
}

func (w typeWalk) named(where string, t *types.Named) {
	if args := t.TypeArgs(); args != nil {
		for arg := range args.Types() {
			w.walk(where, arg)
		}
	}
	pkg := t.Obj().Pkg()
	if pkg == nil {
		return
	}
	if _, ours := folder(pkg.Path()); !ours {
		if strings.Contains(strings.Split(pkg.Path(), "/")[0], ".") {
			w.foreign(where, t.Obj())
		}
		return
	}
	if pkg.Path() == module+"/schema/fb" {
		w.foreign(where, t.Obj()) // generated: its types carry FlatBuffers'
		return
	}
	for m := range t.Methods() {
		if m.Exported() {
			w.walk(where+"."+m.Name(), m.Type())
		}
	}
	w.walk(where, t.Underlying())
}

// TestTypeWalkFinds makes sure that the walk can fail.
func TestTypeWalkFinds(t *testing.T) {
	theirs := types.NewPackage("example.com/theirs", "theirs")
	foreign := types.NewNamed(types.NewTypeName(token.NoPos, theirs, "T", nil), types.NewStruct(nil, nil), nil)
	ours := types.NewPackage(module+"/rooms", "rooms")
	field := func(name string, of types.Type) *types.Struct {
		return types.NewStruct([]*types.Var{types.NewField(token.NoPos, ours, name, of, false)}, nil)
	}
	for name, test := range map[string]struct {
		t     types.Type
		found bool
	}{
		"a field":           {field("F", foreign), true},
		"a hidden field":    {field("f", foreign), false},
		"a slice":           {field("F", types.NewSlice(types.NewPointer(foreign))), true},
		"a map's key":       {types.NewMap(foreign, types.Typ[types.Int]), true},
		"a function's word": {types.NewSignatureType(nil, nil, nil, types.NewTuple(types.NewParam(token.NoPos, ours, "", foreign)), nil, false), true},
		"nothing":           {field("F", types.Typ[types.Int]), false},
	} {
		found := false
		w := typeWalk{make(map[types.Type]bool), func(string, *types.TypeName) { found = true }}
		w.walk(name, types.NewNamed(types.NewTypeName(token.NoPos, ours, "O", nil), test.t, nil))
		if found != test.found {
			t.Errorf("%s: found is %v", name, found)
		}
	}
}
