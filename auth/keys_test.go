package auth

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// signer is an identity provider's key: what it signs with, and what it publishes.
type signer struct {
	method  jwt.SigningMethod
	private any
	public  any // as newKey takes it
}

// newSigners makes one signer of each algorithm, once for all tests: RSA keys take long.
var newSigners = sync.OnceValue(func() map[string]signer {
	rsaKey, err1 := rsa.GenerateKey(rand.Reader, 2048)
	ecKey, err2 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	edPublic, edKey, err3 := ed25519.GenerateKey(rand.Reader)
	if err1 != nil || err2 != nil || err3 != nil {
		panic("cannot make keys")
	}
	secret := []byte("a secret of more than thirty-two bytes")
	return map[string]signer{
		"RS256": {jwt.SigningMethodRS256, rsaKey, &rsaKey.PublicKey},
		"ES256": {jwt.SigningMethodES256, ecKey, &ecKey.PublicKey},
		"EdDSA": {jwt.SigningMethodEdDSA, edKey, edPublic},
		"HS256": {jwt.SigningMethodHS256, secret, secret},
	}
})

// sign makes a token. An empty kid leaves it out.
func (s signer) sign(t testing.TB, kid string, claims jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(s.method, claims)
	if kid != "" {
		token.Header["kid"] = kid
	}
	signed, err := token.SignedString(s.private)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// file returns the signer's key as a key file has it: PEM, or the secret.
func (s signer) file() []byte {
	if secret, ok := s.public.([]byte); ok {
		return append(bytes.Clone(secret), '\n')
	}
	der, err := x509.MarshalPKIXPublicKey(s.public)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// jwk returns the signer's key as a JWKS has it.
func (s signer) jwk(kid string) map[string]any {
	b64 := base64.RawURLEncoding.EncodeToString
	switch k := s.public.(type) {
	case *rsa.PublicKey:
		return map[string]any{"kty": "RSA", "kid": kid, "alg": "RS256", "use": "sig", "n": b64(k.N.Bytes()), "e": b64(big.NewInt(int64(k.E)).Bytes())}
	case *ecdsa.PublicKey:
		point, err := k.Bytes()
		if err != nil {
			panic(err)
		}
		return map[string]any{"kty": "EC", "kid": kid, "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])}
	case ed25519.PublicKey:
		return map[string]any{"kty": "OKP", "kid": kid, "crv": "Ed25519", "alg": "EdDSA", "x": b64(k)}
	case []byte:
		return map[string]any{"kty": "oct", "kid": kid, "k": b64(k)}
	}
	panic("unknown key")
}

func jwks(keys ...map[string]any) []byte {
	data, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		panic(err)
	}
	return data
}

// with returns a copy of the JWK with one member changed.
func with(jwk map[string]any, member string, value any) map[string]any {
	changed := map[string]any{member: value}
	for k, v := range jwk {
		if k != member {
			changed[k] = v
		}
	}
	return changed
}

// claimsNow are good claims of a minute; changes replace some, nil removes.
func claimsNow(changes jwt.MapClaims) jwt.MapClaims {
	claims := jwt.MapClaims{
		"sub": "user-7", "name": "Ada", "iss": "https://id.example", "aud": []string{"arena", "shop"},
		"exp": time.Now().Add(time.Minute).Unix(),
	}
	for k, v := range changes {
		if v == nil {
			delete(claims, k)
		} else {
			claims[k] = v
		}
	}
	return claims
}

// keyFile writes a key file and returns its path.
func keyFile(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func privatePEM(t *testing.T, key crypto.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}
