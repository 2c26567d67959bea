package parlor

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"
)

// certificate is a TLS certificate in two files, read again when they change.
// Handshakes call get from many goroutines.
type certificate struct {
	certFile, keyFile string

	mu      sync.Mutex // guards what follows
	current *tls.Certificate
	stamp   time.Time // when the newer of the files was written
	looked  time.Time // when they were last looked at
}

// certificateAge is how long a certificate is used without a look at its files.
const certificateAge = time.Minute

func newCertificate(certFile, keyFile string) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile}
	if _, err := c.get(nil); err != nil {
		return nil, err
	}
	return c, nil
}

// get is a tls.Config.GetCertificate. When the files cannot be read any more,
// the last good certificate serves on.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if c.current != nil && now.Sub(c.looked) < certificateAge {
		return c.current, nil
	}
	c.looked = now
	stamp := newest(c.certFile, c.keyFile)
	if c.current != nil && stamp.Equal(c.stamp) {
		return c.current, nil
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err == nil {
		c.current, c.stamp = &pair, stamp
	} else if c.current == nil {
		return nil, fmt.Errorf("failed to load the TLS certificate %s with the key %s: %w", c.certFile, c.keyFile, err)
	}
	return c.current, nil
}

// newest is when the last of the files was written; files that cannot be
// looked at do not count.
func newest(files ...string) (last time.Time) {
	for _, name := range files {
		if info, err := os.Stat(name); err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
	}
	return last
}
