package parlor

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/schema"
)

func TestRoomsOverHTTP(t *testing.T) {
	s, _, _ := runServer(t, nil)
	var dust, ice, hidden rooms.Info
	for _, room := range []struct {
		body string
		info *rooms.Info
	}{
		{`{"kind": "test", "options": {"map": "dust"}}`, &dust},
		{`{"kind": "test", "options": {"map": "ice"}}`, &ice},
		{`{"kind": "test", "private": true}`, &hidden},
	} {
		status, answer, _ := call(t, "POST", s.URL()+"v1/rooms", room.body)
		wantStatus(t, status, answer, http.StatusCreated, room.info)
	}
	if dust.Kind != "test" || dust.MaxPlayers != 2 || dust.Players != 0 || dust.Hz != 60 || !hidden.Private {
		t.Errorf("got %+v and %+v", dust, hidden)
	}

	for query, want := range map[string][]string{
		"":          {dust.ID, ice.ID},
		"kind=test": {dust.ID, ice.ID},
		"filter=" + url.QueryEscape(`{"map": "ice"}`):            {ice.ID},
		"kind=test&filter=" + url.QueryEscape(`{"map": "lava"}`): {},
	} {
		var list roomList
		status, answer, header := call(t, "GET", s.URL()+"v1/rooms?"+query, "")
		wantStatus(t, status, answer, http.StatusOK, &list)
		got := []string{}
		for _, info := range list.Rooms {
			got = append(got, info.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q lists %v, want %v", query, got, want)
		}
		if header.Get("Content-Type") != "application/json" || header.Get("Cache-Control") != "no-store" {
			t.Errorf("%q: the header is %v", query, header)
		}
	}
}

func TestMatchGivesATicketThatJoins(t *testing.T) {
	s, _, _ := runServer(t, nil)
	var match matchAnswer
	status, answer, _ := call(t, "POST", s.URL()+"v1/match", `{"kind": "test", "options": {"map": "dust"}}`)
	wantStatus(t, status, answer, http.StatusOK, &match)
	if want := strings.Replace(s.URL(), "http", "ws", 1) + "ws"; match.URL != want {
		t.Errorf("the URL is %q, want %q", match.URL, want)
	}
	if match.Expires.Before(time.Now()) {
		t.Errorf("the ticket ran out at %v", match.Expires)
	}
	room, err := dial(t, s).JoinTicket(patience(t), match.Ticket, client.JoinOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if room.ID() != match.Room {
		t.Errorf("joined %s, want %s", room.ID(), match.Room)
	}
	_, err = dial(t, s).JoinTicket(patience(t), match.Ticket, client.JoinOptions{})
	if !errors.Is(err, &schema.Error{Code: schema.CodeBadToken}) {
		t.Errorf("a used ticket gave %v, want BAD_TOKEN", err)
	}

	// One seat is left: the next match takes it, the one after needs a new room.
	var second, third matchAnswer
	status, answer, _ = call(t, "POST", s.URL()+"v1/match", `{"mode": "join", "room": "`+match.Room+`"}`)
	wantStatus(t, status, answer, http.StatusOK, &second)
	status, answer, _ = call(t, "POST", s.URL()+"v1/match", `{"mode": "join", "room": "`+match.Room+`"}`)
	wantProblem(t, status, answer, http.StatusConflict, "ROOM_FULL")
	status, answer, _ = call(t, "POST", s.URL()+"v1/match", `{"kind": "test"}`)
	wantStatus(t, status, answer, http.StatusOK, &third)
	if second.Room != match.Room || third.Room == match.Room {
		t.Errorf("rooms are %s, %s, %s: want the first two alike", match.Room, second.Room, third.Room)
	}
}

func TestCallsRefuse(t *testing.T) {
	s, _, _ := runServer(t, func(c *Config) { c.Origins = []string{"*.example.com"} })
	for name, test := range map[string]struct {
		method, path, body string
		headers            []string
		status             int
		code               string
	}{
		"an unknown game":     {"POST", "v1/rooms", `{"kind": "chess"}`, nil, 404, "NO_SUCH_KIND"},
		"a list of it":        {"GET", "v1/rooms?kind=chess", ``, nil, 404, "NO_SUCH_KIND"},
		"a match of it":       {"POST", "v1/match", `{"kind": "chess"}`, nil, 404, "NO_SUCH_KIND"},
		"an unknown room":     {"POST", "v1/match", `{"mode": "join", "room": "x"}`, nil, 404, "NO_SUCH_ROOM"},
		"an unknown mode":     {"POST", "v1/match", `{"kind": "test", "mode": "win"}`, nil, 400, "BAD_OPTIONS"},
		"a wrong filter":      {"GET", "v1/rooms?filter=7", ``, nil, 400, "BAD_OPTIONS"},
		"a wrong match":       {"POST", "v1/match", `{"kind": "test", "filter": []}`, nil, 400, "BAD_OPTIONS"},
		"no JSON":             {"POST", "v1/rooms", `kind=test`, nil, 400, "BAD_MESSAGE"},
		"nothing":             {"POST", "v1/rooms", ``, nil, 400, "BAD_MESSAGE"},
		"too much":            {"POST", "v1/rooms", `{"kind": "test"} {}`, nil, 400, "BAD_MESSAGE"},
		"a misspelt field":    {"POST", "v1/rooms", `{"kimd": "test"}`, nil, 400, "BAD_MESSAGE"},
		"a huge body":         {"POST", "v1/rooms", `{"kind": "` + strings.Repeat("x", maxBody) + `"}`, nil, 413, "TOO_LARGE"},
		"a failing game":      {"POST", "v1/rooms", `{"kind": "test", "options": {"crash": true}}`, nil, 409, "ROOM_FAULTED"},
		"an unknown call":     {"GET", "v1/players", ``, nil, 404, "NO_SUCH_CALL"},
		"a wrong method":      {"DELETE", "v1/rooms", ``, nil, 404, "NO_SUCH_CALL"},
		"a wrong token":       {"GET", "v1/rooms", ``, []string{"Authorization", "Bearer x"}, 401, "UNAUTHENTICATED"},
		"a page of others":    {"POST", "v1/rooms", `{"kind": "test"}`, []string{"Origin", "https://evil.example"}, 403, "FORBIDDEN"},
		"a list for them":     {"GET", "v1/rooms", ``, []string{"Origin", "https://example.com.evil.example"}, 403, "FORBIDDEN"},
		"a sandboxed page":    {"POST", "v1/rooms", `{"kind": "test"}`, []string{"Origin", "null"}, 403, "FORBIDDEN"},
		"their preflight":     {"OPTIONS", "v1/rooms", ``, []string{"Origin", "https://evil.example"}, 403, "FORBIDDEN"},
		"a name of elsewhere": {"GET", "v1/rooms", ``, []string{"Host", "evil.example"}, 403, "FORBIDDEN"},
	} {
		t.Run(name, func(t *testing.T) {
			status, answer, header := call(t, test.method, s.URL()+test.path, test.body, test.headers...)
			wantProblem(t, status, answer, test.status, test.code)
			if header.Get("Access-Control-Allow-Origin") != "" {
				t.Error("the origin was allowed")
			}
		})
	}
	if n := s.registry.Stats().Rooms.Load(); n != 0 {
		t.Errorf("%d rooms were opened", n)
	}
}

func TestOriginsThatMayCall(t *testing.T) {
	s, _, _ := runServer(t, func(c *Config) { c.Origins = []string{"*.example.com", "https://other.example"} })
	for origin, allowed := range map[string]bool{
		strings.TrimSuffix(s.URL(), "/"): true, // its own
		"https://play.example.com":       true,
		"http://PLAY.example.com":        true,
		"https://other.example":          true,
		"http://other.example":           false,
		"https://example.com":            false,
		"https://a.other.example":        false,
	} {
		status, _, header := call(t, "OPTIONS", s.URL()+"v1/match", "", "Origin", origin, "Access-Control-Request-Method", "POST")
		if got := status == http.StatusNoContent && header.Get("Access-Control-Allow-Origin") == origin &&
			strings.Contains(header.Get("Access-Control-Allow-Headers"), "Authorization"); got != allowed {
			t.Errorf("%s: allowed is %v, want %v; %d %v", origin, got, allowed, status, header)
		}
	}
}

func TestSocketURL(t *testing.T) {
	for _, test := range []struct {
		proxied bool
		proto   string
		want    string
	}{
		{false, "", "ws://play.example/ws"},
		{false, "https", "ws://play.example/ws"}, // the client's word
		{true, "https", "wss://play.example/ws"},
		{true, "", "wss://play.example/ws"},
		{true, "http", "ws://play.example/ws"},
	} {
		s := &Server{cfg: Config{BehindProxy: test.proxied}}
		r := &http.Request{Host: "play.example", Header: http.Header{"X-Forwarded-Proto": {test.proto}}}
		if got := s.socketURL(r); got != test.want {
			t.Errorf("behind a proxy %v that says %q: %s, want %s", test.proxied, test.proto, got, test.want)
		}
	}
}

func FuzzReadJSON(f *testing.F) {
	f.Add(`{"kind": "test", "options": {"a": [1, null]}}`)
	f.Add(`{"kind": 7}`)
	f.Add(`[`)
	f.Fuzz(func(t *testing.T, body string) {
		r, err := http.NewRequest("POST", "/v1/match", strings.NewReader(body))
		if err != nil {
			t.Skip()
		}
		var req matchRequest
		if err := readJSON(r, &req); err != nil {
			var e *schema.Error
			if !errors.As(err, &e) {
				t.Errorf("%v is not for the client", err)
			}
		} else if len(req.Options) > 0 && !json.Valid(req.Options) {
			t.Errorf("options %q are not JSON", req.Options)
		}
	})
}
