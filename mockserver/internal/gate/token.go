package gate

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/wire"
)

// Claims are what a token of the endpoint says.
type Claims struct {
	Issuer   string   `json:"iss"`
	Client   string   `json:"client_id"`
	Tenant   string   `json:"tenant_id,omitempty"`
	Scope    []string `json:"scope"`
	IssuedAt int64    `json:"iat"`
	Expires  int64    `json:"exp"`
	ID       string   `json:"jti"`
}

func (c *Claims) expired(now time.Time) bool { return now.Unix() >= c.Expires }

// sign writes claims as a JWT.
func (c *Credentials) sign(claims Claims) string {
	text := jwtPart([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + jwtPart(wire.JSON(claims))
	return text + "." + jwtPart(c.mac(text))
}

func jwtPart(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (c *Credentials) mac(text string) []byte {
	m := hmac.New(sha256.New, []byte(c.SigningKey))
	m.Write([]byte(text))
	return m.Sum(nil)
}

// Read returns what a token says, nil if it is not one of the endpoint's.
func (c *Credentials) Read(token string) *Claims {
	dot := strings.LastIndexByte(token, '.')
	if dot < 0 {
		return nil
	}
	mac, err := base64.RawURLEncoding.DecodeString(token[dot+1:])
	if err != nil || !hmac.Equal(mac, c.mac(token[:dot])) {
		return nil
	}
	_, body, _ := strings.Cut(token[:dot], ".")
	text, err := base64.RawURLEncoding.DecodeString(body)
	var claims Claims
	if err != nil || json.Unmarshal(text, &claims) != nil {
		return nil
	}
	return &claims
}
