package auth

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"slices"
	"strings"
	"testing"
)

// algorithms of the keys, in order, each with its kid after a slash.
func algorithms(keys keySet) string {
	var names []string
	for _, k := range keys {
		names = append(names, k.alg+"/"+k.id)
	}
	return strings.Join(names, " ")
}

func TestParseKeysAccepts(t *testing.T) {
	s := newSigners()
	single, err := json.Marshal(s["ES256"].jwk("only"))
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(s["RS256"].public.(*rsa.PublicKey))})
	cases := map[string]struct {
		data []byte
		want string
	}{
		"RSA":                     {s["RS256"].file(), "RS256/"},
		"RSA in PKCS#1":           {pkcs1, "RS256/"},
		"P-256":                   {s["ES256"].file(), "ES256/"},
		"Ed25519":                 {s["EdDSA"].file(), "EdDSA/"},
		"several, with remarks":   {slices.Concat([]byte("old\n"), s["EdDSA"].file(), []byte("\nnew\n"), s["RS256"].file()), "EdDSA/ RS256/"},
		"with a byte order mark":  {slices.Concat([]byte("\ufeff"), s["EdDSA"].file()), "EdDSA/"},
		"secret":                  {s["HS256"].file(), "HS256/"},
		"secret, line end of DOS": {[]byte(strings.Repeat("s", 32) + "\r\n"), "HS256/"},
		"JWK":                     {single, "ES256/only"},
		"JWKS":                    {jwks(s["RS256"].jwk("a"), s["ES256"].jwk("b"), s["EdDSA"].jwk("c"), s["HS256"].jwk("d")), "RS256/a ES256/b EdDSA/c HS256/d"},
		"JWKS with unusable keys": {jwks(with(s["RS256"].jwk("a"), "use", "enc"), with(s["RS256"].jwk("b"), "alg", "PS256"), map[string]any{"kty": "quantum"}, s["EdDSA"].jwk("c")), "EdDSA/c"},
		"JWK for verifying":       {jwks(with(s["EdDSA"].jwk("a"), "key_ops", []string{"verify"})), "EdDSA/a"},
		"JWK with the new name":   {jwks(with(s["EdDSA"].jwk("a"), "alg", "Ed25519")), "EdDSA/a"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			keys, err := parseKeys(c.data)
			if err != nil {
				t.Fatal(err)
			}
			if got := algorithms(keys); got != c.want {
				t.Errorf("keys are %q, want %q", got, c.want)
			}
		})
	}
}

func TestParseKeysRefuses(t *testing.T) {
	s := newSigners()
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(s["RS256"].file())
	utf16 := bytes.ReplaceAll(s["RS256"].file(), nil, []byte{0})
	array, err := json.Marshal([]any{s["RS256"].jwk("a")})
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		data []byte
		want string // in the error
	}{
		"nothing":                    {nil, "empty"},
		"white space":                {[]byte(" \n\t"), "empty"},
		"a short secret":             {[]byte("0123456789012345678901234567890\n"), "31 bytes"},
		"a long secret":              {bytes.Repeat([]byte("s"), 4097), "4097 bytes"},
		"a private key":              {privatePEM(t, s["EdDSA"].private), "not a public key"},
		"a public and a private key": {slices.Concat(s["EdDSA"].file(), privatePEM(t, s["ES256"].private)), "not a public key"},
		"a small RSA key":            {signer{public: &small.PublicKey}.file(), "1024 bits"},
		"another curve":              {signer{public: &p384.PublicKey}.file(), "P-384"},
		"cut PEM":                    {s["RS256"].file()[:200], "damaged"},
		"a good and a cut block":     {slices.Concat(s["EdDSA"].file(), s["RS256"].file()[:200]), "block 2 is damaged"},
		"DER":                        {block.Bytes, "convert it to PEM"},
		"DER in base64":              {[]byte(base64.StdEncoding.EncodeToString(block.Bytes) + "\n"), "convert it to PEM"},
		"PEM in UTF-16":              {utf16, "convert it to PEM"},
		"an OpenSSH key":             {[]byte("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHcXBQv1tBv8q6 me@home"), "convert it to PEM"},
		"a JSON array":               {array, "convert it to PEM"},
		"damaged JSON":               {[]byte(`{"keys": [`), "failed to parse JWKS"},
		"an empty JWKS":              {[]byte(`{"keys": []}`), "no usable key"},
		"another JSON object":        {[]byte(`{"hello": "world"}`), "no usable key"},
		"a private JWK":              {jwks(with(s["EdDSA"].jwk("a"), "d", "AAAA")), "private key"},
		"a JWK with a wrong alg":     {jwks(with(s["RS256"].jwk("a"), "alg", "HS256")), `"HS256" is not supported`},
		"a JWK for encryption":       {jwks(with(s["RS256"].jwk("a"), "use", "enc")), "not for verifying"},
		"a JWK for signing":          {jwks(with(s["RS256"].jwk("a"), "key_ops", []string{"sign"})), "not for verifying"},
		"a JWK not on its curve":     {jwks(with(s["ES256"].jwk("a"), "x", s["EdDSA"].jwk("")["x"])), "failed to parse P-256"},
		"a JWK with a short point":   {jwks(with(s["ES256"].jwk("a"), "y", "AAAA")), "not 32"},
		"a short Ed25519 JWK":        {jwks(with(s["EdDSA"].jwk("a"), "x", "AAAA")), "not 32"},
		"an even RSA exponent":       {jwks(with(s["RS256"].jwk("a"), "e", "AQAA")), "exponent"},
		"a huge RSA exponent":        {jwks(with(s["RS256"].jwk("a"), "e", "AQAAAAAB")), "exponent"},
		"a JWK that is not base64":   {jwks(with(s["RS256"].jwk("a"), "n", "+++")), "failed to decode n"},
		"too many keys":              {jwks(slices.Repeat([]map[string]any{s["EdDSA"].jwk("a")}, 65)...), "65 keys"},
		"too many blocks":            {bytes.Repeat(s["EdDSA"].file(), 9), "more than 8"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			keys, err := parseKeys(c.data)
			if err == nil {
				t.Fatalf("keys are %q, want an error", algorithms(keys))
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q does not say %q", err, c.want)
			}
		})
	}
}

func TestMatchingKeysAreOfTheAlgorithmAndFew(t *testing.T) {
	s := newSigners()
	set := jwks(s["RS256"].jwk("a"), s["ES256"].jwk("a"), s["EdDSA"].jwk("a"), s["HS256"].jwk("a"))
	keys, err := parseKeys(set)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		if found := keys.matching(k.alg, "a"); len(found) != 1 {
			t.Errorf("%s matches %d keys, want its own", k.alg, len(found))
		}
	}
	if found := keys.matching("none", ""); len(found) != 0 {
		t.Errorf("alg none matches %d keys", len(found))
	}
	many := slices.Repeat(keys[2:3], maxKeys)
	if found := many.matching("EdDSA", ""); len(found) != maxTried {
		t.Errorf("a token without a name is tried with %d keys, want %d", len(found), maxTried)
	}
}

// Whatever a file holds, parsing it ends, and what it yields is within the limits. No public key
// becomes a secret, however the file is damaged.
func FuzzParseKeys(f *testing.F) {
	for _, s := range newSigners() {
		f.Add(s.file())
		f.Add(jwks(s.jwk("a"), s.jwk("b")))
	}
	f.Add([]byte("-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := parseKeys(data)
		if (err == nil) != (len(keys) > 0) || len(keys) > maxKeys {
			t.Fatalf("%d keys, error %v", len(keys), err)
		}
		for _, k := range keys {
			if again, err := newKey(k.id, k.material); err != nil || again.alg != k.alg {
				t.Fatalf("key %q is made for %s: %v", k.id, again.alg, err)
			}
			if k.alg == "HS256" && bytes.Contains(data, []byte("-----BEGIN ")) && data[0] != '{' {
				t.Fatal("PEM became a secret")
			}
		}
	})
}
