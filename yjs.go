package parlor

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/canvas"
	canvashost "github.com/parlor-server/parlor/canvas/host"
	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/internal/roomname"
	"github.com/parlor-server/parlor/netcode/ws"
	"github.com/parlor-server/parlor/schema"
)

const (
	yjsPath       = "/yjs/"
	roomTokenLife = 10 * time.Minute
)

// yjsEndpoint lets stock Yjs clients into Yjs rooms and boards: the room
// KIND/NAME of a y-websocket provider whose server is ws://HOST/yjs.
type yjsEndpoint struct {
	server  *Server
	kinds   map[string]canvas.Kind
	tokens  *auth.RoomTokens
	sockets *ws.RawHandler
}

// openYjs begins to serve stock clients, if there is a kind of rooms for them.
func (s *Server) openYjs() error {
	kinds := make(map[string]canvas.Kind)
	for _, kind := range s.cfg.Canvas {
		if kind.Stock() {
			kinds[kind.Name()] = kind
		}
	}
	if len(kinds) == 0 {
		return nil
	}
	tokens, err := auth.OpenRoomTokens(or(s.cfg.Auth.RoomKey, filepath.Join(s.cfg.Data, "rooms.key")))
	if err != nil {
		return err
	}
	e := &yjsEndpoint{server: s, kinds: kinds, tokens: tokens}
	e.sockets = ws.NewRawHandler(e, ws.RawConfig{
		Config: ws.Config{Origins: s.cfg.Origins, Logger: s.cfg.Logger, RemoteAddr: s.remoteAddr, ReadLimit: s.cfg.YjsMessage},
		// An edit that changes nothing: a client without an awareness state of its
		// own would hear nothing while it is alone, and drop its connection.
		KeepAlive: yjs.Message{Kind: yjs.SyncUpdate, Payload: []byte{0, 0}}.Append(nil),
	})
	s.yjs = e
	return nil
}

// Open implements ws.RawHost.
func (e *yjsEndpoint) Open(ctx context.Context, r *http.Request, link *ws.RawLink) (ws.RawSeat, error) {
	room := yjsRoom(r)
	user, seat, err := e.enter(ctx, r, room, link)
	if err != nil {
		e.server.cfg.Logger.Debug("a Yjs client is refused", "room", room, "user", user.ID, "remote", link.RemoteAddr(), "error", err)
		return nil, err
	}
	return seat, nil
}

func (e *yjsEndpoint) enter(ctx context.Context, r *http.Request, room string, link *ws.RawLink) (auth.User, ws.RawSeat, error) {
	if e.server.draining.Load() {
		return auth.User{}, nil, schema.Errorf(schema.CodeGoingAway, "the server is shutting down")
	}
	if _, err := e.kind(room); err != nil {
		return auth.User{}, nil, err
	}
	user, err := e.user(ctx, r, room)
	if err != nil {
		return auth.User{}, nil, err
	}
	seat, err := e.server.canvas.Open(ctx, canvashost.OpenRequest{Room: room, User: user, Remote: link.RemoteAddr()})
	if err != nil {
		return user, nil, err
	}
	if !user.Expires.IsZero() {
		link.Expire(user.Expires)
	}
	if err := seat.Enter(yjsLink{link}); err != nil {
		return user, nil, err
	}
	return user, yjsConn{seat}, nil
}

// yjsRoom is the room that a request's path names, with its slash as it is or
// percent-encoded.
func yjsRoom(r *http.Request) string {
	room, err := url.PathUnescape(strings.TrimPrefix(r.URL.EscapedPath(), yjsPath))
	if err != nil {
		return ""
	}
	return room
}

// kind is the kind of a room that stock clients may enter.
func (e *yjsEndpoint) kind(room string) (canvas.Kind, error) {
	name, _, ok := roomname.Split(room)
	if !ok {
		return canvas.Kind{}, schema.Errorf(schema.CodeNoSuchRoom, "no room has such a name: %s", roomname.Rule)
	}
	kind, ok := e.kinds[name]
	if !ok {
		return canvas.Kind{}, schema.Errorf(schema.CodeNoSuchKind, "this server has no rooms of the kind %q for Yjs clients", name)
	}
	return kind, nil
}

// user is whom a request speaks for. What a URL carries is seen by many, so
// that there only a token for the room itself is taken.
func (e *yjsEndpoint) user(ctx context.Context, r *http.Request, room string) (auth.User, error) {
	token := r.URL.Query().Get("token")
	if token == "" {
		user, _, err := e.server.auth.Authenticate(ctx, bearer(r))
		return user, e.refusal(err, room)
	}
	user, err := e.tokens.Verify(token, room)
	return user, e.refusal(err, room)
}

// refusal says what to do about a token, in less than the 123 bytes of a close
// frame.
func (e *yjsEndpoint) refusal(err error, room string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, auth.ErrExpired):
		return schema.Errorf(schema.CodeTokenExpired, "get a new ?token= with POST /v1/rooms/KIND/NAME/token")
	case errors.Is(err, auth.ErrOtherRoom):
		return schema.Errorf(schema.CodeBadToken, "the token is for another room, not for %s", room)
	}
	return schema.Errorf(schema.CodeUnauthenticated, "a valid ?token= is needed: POST /v1/rooms/KIND/NAME/token")
}

// yjsConn is a stock client's seat.
type yjsConn struct{ seat *canvashost.Seat }

// Receive implements ws.RawSeat.
func (c yjsConn) Receive(message []byte) error { return c.seat.Sync(message) }

// Lost implements ws.RawSeat.
func (c yjsConn) Lost() { c.seat.Lost() }

// yjsLink is a stock client's connection as rooms see it: a canvashost.RawLink.
type yjsLink struct{ *ws.RawLink }

// Message does nothing: stock clients know no such messages.
func (yjsLink) Message(schema.Header, []byte) {}

// Offer takes nothing.
func (yjsLink) Offer(schema.Header, []byte) bool { return false }

// Done implements canvashost.Link: the connection was for one room.
func (l yjsLink) Done() { l.Close(schema.CodeRoomClosed, "the room has ended") }

// roomToken is the answer to POST /v1/rooms/{kind}/{name}/token.
type roomToken struct {
	Token   string    `json:"token"`   // for the URL parameter "token"
	Expires time.Time `json:"expires"` // until when it opens the room; who is in stays
	URL     string    `json:"url"`     // of the room's WebSocket, without the token
}

// issue answers POST /v1/rooms/{kind}/{name}/token.
func (e *yjsEndpoint) issue(r *http.Request, user auth.User) (int, any, error) {
	room := roomOf(r)
	kind, err := e.kind(room)
	if err != nil {
		return 0, nil, err
	}
	if _, err := kind.Role(r.Context(), room, user); err != nil {
		return 0, nil, err
	}
	token, expires, err := e.tokens.Issue(user, room, roomTokenLife)
	if err != nil {
		return 0, nil, schema.Errorf(schema.CodeTooLarge, "%v", err)
	}
	return http.StatusOK, roomToken{Token: token, Expires: expires.UTC(), URL: strings.TrimSuffix(e.server.socketURL(r), "/ws") + yjsPath + room}, nil
}

// yjsCalls are the calls that stock clients need, if there are rooms for them.
func (a api) yjsCalls() roomCalls {
	if a.server.yjs == nil {
		return nil
	}
	return roomCalls{"POST token": a.server.limited(a.call(a.server.yjs.issue))}
}
