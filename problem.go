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
	Field   string `json:"field,omitempty"` // that it is about, of a record
}

// writeError answers with a problem. What is not a *schema.Error is none of
// the client's business, and reads INTERNAL.
func writeError(w http.ResponseWriter, err error) {
	var e *schema.Error
	if !errors.As(err, &e) {
		e = schema.Errorf(schema.CodeInternal, "the server failed; its log says why")
	}
	p := problem{Code: e.Code.String(), Message: e.Message}
	var f *fieldError
	if errors.As(err, &f) {
		p.Field = f.field
	}
	writeJSON(w, httpStatus(e.Code), p)
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
	return recordStatus(code)
}

// recordStatus is httpStatus for the codes of record rooms.
func recordStatus(code schema.Code) int {
	switch code {
	case schema.CodeNoSuchMutation, schema.CodeNoSuchCollection, schema.CodeNoSuchShape, schema.CodeNoSuchVersion:
		return http.StatusNotFound
	case schema.CodeDuplicate, schema.CodeSchemaMismatch, schema.CodeShapeLocked:
		return http.StatusConflict
	case schema.CodeValidation:
		return http.StatusUnprocessableEntity
	case schema.CodeExecuteFailed:
		return http.StatusInternalServerError
	case schema.CodeQuarantined, schema.CodeStoreFailed, schema.CodeMigrationFailed:
		return http.StatusServiceUnavailable
	case schema.CodeRoomTooLarge:
		return http.StatusInsufficientStorage
	}
	return http.StatusBadRequest
}
