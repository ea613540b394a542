// Tokens of golang-jwt: each job of standard input is a line of JSON, and so is each answer.
package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"

	"github.com/golang-jwt/jwt"
)

type jwk struct {
	Kty, Kid, Crv, N, E, X, Y string
}

type job struct {
	Do     string
	Alg    string
	Kid    string
	Token  string
	Claims jwt.MapClaims
	Key    struct{ Secret, Pem string }
	Keys   struct {
		Secret string
		Keys   []jwk
	}
}

// The library reads no JWKs.
func (key jwk) public() (interface{}, error) {
	number := func(text string) *big.Int {
		data, _ := base64.RawURLEncoding.DecodeString(text)
		return new(big.Int).SetBytes(data)
	}
	curves := map[string]elliptic.Curve{
		"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521(),
	}
	switch key.Kty {
	case "RSA":
		return &rsa.PublicKey{N: number(key.N), E: int(number(key.E).Int64())}, nil
	case "EC":
		return &ecdsa.PublicKey{Curve: curves[key.Crv], X: number(key.X), Y: number(key.Y)}, nil
	case "OKP":
		data, err := base64.RawURLEncoding.DecodeString(key.X)
		return ed25519.PublicKey(data), err
	}
	return nil, errors.New("unknown kty")
}

func sign(given job) (interface{}, error) {
	method := jwt.GetSigningMethod(given.Alg)
	if method == nil {
		return nil, errors.New("unknown alg")
	}
	token := jwt.NewWithClaims(method, given.Claims)
	if given.Kid != "" {
		token.Header["kid"] = given.Kid
	}
	var own interface{} = []byte(given.Key.Secret)
	if given.Key.Secret == "" {
		block, _ := pem.Decode([]byte(given.Key.Pem))
		private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, err
		}
		own = private
	}
	signed, err := token.SignedString(own)
	return map[string]string{"token": signed}, err
}

func verify(given job) (interface{}, error) {
	find := func(token *jwt.Token) (interface{}, error) {
		if given.Keys.Secret != "" {
			return []byte(given.Keys.Secret), nil
		}
		for _, key := range given.Keys.Keys {
			if key.Kid == token.Header["kid"] {
				return key.public()
			}
		}
		return nil, errors.New("no key of that name")
	}
	token, err := jwt.Parse(given.Token, find, jwt.WithValidMethods([]string{given.Alg}))
	if err != nil {
		return nil, err
	}
	return map[string]interface{}{"claims": token.Claims}, nil
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var given job
		do := map[string]func(job) (interface{}, error){"sign": sign, "verify": verify}
		err := json.Unmarshal(lines.Bytes(), &given)
		var answer interface{}
		if err == nil {
			answer, err = do[given.Do](given)
		}
		if err != nil {
			answer = map[string]string{"error": err.Error()}
		}
		line, _ := json.Marshal(answer)
		fmt.Println(string(line))
	}
}
