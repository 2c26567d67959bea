package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
)

// jwk is a JSON Web Key (RFC 7517, 7518 and 8037), as far as it matters here.
type jwk struct {
	Type       string   `json:"kty"`
	Use        string   `json:"use"`
	Operations []string `json:"key_ops"`
	Algorithm  string   `json:"alg"`
	ID         string   `json:"kid"`
	Curve      string   `json:"crv"`
	X          string   `json:"x"`
	Y          string   `json:"y"`
	Modulus    string   `json:"n"`
	Exponent   string   `json:"e"`
	Secret     string   `json:"k"`
	Private    string   `json:"d"`
}

// secretPolicy says whether a JWKS may hold secrets: one that is published may not.
type secretPolicy bool

const (
	secretsAllowed secretPolicy = true
	secretsRefused secretPolicy = false
)

// parseJWKS reads a set of keys, or a single one. As RFC 7517 asks, it passes over keys that it has no
// use for; that none is left is an error, which says why.
func parseJWKS(data []byte, secrets secretPolicy) (keySet, error) {
	var set struct {
		Keys *[]json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, fmt.Errorf("failed to parse JWKS: %w", err)
	}
	members := []json.RawMessage{data}
	if set.Keys != nil {
		members = *set.Keys
	}
	if len(members) > maxKeys {
		return nil, fmt.Errorf("there are %d keys, more than %d", len(members), maxKeys)
	}
	var keys keySet
	var passedOver []error
	for i, member := range members {
		k, err := parseJWK(member, secrets)
		if err != nil {
			passedOver = append(passedOver, fmt.Errorf("key %d: %w", i+1, err))
			continue
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("there is no usable key: %w", errors.Join(passedOver...))
	}
	return keys, nil
}

func parseJWK(data []byte, secrets secretPolicy) (key, error) {
	var j jwk
	if err := json.Unmarshal(data, &j); err != nil {
		return key{}, fmt.Errorf("failed to parse JWK: %w", err)
	}
	if j.Use != "" && j.Use != "sig" || j.Operations != nil && !slices.Contains(j.Operations, "verify") {
		return key{}, errors.New("it is not for verifying signatures")
	}
	if j.Private != "" {
		return key{}, errors.New("it is a private key: give the server public keys only")
	}
	material, err := j.material(secrets)
	if err != nil {
		return key{}, err
	}
	k, err := newKey(j.ID, material)
	if err != nil {
		return key{}, err
	}
	if j.Algorithm != "" && j.Algorithm != k.alg && !(j.Algorithm == "Ed25519" && k.alg == "EdDSA") {
		return key{}, fmt.Errorf("algorithm %q is not supported for it, only %s", j.Algorithm, k.alg)
	}
	return k, nil
}

func (j jwk) material(secrets secretPolicy) (any, error) {
	switch {
	case j.Type == "RSA":
		return j.rsa()
	case j.Type == "EC" && j.Curve == "P-256":
		return j.ecdsa()
	case j.Type == "OKP" && j.Curve == "Ed25519":
		x, err := decode("x", j.X)
		if err != nil {
			return nil, err
		}
		if len(x) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("x has %d bytes, not %d", len(x), ed25519.PublicKeySize)
		}
		return ed25519.PublicKey(x), nil
	case j.Type == "oct" && bool(secrets):
		return decode("k", j.Secret)
	case j.Type == "oct":
		return nil, errors.New("it is a secret, and published")
	}
	return nil, fmt.Errorf("key type %q %s is not supported", j.Type, j.Curve)
}

func (j jwk) rsa() (*rsa.PublicKey, error) {
	n, err := decode("n", j.Modulus)
	if err != nil {
		return nil, err
	}
	e, err := decode("e", j.Exponent)
	if err != nil {
		return nil, err
	}
	exponent := new(big.Int).SetBytes(e)
	if exponent.BitLen() > 31 || exponent.Int64() < 3 || exponent.Bit(0) == 0 {
		return nil, errors.New("the RSA exponent is not odd and from 3 to 2^31-1")
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent.Int64())}, nil
}

func (j jwk) ecdsa() (*ecdsa.PublicKey, error) {
	x, err := decode("x", j.X)
	if err != nil {
		return nil, err
	}
	y, err := decode("y", j.Y)
	if err != nil {
		return nil, err
	}
	if len(x) != 32 || len(y) != 32 {
		return nil, fmt.Errorf("x and y have %d and %d bytes, not 32", len(x), len(y))
	}
	k, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
	if err != nil {
		return nil, fmt.Errorf("failed to parse P-256 key: %w", err)
	}
	return k, nil
}

func decode(field, value string) ([]byte, error) {
	b, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		return nil, fmt.Errorf("failed to decode %s: %w", field, err)
	}
	return b, nil
}
