package parlor

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/store"
	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/state"
)

type listItem struct {
	ID    string `parlor:"key"`
	Votes int
	Note  *string
}

type (
	itemVote struct{ ID string }
	itemAdd  struct {
		ID    string
		Votes int
	}
)

type listWorld struct {
	Items  records.Collection[string, listItem]
	Secret records.Collection[string, listItem]
}

func listKind() records.Kind {
	return records.Define("list", records.Room[listWorld]{
		Version: 1,
		Access: []records.Access[listWorld]{
			records.On(func(w *listWorld) *records.Collection[string, listItem] { return &w.Secret }),
		},
		Mutations: []records.Mutation[listWorld]{
			records.Call(func(w *listWorld, _ *records.Ctx, a itemAdd) error {
				_, err := w.Items.Insert(listItem{ID: a.ID, Votes: a.Votes})
				return err
			}),
			records.Call(func(w *listWorld, ctx *records.Ctx, v itemVote) error {
				item, ok := w.Items.Get(v.ID)
				if !ok {
					return records.Invalid("ID", "there is no item %s", v.ID)
				}
				item.Votes++
				ctx.Result(item.Votes)
				return w.Items.Put(item)
			}),
		},
	})
}

// runList runs a server with record rooms and no games.
func runList(t *testing.T) *Server {
	t.Helper()
	s, _, _ := runServer(t, func(cfg *Config) {
		cfg.Rooms, cfg.Records = nil, []records.Kind{listKind()}
	})
	return s
}

func TestRecordsOverHTTP(t *testing.T) {
	s := runList(t)
	room := s.URL() + "v1/rooms/list/main"
	for i, id := range []string{"a", "b", "c"} {
		args, _ := json.Marshal(itemAdd{id, i})
		var done callAnswer
		status, answer, _ := call(t, "POST", room+"/call/itemAdd", string(args))
		wantStatus(t, status, answer, http.StatusOK, &done)
		if done.Seq == 0 {
			t.Errorf("the answer %s names no sequence", answer)
		}
	}
	var done callAnswer
	status, answer, _ := call(t, "POST", room+"/call/itemVote", `{"ID":"c"}`)
	wantStatus(t, status, answer, http.StatusOK, &done)
	if string(done.Result) != "3" {
		t.Errorf("the vote returned %s", done.Result)
	}

	encoded := s.URL() + "v1/rooms/list%2Fmain"
	for path, want := range map[string]string{
		room + "/records/Items?orderBy=Votes:desc&limit=2":                                          "c b",
		encoded + "/records/Items?orderBy=" + url.QueryEscape(`[["Votes"]]`):                        "a b c",
		room + "/records/Items?offset=1&orderBy=ID&where=" + url.QueryEscape(`{"gte":["Votes",1]}`): "c",
	} {
		status, answer, _ := call(t, "GET", path, "")
		if got := itemsOf(t, status, answer); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func itemsOf(t *testing.T, status int, answer string) string {
	t.Helper()
	var a struct {
		Seq     uint64
		Records []listItem
	}
	wantStatus(t, status, answer, http.StatusOK, &a)
	if a.Seq == 0 {
		t.Errorf("%s names no sequence", answer)
	}
	var ids []string
	for _, item := range a.Records {
		ids = append(ids, item.ID)
	}
	return strings.Join(ids, " ")
}

func TestRecordsOverHTTPRefused(t *testing.T) {
	s := runList(t)
	room := s.URL() + "v1/rooms/list/main"
	for _, test := range []struct {
		method, url, body string
		status            int
		code              string
	}{
		{"GET", s.URL() + "v1/rooms/chess/main/records/Items", "", 404, "NO_SUCH_KIND"},
		{"GET", room + "/records/Nothing", "", 404, "NO_SUCH_COLLECTION"},
		{"GET", room + "/records/Items?where=%7B%22eq%22%3A%5B%22Nothing%22%2C1%5D%7D", "", 400, "BAD_QUERY"},
		{"GET", room + "/records/Items?where=%7B", "", 400, "BAD_QUERY"},
		{"GET", room + "/records/Items?limit=1001", "", 400, "BAD_QUERY"},
		{"GET", room + "/records/Items?order=ID", "", 400, "BAD_QUERY"},
		{"POST", room + "/call/nothing", "{}", 404, "NO_SUCH_MUTATION"},
		{"POST", room + "/call/itemVote", "[]", 422, "VALIDATION"},
		{"POST", room + "/call/itemVote", `{"ID":"x"}`, 422, "VALIDATION"},
		{"POST", room + "/call/itemVote", strings.Repeat(" ", maxArguments+1), 413, "TOO_LARGE"},
	} {
		status, answer, _ := call(t, test.method, test.url, test.body)
		wantProblem(t, status, answer, test.status, test.code)
	}
	if _, answer, _ := call(t, "POST", room+"/call/itemVote", `{"ID":"x"}`); !strings.Contains(answer, `"field":"ID"`) {
		t.Errorf("%s does not name the field", answer)
	}
	without, _, _ := runServer(t, nil)
	status, answer, _ := call(t, "GET", without.URL()+"v1/rooms/list/main/records/Items", "")
	wantProblem(t, status, answer, 404, "NO_SUCH_KIND")
}

// TestOperatorsReadEverything reads what users may not, over the admin address.
func TestOperatorsReadEverything(t *testing.T) {
	s := runList(t)
	err := records.Write(t.Context(), s, "list/main", func(w *listWorld, _ *records.Ctx) error {
		_, err := w.Secret.Insert(listItem{ID: "s"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	path := "v1/rooms/list/main/records/Secret"
	status, answer, _ := call(t, "GET", s.AdminURL()+path, "")
	if got := itemsOf(t, status, answer); got != "s" {
		t.Errorf("the operator reads %q", got)
	}
	if status, answer, _ = call(t, "GET", s.URL()+path, ""); status == http.StatusOK && itemsOf(t, status, answer) != "" {
		t.Errorf("a guest reads %s", answer)
	}
	var list recordRoomList
	status, answer, _ = call(t, "GET", s.AdminURL()+"records", "")
	wantStatus(t, status, answer, http.StatusOK, &list)
	if len(list.Rooms) != 1 || list.Rooms[0].Name != "list/main" || !list.Rooms[0].Open || list.Rooms[0].Records != 1 {
		t.Errorf("the rooms are %s", answer)
	}
	status, answer, _ = call(t, "GET", s.AdminURL()+"records/list/main", "")
	wantStatus(t, status, answer, http.StatusOK, nil)
	status, answer, _ = call(t, "GET", s.AdminURL()+"records/list/other", "")
	wantProblem(t, status, answer, 404, "NO_SUCH_ROOM")
	_, answer, _ = call(t, "GET", s.AdminURL()+"metrics", "")
	for _, line := range []string{"parlor_records_rooms 1", "parlor_records_records 1", "parlor_records_commit_seconds_count"} {
		if !strings.Contains(answer, line) {
			t.Errorf("the metrics do not say %q", line)
		}
	}
}

// TestOnlineBackupIsRestored takes a backup of a running server.
func TestOnlineBackupIsRestored(t *testing.T) {
	s := runList(t)
	call(t, "POST", s.URL()+"v1/rooms/list/main/call/itemAdd", `{"ID":"a","Votes":7}`)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.AdminURL()+"backup", nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	res, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var file bytes.Buffer
	if _, err := file.ReadFrom(res.Body); err != nil || res.Trailer.Get(BackupTrailer) != "whole" {
		t.Fatalf("trailer %v, error %v", res.Trailer, err)
	}
	dir := t.TempDir()
	if err := store.Restore(dir+"/"+RecordsFolder, &file); err != nil {
		t.Fatal(err)
	}
	again, _, _ := runServer(t, func(cfg *Config) {
		cfg.Rooms, cfg.Records, cfg.Data = nil, []records.Kind{listKind()}, dir
	})
	status, answer, _ := call(t, "GET", again.URL()+"v1/rooms/list/main/records/Items", "")
	if got := itemsOf(t, status, answer); got != "a" {
		t.Errorf("the restored room has %q", got)
	}
}

// TestR14_1_ClientSeesWhatOthersWrite connects over a WebSocket while another
// caller writes over HTTP.
func TestR14_1_ClientSeesWhatOthersWrite(t *testing.T) {
	s := runList(t)
	c := dial(t, s)
	ctx := patience(t)
	room, err := c.OpenRecords(ctx, "list/main", client.RecordsOptions{})
	if err != nil {
		t.Fatal(err)
	}
	seen := make(chan value.Row, 8)
	_, err = room.Watch("Items", query.Query{Limit: -1}, func(c client.Change[value.Row]) {
		for _, row := range c.Entered {
			seen <- row
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	call(t, "POST", s.URL()+"v1/rooms/list/main/call/itemAdd", `{"ID":"a","Votes":7}`)
	select {
	case row := <-seen:
		if text := string(room.Schema().Collection("Items").AppendJSON(nil, row)); !strings.Contains(text, `"Votes":7`) {
			t.Errorf("the client sees %s", text)
		}
	case <-ctx.Done():
		t.Fatal("the client did not see the record")
	}
}

// TestGamesWriteRecords writes as a game's rules do.
func TestGamesWriteRecords(t *testing.T) {
	s := runList(t)
	g := s.gameRecords()
	write := func(writes ...state.RecordWrite) error {
		done := make(chan error, 1)
		g.Write("list/main", writes, func(err error) { done <- err })
		return <-done
	}
	create := state.RecordWrite{Collection: "Items", Op: state.WriteCreate, Row: []byte(`{"ID":"a","Votes":1}`)}
	if err := write(create); err != nil {
		t.Fatal(err)
	}
	put := state.RecordWrite{Collection: "Items", Op: state.WritePut, Row: []byte(`{"ID":"b","Votes":2}`)}
	if err := write(put, create); err == nil || !strings.HasPrefix(err.Error(), "DUPLICATE") {
		t.Errorf("a second create: %v", err)
	}
	if err := write(put, state.RecordWrite{Collection: "Items", Op: state.WriteRemove, Row: []byte(`{"ID":"a"}`)}); err != nil {
		t.Error(err)
	}
	text, err := g.Read(context.Background(), "list/main", "Items", []byte(`{"orderBy":[["ID"]]}`))
	if err != nil {
		t.Fatal(err)
	}
	var items []listItem
	if err := json.Unmarshal(text, &items); err != nil || len(items) != 1 || items[0].ID != "b" {
		t.Errorf("there is %s, %v", text, err)
	}
}
