package parlor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/parlor-server/parlor/persistence/host"
	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/schema"
)

const (
	defaultRecords = 100     // of one answer
	maxRecords     = 1000    // of one answer; offset goes on
	maxArguments   = 1 << 20 // bytes of a call's body
)

// recordAPI is the HTTP way to record rooms. On the players' address a user's
// token decides what it may; on the operators' address all is allowed.
type recordAPI struct {
	server *Server
	caller func(r *http.Request) (host.Caller, error)
}

// register adds the calls. A room is KIND/NAME or, percent-encoded, one segment.
func (a recordAPI) register(mux *http.ServeMux, limit func(http.Handler) http.Handler) {
	for _, room := range []string{"{kind}/{name}", "{id}"} {
		mux.Handle("GET /v1/rooms/"+room+"/records/{collection}", limit(a.answer(a.query)))
		mux.Handle("POST /v1/rooms/"+room+"/call/{mutation}", limit(a.answer(a.call)))
	}
}

func roomOf(r *http.Request) string {
	if id := r.PathValue("id"); id != "" {
		return id
	}
	return r.PathValue("kind") + "/" + r.PathValue("name")
}

// answer finds out who calls, and writes what f returns.
func (a recordAPI) answer(f func(r *http.Request, caller host.Caller) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limitBodyTo(w, r, maxArguments)
		caller, err := a.caller(r)
		if err != nil {
			w.Header().Set("WWW-Authenticate", `Bearer realm="parlor"`)
			writeError(w, authError(err))
			return
		}
		var answer any
		if a.server.records == nil {
			err = errNoRecords()
		} else {
			answer, err = f(r, caller)
		}
		if err != nil {
			a.server.logFailure(r, err)
			writeError(w, err)
			return
		}
		writeJSON(w, http.StatusOK, answer)
	})
}

// userCaller is who a user's bearer token says; without one, a guest if there
// are guests.
func (s *Server) userCaller(r *http.Request) (host.Caller, error) {
	user, _, err := s.auth.Authenticate(r.Context(), bearer(r))
	return host.Caller{User: user, Remote: s.remoteAddr(r)}, err
}

// operatorCaller is for handlers behind the operators' token.
func operatorCaller(*http.Request) (host.Caller, error) { return host.Caller{Operator: true}, nil }

type recordsAnswer struct {
	Seq     uint64          `json:"seq"` // that the records are as of
	Records json.RawMessage `json:"records"`
	Capped  bool            `json:"capped,omitempty"` // the query ended at the scan limit: there may be more
}

// query answers GET …/records/{collection}?where=…&orderBy=…&limit=…&offset=….
func (a recordAPI) query(r *http.Request, caller host.Caller) (any, error) {
	q, err := readQuery(r.URL.Query())
	if err != nil {
		return nil, err
	}
	result, err := a.server.records.Query(r.Context(), roomOf(r), caller, r.PathValue("collection"), q)
	if err != nil {
		return nil, err
	}
	return recordsAnswer{result.Seq, appendRecords(nil, result), result.Capped}, nil
}

// readQuery reads a query from a URL's values.
func readQuery(values url.Values) (query.Query, error) {
	for name := range values {
		switch name {
		case "where", "orderBy", "limit", "offset":
		default:
			return query.Query{}, schema.Errorf(schema.CodeBadQuery, "there is where, orderBy, limit and offset, not %q", name)
		}
	}
	text := struct {
		Where   json.RawMessage `json:"where,omitempty"`
		OrderBy json.RawMessage `json:"orderBy,omitempty"`
		Limit   int             `json:"limit"`
		Offset  int             `json:"offset,omitempty"`
	}{Limit: defaultRecords}
	var err error
	if text.Where, err = jsonOf("where", values.Get("where")); err != nil {
		return query.Query{}, err
	}
	if text.OrderBy, err = jsonOf("orderBy", OrderBy(values.Get("orderBy"))); err != nil {
		return query.Query{}, err
	}
	if text.Limit, err = readNumber("limit", values.Get("limit"), defaultRecords, maxRecords); err != nil {
		return query.Query{}, err
	}
	if text.Offset, err = readNumber("offset", values.Get("offset"), 0, 1<<31-1); err != nil {
		return query.Query{}, err
	}
	whole, err := json.Marshal(text)
	if err != nil {
		return query.Query{}, fmt.Errorf("failed to write the query: %w", err)
	}
	return query.Parse(whole)
}

func jsonOf(name, text string) (json.RawMessage, error) {
	if text == "" {
		return nil, nil
	}
	if !json.Valid([]byte(text)) {
		return nil, schema.Errorf(schema.CodeBadQuery, "%s is not JSON: %s", name, text)
	}
	return json.RawMessage(text), nil
}

func readNumber(name, text string, otherwise, most int) (int, error) {
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > most {
		return 0, schema.Errorf(schema.CodeBadQuery, "%s is a number from 0 to %d, not %q", name, most, text)
	}
	return n, nil
}

// OrderBy turns "Votes:desc,ID" into the JSON of a query's orderBy. JSON stays
// as it is.
func OrderBy(text string) string {
	if text == "" || strings.HasPrefix(text, "[") {
		return text
	}
	var order [][]string
	for field := range strings.SplitSeq(text, ",") {
		order = append(order, strings.Split(strings.TrimSpace(field), ":"))
	}
	whole, err := json.Marshal(order)
	if err != nil {
		return text // not UTF-8; whoever reads it says so
	}
	return string(whole)
}

type callAnswer struct {
	Seq    uint64          `json:"seq"`
	Result json.RawMessage `json:"result,omitempty"`
}

// call answers POST …/call/{mutation} with a JSON object of arguments.
func (a recordAPI) call(r *http.Request, caller host.Caller) (any, error) {
	args, err := io.ReadAll(r.Body)
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return nil, schema.Errorf(schema.CodeTooLarge, "the body may have %d bytes", tooLong.Limit)
	case err != nil:
		return nil, schema.Errorf(schema.CodeBadMessage, "the body did not arrive: %v", err)
	case len(args) == 0:
		args = []byte("{}")
	}
	receipt, err := a.server.records.Call(r.Context(), roomOf(r), caller, r.PathValue("mutation"), args)
	if err != nil {
		return nil, err
	}
	if receipt.Code != 0 {
		return nil, &fieldError{&schema.Error{Code: receipt.Code, Message: receipt.Message}, receipt.Field}
	}
	return callAnswer{receipt.Seq, receipt.Result}, nil
}

// fieldError is an error about one field.
type fieldError struct {
	err   *schema.Error
	field string
}

// Error returns the code's name and the message.
func (e *fieldError) Error() string { return e.err.Error() }

// Unwrap shows the code.
func (e *fieldError) Unwrap() error { return e.err }
