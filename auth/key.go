package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

// Limits of keys. The smallest are those of RFC 7518; the largest bound the work of a bogus token.
const (
	minSecret  = 32   // bytes
	maxSecret  = 4096 // bytes
	minRSABits = 2048
	maxRSABits = 8192
	maxKeys    = 64 // of a set
	maxTried   = 8  // for one token, which happens if it or the keys have no kid
)

// key verifies one algorithm, which its own type decides.
type key struct {
	id       string // the kid; empty: it may be meant by any
	alg      string
	material jwt.VerificationKey
}

// newKey binds a public key or, as []byte, a secret to its algorithm.
func newKey(id string, material any) (key, error) {
	k := key{id: id, material: material}
	switch m := material.(type) {
	case *rsa.PublicKey:
		if n := m.N.BitLen(); n < minRSABits || n > maxRSABits {
			return k, fmt.Errorf("RSA key has %d bits, not %d to %d", n, minRSABits, maxRSABits)
		}
		k.alg = jwt.SigningMethodRS256.Alg()
	case *ecdsa.PublicKey:
		if m.Curve != elliptic.P256() {
			return k, fmt.Errorf("elliptic curve %s is not supported, only P-256", m.Curve.Params().Name)
		}
		k.alg = jwt.SigningMethodES256.Alg()
	case ed25519.PublicKey:
		k.alg = jwt.SigningMethodEdDSA.Alg()
	case []byte:
		if n := len(m); n < minSecret || n > maxSecret {
			return k, fmt.Errorf("secret has %d bytes, not %d to %d", n, minSecret, maxSecret)
		}
		k.alg = jwt.SigningMethodHS256.Alg()
	default:
		return k, fmt.Errorf("key type %T is not supported, only RSA, P-256 and Ed25519", material)
	}
	return k, nil
}

// keySet is at most maxKeys keys. It is never changed, so it may be shared.
type keySet []key

// matching returns the keys that may have signed a token with this algorithm and kid, maxTried at most.
func (s keySet) matching(alg, kid string) []jwt.VerificationKey {
	var found []jwt.VerificationKey
	for _, k := range s {
		if k.alg == alg && (kid == "" || k.id == "" || k.id == kid) {
			if found = append(found, k.material); len(found) == maxTried {
				break
			}
		}
	}
	return found
}
