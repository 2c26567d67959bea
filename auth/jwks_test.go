package auth

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// provider is an identity provider that publishes its keys on 127.0.0.1.
type provider struct {
	*httptest.Server
	answer  atomic.Pointer[http.HandlerFunc]
	fetches atomic.Int32
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.fetches.Add(1)
		(*p.answer.Load())(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *provider) serve(handler http.HandlerFunc) { p.answer.Store(&handler) }

func (p *provider) publish(keys ...map[string]any) {
	p.serve(func(w http.ResponseWriter, _ *http.Request) { w.Write(jwks(keys...)) })
}

// clock is a time that the test moves.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time           { return time.Now().Add(time.Duration(c.offset.Load())) }
func (c *clock) advance(by time.Duration) { c.offset.Add(int64(by)) }

// verifierOf returns a Verifier of the provider's keys on a clock of its own.
func verifierOf(t *testing.T, p *provider, config Config) (*Verifier, *clock) {
	t.Helper()
	config.JWKSURL = p.URL
	v, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{}
	v.remote.now = c.now
	return v, c
}

// expect fails unless tokens of the signer under kid are accepted or not, after so many fetches.
func expect(t *testing.T, v *Verifier, p *provider, s signer, kid string, ok bool, fetches int32) {
	t.Helper()
	_, err := v.Verify(t.Context(), s.sign(t, kid, claimsNow(nil)))
	if (err == nil) != ok || err != nil && !errors.Is(err, ErrInvalid) {
		t.Errorf("token with kid %q: %v", kid, err)
	}
	if n := p.fetches.Load(); n != fetches {
		t.Errorf("%d fetches, want %d", n, fetches)
	}
}

func TestJWKSFollowsARotation(t *testing.T) {
	old, next := newSigners()["RS256"], newSigners()["ES256"]
	p := newProvider(t)
	p.publish(old.jwk("1"))
	v, c := verifierOf(t, p, Config{})
	if n := p.fetches.Load(); n != 0 {
		t.Errorf("New fetches %d times", n)
	}
	expect(t, v, p, old, "1", true, 1)
	expect(t, v, p, old, "1", true, 1)

	p.publish(old.jwk("1"), next.jwk("2"))
	c.advance(fetchInterval - time.Second)
	expect(t, v, p, next, "2", false, 1) // too soon to ask again
	c.advance(2 * time.Second)
	expect(t, v, p, next, "2", true, 2)
	expect(t, v, p, old, "1", true, 2)
	expect(t, v, p, old, "3", false, 2) // bogus names do not make it ask more often

	p.publish(next.jwk("2"))
	c.advance(defaultRefresh - time.Second)
	expect(t, v, p, old, "1", true, 2)
	c.advance(time.Second)
	expect(t, v, p, old, "1", false, 3) // withdrawn
	expect(t, v, p, next, "2", true, 3)
}

func TestJWKSKeepsOldKeysWhileFetchingFails(t *testing.T) {
	s := newSigners()["EdDSA"]
	failures := map[string]http.HandlerFunc{
		"an error":     func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusInternalServerError) },
		"another page": func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) },
		"no keys":      func(w http.ResponseWriter, _ *http.Request) { w.Write(jwks()) },
		"a secret":     func(w http.ResponseWriter, _ *http.Request) { w.Write(jwks(newSigners()["HS256"].jwk("1"))) },
		"too much": func(w http.ResponseWriter, _ *http.Request) {
			w.Write(append(jwks(s.jwk("2")), make([]byte, maxKeyBytes)...))
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://id.example/", http.StatusFound)
		},
		"a broken answer": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	}
	for name, failure := range failures {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			p := newProvider(t)
			p.publish(s.jwk("1"))
			v, c := verifierOf(t, p, Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			expect(t, v, p, s, "1", true, 1)
			p.serve(failure)
			c.advance(defaultRefresh)
			expect(t, v, p, s, "1", true, 2)
			expect(t, v, p, s, "1", true, 2) // not at every token
			if !strings.Contains(log.String(), "failed to fetch JWKS") {
				t.Errorf("the log says %q", log.String())
			}
			p.publish(s.jwk("2"))
			c.advance(fetchInterval)
			expect(t, v, p, s, "2", true, 3)
		})
	}
}

func TestJWKSIsFetchedOnceForAll(t *testing.T) {
	s := newSigners()["ES256"]
	p := newProvider(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	p.serve(func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-release
		w.Write(jwks(s.jwk("1")))
	})
	v, _ := verifierOf(t, p, Config{})
	token := s.sign(t, "1", claimsNow(nil))

	var done sync.WaitGroup
	verify := func() {
		if _, err := v.Verify(t.Context(), token); err != nil {
			t.Error(err)
		}
	}
	done.Go(verify)
	<-arrived
	for range 20 {
		done.Go(verify)
	}
	// One that may not wait is refused, and the fetch goes on for the others.
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.Verify(ended, token); !errors.Is(err, ErrInvalid) {
		t.Errorf("without time to wait: %v", err)
	}
	close(release)
	done.Wait()
	if n := p.fetches.Load(); n != 1 {
		t.Errorf("%d fetches, want 1", n)
	}
}

func TestJWKSOldKeysServeDuringAFetch(t *testing.T) {
	s := newSigners()["ES256"]
	p := newProvider(t)
	p.publish(s.jwk("1"))
	v, c := verifierOf(t, p, Config{})
	expect(t, v, p, s, "1", true, 1)

	arrived, release := make(chan struct{}), make(chan struct{})
	p.serve(func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-release
		w.Write(jwks(s.jwk("1")))
	})
	v.remote.client.Timeout = 0 // waiting would hang, and fail
	c.advance(defaultRefresh)
	var done sync.WaitGroup
	done.Go(func() { v.Verify(t.Context(), s.sign(t, "1", claimsNow(nil))) })
	<-arrived
	expect(t, v, p, s, "1", true, 2)
	close(release)
	done.Wait()
}

func TestJWKSFollowsSafeRedirectsOnly(t *testing.T) {
	v, err := New(Config{JWKSURL: "https://id.example/jwks"})
	if err != nil {
		t.Fatal(err)
	}
	for url, ok := range map[string]bool{"https://keys.example/": true, "http://id.example/jwks": false} {
		request := httptest.NewRequest(http.MethodGet, url, nil)
		if err := v.remote.client.CheckRedirect(request, []*http.Request{request}); (err == nil) != ok {
			t.Errorf("redirect to %s: %v", url, err)
		}
		if err := v.remote.client.CheckRedirect(request, slices.Repeat([]*http.Request{request}, 4)); err == nil {
			t.Errorf("a fourth redirect to %s is followed", url)
		}
	}
}

func TestJWKSLeavesNoGoroutine(t *testing.T) {
	s := newSigners()["ES256"]
	p := newProvider(t)
	p.publish(s.jwk("1"))
	v, _ := verifierOf(t, p, Config{})
	expect(t, v, p, s, "1", true, 1)
	p.Close()
	goleak.VerifyNone(t)
}
