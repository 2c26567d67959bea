package parlor

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/parlor-server/parlor/schema"
)

// onlyLocal passes on only requests that name this machine as a loopback
// address or localhost. A web page elsewhere can make a browser connect to
// 127.0.0.1 by rebinding its own name, but not under these names.
func onlyLocal(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopbackHost(hostname(r.Host)) {
			writeError(w, schema.Errorf(schema.CodeForbidden,
				"in development mode the server answers only at http://localhost, http://127.0.0.1 or http://[::1], not at %q; set a key to serve other names", r.Host))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostname is a Host header without its port and brackets.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
}

// forwardedAddr is the client's address in the word of the nearest proxy, which
// is the last in X-Forwarded-For. Earlier ones are the client's own word.
func forwardedAddr(r *http.Request) string {
	if all := r.Header.Values("X-Forwarded-For"); len(all) > 0 {
		list := strings.Split(all[len(all)-1], ",")
		if last := strings.TrimSpace(list[len(list)-1]); net.ParseIP(last) != nil {
			return last
		}
	}
	return r.RemoteAddr
}

// origins lets web pages of some origins call the HTTP interface, by the same
// patterns that the WebSocket handshake goes by.
type origins []string

// allow tells whether a page of the request's origin may call. Requests that
// come from no page carry no Origin.
func (o origins) allow(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false
	}
	if strings.EqualFold(u.Host, r.Host) {
		return true
	}
	for _, pattern := range o {
		target := u.Host
		if strings.Contains(pattern, "://") {
			target = u.Scheme + "://" + u.Host
		}
		if ok, _ := path.Match(strings.ToLower(pattern), strings.ToLower(target)); ok {
			return true
		}
	}
	return false
}

// cors refuses other origins and answers browsers' preflight requests.
func (o origins) cors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Origin")
		if !o.allow(r) {
			writeError(w, schema.Errorf(schema.CodeForbidden, "pages of %s may not call this server; its operator can allow the origin (--origin)", r.Header.Get("Origin")))
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" {
			w.Header().Set("Access-Control-Allow-Origin", origin)
		}
		if r.Method == http.MethodOptions {
			w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
			w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
			w.Header().Set("Access-Control-Max-Age", "600")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// bearer is the token of an Authorization header, or "".
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// onlyToken passes on only requests with this bearer token. How long the
// comparison takes says nothing about the token, not even its length.
func onlyToken(token string, next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := sha256.Sum256([]byte(bearer(r)))
		if subtle.ConstantTimeCompare(want[:], got[:]) != 1 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="parlor admin"`)
			writeError(w, schema.Errorf(schema.CodeUnauthenticated, "send the admin token: Authorization: Bearer TOKEN"))
			return
		}
		next.ServeHTTP(w, r)
	})
}
