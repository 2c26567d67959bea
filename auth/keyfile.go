package auth

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxKeyBytes bounds a key file and the answer of a JWKS URL.
const maxKeyBytes = 1 << 20

func readKeyFile(path string) (keySet, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("failed to read keys: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxKeyBytes+1))
	if err != nil {
		return nil, fmt.Errorf("failed to read keys: %w", err)
	}
	if len(data) > maxKeyBytes {
		return nil, fmt.Errorf("key file %s is larger than %d bytes", path, maxKeyBytes)
	}
	keys, err := parseKeys(data)
	if err != nil {
		return nil, fmt.Errorf("failed to read keys from %s: %w", path, err)
	}
	return keys, nil
}

// parseKeys tells the three forms of a key file apart. It never takes for a secret what could be
// meant as a public key: whoever knows that could sign tokens with it.
func parseKeys(data []byte) (keySet, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	text := bytes.TrimSpace(data)
	switch {
	case len(text) == 0:
		return nil, errors.New("the file is empty")
	case bytes.Contains(text, []byte("-----BEGIN ")):
		return parsePEM(text)
	case text[0] == '{':
		return parseJWKS(text, secretsAllowed)
	case looksPublic(data):
		return nil, errors.New("this looks like a public key in a form that is not supported: convert it to PEM")
	}
	secret := bytes.TrimSuffix(bytes.TrimSuffix(data, []byte("\n")), []byte("\r"))
	k, err := newKey("", bytes.Clone(secret))
	if err != nil {
		return nil, err
	}
	return keySet{k}, nil
}

// parsePEM reads every block of data, each of which must be a public key.
func parsePEM(data []byte) (keySet, error) {
	var keys keySet
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		data = rest
		material, err := parsePEMBlock(block)
		if err != nil {
			return nil, err
		}
		k, err := newKey("", material)
		if err != nil {
			return nil, err
		}
		if keys = append(keys, k); len(keys) > maxTried {
			return nil, fmt.Errorf("there are more than %d keys: only a JWKS, where they have names, may hold more", maxTried)
		}
	}
	if len(keys) == 0 || bytes.Contains(data, []byte("-----BEGIN ")) {
		return nil, fmt.Errorf("PEM block %d is damaged", len(keys)+1)
	}
	return keys, nil
}

func parsePEMBlock(block *pem.Block) (any, error) {
	switch block.Type {
	case "PUBLIC KEY":
		material, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("failed to parse public key: %w", err)
		}
		return material, nil
	case "RSA PUBLIC KEY":
		material, err := x509.ParsePKCS1PublicKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("failed to parse RSA public key: %w", err)
		}
		return material, nil
	}
	return nil, fmt.Errorf("PEM block %q is not a public key: give the server public keys only", block.Type)
}

// looksPublic finds the public keys that lack their PEM armour: DER, its base64, OpenSSH's form, JSON
// in an array, and PEM in UTF-16.
func looksPublic(data []byte) bool {
	dense := bytes.Map(func(r rune) rune {
		if r <= ' ' {
			return -1
		}
		return r
	}, data)
	for _, mark := range []string{"-----BEGIN", "ssh-", "ecdsa-sha2-", "AAAA", "[{"} {
		if i := bytes.Index(dense, []byte(mark)); i >= 0 && i < 16 {
			return true
		}
	}
	if isPublicDER(data) || isPublicDER(bytes.TrimSpace(data)) {
		return true
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if der, err := encoding.DecodeString(string(dense)); err == nil && isPublicDER(der) {
			return true
		}
	}
	return false
}

func isPublicDER(der []byte) bool {
	if _, err := x509.ParsePKIXPublicKey(der); err == nil {
		return true
	}
	if _, err := x509.ParsePKCS1PublicKey(der); err == nil {
		return true
	}
	_, err := x509.ParseCertificate(der)
	return err == nil
}
