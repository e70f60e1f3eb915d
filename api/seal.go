package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net"
	"strconv"
	"strings"
	"time"
)

// forwardedHeader says that an instance forwards a request, and for whom:
//
//	Lunpai-Forwarded: v1 <milliseconds> <client's address> <seal>
//
// The seal is the HMAC-SHA-256 under the instances' secret over method, path and query, time and
// address. It makes the address credible and stops a request from being forwarded twice; what the
// request may do depends on its own credential, as always.
const forwardedHeader = "Lunpai-Forwarded"

const (
	// minSecret is the shortest secret, in bytes.
	minSecret = 32
	// sealFor is how old, or how far in the future, a seal may be.
	sealFor = 30 * time.Second
)

// seal makes and checks the header.
type seal struct {
	secret []byte
	now    func() time.Time
}

// make is the header's value.
func (s *seal) make(method, uri, client string) string {
	at := strconv.FormatInt(s.now().UnixMilli(), 10)
	return strings.Join([]string{"v1", at, client, s.sum(method, uri, at, client)}, " ")
}

// sum seals the parts: none can hold a line feed.
func (s *seal) sum(parts ...string) string {
	h := hmac.New(sha256.New, s.secret)
	h.Write([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(h.Sum(nil))
}

// open checks the header's value and returns the client's address.
func (s *seal) open(text, method, uri string) (client string, ok bool) {
	parts := strings.Split(text, " ")
	if len(parts) != 4 || parts[0] != "v1" {
		return "", false
	}
	at, client := parts[1], parts[2]
	want := s.sum(method, uri, at, client)
	if !hmac.Equal([]byte(want), []byte(parts[3])) {
		return "", false
	}
	ms, err := strconv.ParseInt(at, 10, 64)
	if err != nil || s.now().Sub(time.UnixMilli(ms)).Abs() > sealFor {
		return "", false
	}
	if _, _, err := net.SplitHostPort(client); err != nil {
		return "", false
	}
	return client, true
}
