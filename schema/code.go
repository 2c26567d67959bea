package schema

import (
	"fmt"
	"strconv"
)

// Code names why a message, a membership or a session was ended. The numbers
// are part of the protocol and never change their meaning.
type Code uint16

// Codes about the session and its messages.
const (
	CodeBadMessage      Code = 1
	CodeBadProtocol     Code = 2
	CodeUnauthenticated Code = 3
	CodeTokenExpired    Code = 4
	CodeHelloTimeout    Code = 5
	CodeIdleTimeout     Code = 6
	CodeRateLimited     Code = 7
	CodeTooLarge        Code = 8
	CodeSlowClient      Code = 9
	CodeStaleClient     Code = 10
	CodeGoingAway       Code = 11
	CodeInternal        Code = 12
	CodeReplaced        Code = 13
	CodeForbidden       Code = 14
)

// Codes about rooms.
const (
	CodeNoSuchKind    Code = 20
	CodeNoSuchRoom    Code = 21
	CodeRoomFull      Code = 22
	CodeRoomLocked    Code = 23
	CodeBadOptions    Code = 24
	CodeRefused       Code = 25
	CodeBadToken      Code = 26
	CodeNotInRoom     Code = 27
	CodeBadInput      Code = 28
	CodeAlreadyJoined Code = 29
	CodeKicked        Code = 30
	CodeRoomClosed    Code = 31
	CodeRoomFaulted   Code = 32
	CodeTooManyRooms  Code = 33
	CodeLeft          Code = 34
)

// Codes about record rooms.
const (
	CodeDuplicate            Code = 50
	CodeValidation           Code = 51
	CodeExecuteFailed        Code = 52
	CodeSchemaMismatch       Code = 53
	CodeOutOfOrder           Code = 54
	CodeClientUnknown        Code = 55
	CodeResultExpired        Code = 56
	CodeNoSuchMutation       Code = 57
	CodeNoSuchCollection     Code = 58
	CodeBadQuery             Code = 59
	CodeTooManyOperations    Code = 60
	CodeTooManySubscriptions Code = 61
	CodeQuarantined          Code = 62
	CodeStoreFailed          Code = 63
	CodeRoomTooLarge         Code = 64
	CodeMigrationFailed      Code = 65
	CodeScanLimit            Code = 66
	CodeVoided               Code = 67
)

// Codes about presence, canvas and Yjs rooms.
const (
	CodeNoSuchCast      Code = 70
	CodeNoSuchShape     Code = 71
	CodeNoSuchShapeKind Code = 72
	CodeShapeLocked     Code = 73
	CodeCycle           Code = 74
	CodeNothingToUndo   Code = 75
	CodeNoSuchVersion   Code = 76
)

// String returns the code's name as users see it, such as "ROOM_FULL".
func (c Code) String() string {
	switch c {
	case CodeBadMessage:
		return "BAD_MESSAGE"
	case CodeBadProtocol:
		return "BAD_PROTOCOL"
	case CodeUnauthenticated:
		return "UNAUTHENTICATED"
	case CodeTokenExpired:
		return "TOKEN_EXPIRED"
	case CodeHelloTimeout:
		return "HELLO_TIMEOUT"
	case CodeIdleTimeout:
		return "IDLE_TIMEOUT"
	case CodeRateLimited:
		return "RATE_LIMITED"
	case CodeTooLarge:
		return "TOO_LARGE"
	case CodeSlowClient:
		return "SLOW_CLIENT"
	case CodeStaleClient:
		return "STALE_CLIENT"
	case CodeGoingAway:
		return "GOING_AWAY"
	case CodeInternal:
		return "INTERNAL"
	case CodeReplaced:
		return "REPLACED"
	case CodeForbidden:
		return "FORBIDDEN"
	}
	return c.roomString()
}

func (c Code) roomString() string {
	switch c {
	case CodeNoSuchKind:
		return "NO_SUCH_KIND"
	case CodeNoSuchRoom:
		return "NO_SUCH_ROOM"
	case CodeRoomFull:
		return "ROOM_FULL"
	case CodeRoomLocked:
		return "ROOM_LOCKED"
	case CodeBadOptions:
		return "BAD_OPTIONS"
	case CodeRefused:
		return "REFUSED"
	case CodeBadToken:
		return "BAD_TOKEN"
	case CodeNotInRoom:
		return "NOT_IN_ROOM"
	case CodeBadInput:
		return "BAD_INPUT"
	case CodeAlreadyJoined:
		return "ALREADY_JOINED"
	case CodeKicked:
		return "KICKED"
	case CodeRoomClosed:
		return "ROOM_CLOSED"
	case CodeRoomFaulted:
		return "ROOM_FAULTED"
	case CodeTooManyRooms:
		return "TOO_MANY_ROOMS"
	case CodeLeft:
		return "LEFT"
	}
	return c.recordString()
}

func (c Code) recordString() string {
	switch c {
	case CodeDuplicate:
		return "DUPLICATE"
	case CodeValidation:
		return "VALIDATION"
	case CodeExecuteFailed:
		return "EXECUTE_FAILED"
	case CodeSchemaMismatch:
		return "SCHEMA_MISMATCH"
	case CodeOutOfOrder:
		return "OUT_OF_ORDER"
	case CodeClientUnknown:
		return "CLIENT_UNKNOWN"
	case CodeResultExpired:
		return "RESULT_EXPIRED"
	case CodeNoSuchMutation:
		return "NO_SUCH_MUTATION"
	case CodeNoSuchCollection:
		return "NO_SUCH_COLLECTION"
	case CodeBadQuery:
		return "BAD_QUERY"
	case CodeTooManyOperations:
		return "TOO_MANY_OPERATIONS"
	case CodeTooManySubscriptions:
		return "TOO_MANY_SUBSCRIPTIONS"
	case CodeQuarantined:
		return "QUARANTINED"
	case CodeStoreFailed:
		return "STORE_FAILED"
	case CodeRoomTooLarge:
		return "ROOM_TOO_LARGE"
	case CodeMigrationFailed:
		return "MIGRATION_FAILED"
	case CodeScanLimit:
		return "SCAN_LIMIT"
	case CodeVoided:
		return "VOIDED"
	}
	return c.sharedString()
}

func (c Code) sharedString() string {
	switch c {
	case CodeNoSuchCast:
		return "NO_SUCH_CAST"
	case CodeNoSuchShape:
		return "NO_SUCH_SHAPE"
	case CodeNoSuchShapeKind:
		return "NO_SUCH_SHAPE_KIND"
	case CodeShapeLocked:
		return "SHAPE_LOCKED"
	case CodeCycle:
		return "CYCLE"
	case CodeNothingToUndo:
		return "NOTHING_TO_UNDO"
	case CodeNoSuchVersion:
		return "NO_SUCH_VERSION"
	}
	return "CODE_" + strconv.Itoa(int(c))
}

// Final tells that a client whose session ended with the code would only end
// the same way if it connected again: somebody has to do something first.
func (c Code) Final() bool {
	switch c {
	case CodeBadMessage, CodeBadProtocol, CodeUnauthenticated, CodeTokenExpired, CodeTooLarge,
		CodeReplaced, CodeForbidden, CodeKicked:
		return true
	}
	return false
}

// CloseStatus is the WebSocket close status that carries the code: one from
// 4400 to 4499 if it is final.
func (c Code) CloseStatus() int {
	if c.Final() {
		return finalStatusBase + int(c)
	}
	return closeStatusBase + int(c)
}

// CodeOfCloseStatus is the opposite of CloseStatus; ok is false for a status
// that is none of Parlor's.
func CodeOfCloseStatus(status int) (c Code, ok bool) {
	switch {
	case status <= closeStatusBase || status > closeStatusBase+999:
		return 0, false
	case status > finalStatusBase && status < finalStatusBase+100:
		return Code(status - finalStatusBase), true
	}
	return Code(status - closeStatusBase), true
}

const (
	closeStatusBase = 4000
	finalStatusBase = 4400 // up to 4499
)

// Error is a code with a sentence for a human. Request is the Join.request or
// Event.seq that it answers, or 0.
type Error struct {
	Code    Code
	Request uint32
	Message string
}

// Error returns the code's name and the message.
func (e *Error) Error() string {
	if e.Message == "" {
		return e.Code.String()
	}
	return e.Code.String() + ": " + e.Message
}

// Is reports whether target is an *Error with the same code, so that
// errors.Is(err, &Error{Code: CodeRoomFull}) asks for the code alone.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Errorf returns an *Error with a formatted message.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}
