package parlor

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/parlor-server/parlor/schema"
)

// problem is the JSON of every failed HTTP call.
type problem struct {
	Code    string `json:"code"` // as in the game protocol, such as ROOM_FULL
	Message string `json:"message"`
}

// writeError answers with a problem. What is not a *schema.Error is none of
// the client's business, and reads INTERNAL.
func writeError(w http.ResponseWriter, err error) {
	var e *schema.Error
	if !errors.As(err, &e) {
		e = schema.Errorf(schema.CodeInternal, "the server failed; its log says why")
	}
	writeJSON(w, httpStatus(e.Code), problem{e.Code.String(), e.Message})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"code":"INTERNAL","message":"the answer cannot be JSON"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the client may have gone
}

func httpStatus(code schema.Code) int {
	switch code {
	case schema.CodeUnauthenticated, schema.CodeTokenExpired:
		return http.StatusUnauthorized
	case schema.CodeForbidden, schema.CodeRefused, schema.CodeBadToken:
		return http.StatusForbidden
	case schema.CodeNoSuchKind, schema.CodeNoSuchRoom, schema.CodeNotInRoom:
		return http.StatusNotFound
	case schema.CodeRoomFull, schema.CodeRoomLocked, schema.CodeRoomClosed, schema.CodeRoomFaulted, schema.CodeAlreadyJoined:
		return http.StatusConflict
	case schema.CodeTooLarge:
		return http.StatusRequestEntityTooLarge
	case schema.CodeRateLimited:
		return http.StatusTooManyRequests
	case schema.CodeTooManyRooms, schema.CodeGoingAway:
		return http.StatusServiceUnavailable
	case schema.CodeInternal:
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}
