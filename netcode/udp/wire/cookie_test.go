package wire

import (
	"errors"
	"net/netip"
	"sync"
	"testing"
	"time"
)

func TestCookieIsForOneClient(t *testing.T) {
	c := NewCookies()
	token := sealed(t, ring(t, pattern32(1)), exampleToken())
	other := sealed(t, ring(t, pattern32(1)), exampleToken())
	addr, nonce := netip.MustParseAddrPort("192.0.2.1:5000"), pattern32(3)
	otherEcho := nonce
	otherEcho[EchoSize-1]++
	cookie := c.Make(addr, nonce, token, noon)
	for name, test := range map[string]struct {
		cookies *Cookies
		addr    string
		nonce   [32]byte
		token   []byte
		want    error
	}{
		"the same":                   {c, "192.0.2.1:5000", nonce, token, nil},
		"the same as IPv6 writes it": {c, "[::ffff:192.0.2.1]:5000", nonce, token, nil},
		"another address":            {c, "192.0.2.2:5000", nonce, token, ErrCookie},
		"another port":               {c, "192.0.2.1:5001", nonce, token, ErrCookie},
		"another nonce":              {c, "192.0.2.1:5000", pattern32(4), token, ErrCookie},
		"another end of the echo":    {c, "192.0.2.1:5000", otherEcho, token, ErrCookie},
		"another token":              {c, "192.0.2.1:5000", nonce, other, ErrCookie},
		"another server":             {NewCookies(), "192.0.2.1:5000", nonce, token, ErrCookie},
	} {
		if err := test.cookies.Check(cookie, netip.MustParseAddrPort(test.addr), test.nonce, test.token, noon); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
	for i := range len(cookie) * 8 {
		forged := cookie
		forged[i/8] ^= 1 << (i % 8)
		if c.Check(forged, addr, nonce, token, noon) == nil {
			t.Fatalf("bit %d may be changed", i)
		}
	}
}

func TestCookieGrowsOld(t *testing.T) {
	addr, nonce, token := netip.MustParseAddrPort("[2001:db8::1]:5000"), pattern32(3), make([]byte, TokenSize)
	for name, test := range map[string]struct {
		made, checked []time.Duration // since noon; Make and Check are called at each
		want          error           // of the last Check
	}{
		"at once":                         {[]time.Duration{0}, []time.Duration{0}, nil},
		"a period later":                  {[]time.Duration{0}, []time.Duration{CookiePeriod}, nil},
		"made late, a period later":       {[]time.Duration{0, CookiePeriod - 1}, []time.Duration{2*CookiePeriod - 2}, nil},
		"two periods later":               {[]time.Duration{0}, []time.Duration{2 * CookiePeriod}, ErrCookie},
		"two periods later, step by step": {[]time.Duration{0}, []time.Duration{CookiePeriod, 2 * CookiePeriod}, ErrCookie},
		"a year later":                    {[]time.Duration{0}, []time.Duration{365 * 24 * time.Hour}, ErrCookie},
		"by a clock that lags":            {[]time.Duration{0, time.Second}, []time.Duration{0}, nil},
	} {
		c := NewCookies()
		var cookie [CookieSize]byte
		for _, at := range test.made {
			cookie = c.Make(addr, nonce, token, noon.Add(at))
		}
		var err error
		for _, at := range test.checked {
			err = c.Check(cookie, addr, nonce, token, noon.Add(at))
		}
		if !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}

// Before the first secret there is nothing to guess: zeros are no cookie.
func TestZeroCookie(t *testing.T) {
	for _, at := range []time.Duration{0, CookiePeriod, 3 * CookiePeriod} {
		for number := range byte(4) {
			c := NewCookies()
			secret := [secretSize]byte{}
			addr, nonce, token := netip.MustParseAddrPort("192.0.2.1:1"), pattern32(3), make([]byte, TokenSize)
			forged := makeCookie(uint64(number), &secret, addr, &nonce, token)
			c.Check(forged, addr, nonce, token, noon)
			if err := c.Check(forged, addr, nonce, token, noon.Add(at)); !errors.Is(err, ErrCookie) {
				t.Errorf("number %d: %v", number, err)
			}
		}
	}
}

func TestCookiesFromManyGoroutines(t *testing.T) {
	c := NewCookies()
	addr, nonce, token := netip.MustParseAddrPort("192.0.2.1:1"), pattern32(3), make([]byte, TokenSize)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 200 {
				now := noon.Add(time.Duration(i) * time.Second)
				if err := c.Check(c.Make(addr, nonce, token, now), addr, nonce, token, now); err != nil {
					// Others may be far ahead, and have changed the secrets twice.
					if s := c.secrets.Load(); s.since.Sub(now) < CookiePeriod/2 {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
}
