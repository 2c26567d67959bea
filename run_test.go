package parlor

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/schema"
)

func TestRunDrainsUntilTheRoomsAreEmpty(t *testing.T) {
	s, stop, ended := runServer(t, nil)
	c := dial(t, s)
	room, err := c.JoinOrCreate(patience(t), "test", client.JoinOptions{})
	if err != nil {
		t.Fatal(err)
	}
	status, answer, _ := call(t, "GET", s.URL()+"readyz", "")
	wantStatus(t, status, answer, http.StatusOK, nil)

	stop()
	waitFor(t, func() bool {
		status, _, _ := call(t, "GET", s.URL()+"readyz", "")
		return status == http.StatusServiceUnavailable
	})
	status, answer, _ = call(t, "GET", s.URL()+"healthz", "")
	wantStatus(t, status, answer, http.StatusOK, nil)
	status, answer, _ = call(t, "POST", s.URL()+"v1/rooms", `{"kind": "test"}`)
	wantProblem(t, status, answer, http.StatusServiceUnavailable, "GOING_AWAY")
	_, err = dial(t, s).JoinOrCreate(patience(t), "test", client.JoinOptions{})
	if !errors.Is(err, &schema.Error{Code: schema.CodeGoingAway}) {
		t.Errorf("a join while draining gave %v, want GOING_AWAY", err)
	}
	// The room plays on.
	at := room.Tick()
	frames := make(chan struct{}, 1)
	room.OnFrame(func(f client.Frame) {
		if room.Tick() > at {
			select {
			case frames <- struct{}{}:
			default:
			}
		}
	})
	if err := client.SendCommand(room, room.Clock().CommandTick(time.Now()), testMove{X: 1}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-frames:
	case <-ended:
		t.Fatal("the server did not wait for the room")
	case <-patience(t).Done():
		t.Fatal("no frame came while draining")
	}

	if err := room.Leave(patience(t)); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("Run ended with %v", err)
	}
}

func TestRunSaysGoingAwayWhenTimeIsUp(t *testing.T) {
	s, stop, ended := runServer(t, func(c *Config) { c.DrainTimeout = 10 * time.Millisecond })
	c := dial(t, s)
	if _, err := c.JoinOrCreate(patience(t), "test", client.JoinOptions{}); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Run ended with %v", err)
	}
	<-c.Done()
	if !errors.Is(c.Err(), &schema.Error{Code: schema.CodeGoingAway}) {
		t.Errorf("the client ended with %v, want GOING_AWAY", c.Err())
	}
}

func TestCloseTwiceAndWithoutRun(t *testing.T) {
	s := newServer(t, nil)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestListenNamesTheTakenAddress(t *testing.T) {
	first, _, _ := runServer(t, nil)
	addr := strings.Trim(strings.TrimPrefix(first.URL(), "http:"), "/")
	for name, change := range map[string]func(*Config){
		"--addr":  func(c *Config) { c.Addr = addr },
		"--admin": func(c *Config) { c.AdminAddr = addr },
	} {
		err := newServer(t, change).Run(t.Context())
		if err == nil || !strings.Contains(err.Error(), addr) || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want an error that says %s and %s", err, addr, name)
		}
	}
}

func TestTLSAndRenewal(t *testing.T) {
	certFile, keyFile := writeCertificate(t, "one.example")
	s, _, _ := runServer(t, func(c *Config) { c.TLSCert, c.TLSKey = certFile, keyFile })
	if !strings.HasPrefix(s.URL(), "https://") {
		t.Errorf("the URL is %s", s.URL())
	}
	pool := x509.NewCertPool()
	file, err := os.ReadFile(certFile)
	if err != nil {
		t.Fatal(err)
	}
	pool.AppendCertsFromPEM(file)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "one.example"}}
	defer transport.CloseIdleConnections()
	res, err := (&http.Client{Transport: transport}).Get(s.URL() + "healthz")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("got %s", res.Status)
	}

	c, err := newCertificate(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	first := c.current
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(certFile, later, later); err != nil {
		t.Fatal(err)
	}
	if again, err := c.get(nil); err != nil || again != first {
		t.Errorf("the file was read again within a minute: %v", err)
	}
	c.looked = time.Time{}
	if renewed, err := c.get(nil); err != nil || renewed == first {
		t.Errorf("the new file was not read: %v", err)
	}
	if err := os.Remove(keyFile); err != nil {
		t.Fatal(err)
	}
	c.looked, c.stamp = time.Time{}, time.Time{}
	if kept, err := c.get(nil); err != nil || kept == nil {
		t.Errorf("without its files the certificate is not kept: %v", err)
	}
}

// waitFor asks until f is true. Each question is a call over the network, so it
// needs no pause.
func waitFor(t *testing.T, f func() bool) {
	t.Helper()
	ctx := patience(t)
	for !f() {
		if ctx.Err() != nil {
			t.Fatal("it did not happen")
		}
	}
}
