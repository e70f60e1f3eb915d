package api

import (
	"net/http"
	"strings"

	"github.com/lunpai/lunpai/repo/vault"
)

// The session's cookie. The prefix makes browsers keep it to this host and to TLS; without TLS they
// would refuse it.
const (
	cookieName = "lunpai"
	cookieTLS  = "__Host-" + cookieName
)

// private reports whether the browser's connection is encrypted: here, or at a proxy that says so.
// A browser also says it itself when it sends something. Whoever makes it up deceives only himself:
// he gets a cookie that his browser refuses.
func (c *call) private() bool {
	r := c.Request()
	proto, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Proto"), ",")
	return r.TLS != nil || strings.EqualFold(strings.TrimSpace(proto), "https") ||
		strings.HasPrefix(r.Header.Get("Origin"), "https://")
}

// cookie is the value of the session's cookie; empty: there is none. What is set without TLS counts
// only without TLS: anybody on the way could have set it. Of two by one name nobody can tell which
// is whose.
func (c *call) cookie() (string, error) {
	names := []string{cookieTLS, cookieName}
	if c.private() {
		names = names[:1]
	}
	for _, name := range names {
		switch sent := c.Request().CookiesNamed(name); {
		case len(sent) > 1:
			return "", bad("two_credentials/cookies")
		case len(sent) == 1:
			return sent[0].Value, nil
		}
	}
	return "", nil
}

// credential is what a request identifies itself with: a key's token or a session's cookie. Both
// are refused, because they may be two people.
func (c *call) credential() (token, cookie string, err error) {
	token, bearer := strings.CutPrefix(c.Request().Header.Get("Authorization"), "Bearer ")
	if cookie, err = c.cookie(); err != nil {
		return "", "", err
	}
	switch {
	case bearer && cookie != "":
		return "", "", bad("two_credentials")
	case !bearer && cookie == "":
		return "", "", vault.ErrBadToken
	}
	return token, cookie, nil
}

// setCookie gives the browser the cookie of a session, for as long as the session lasts.
func (c *call) setCookie(value string, s *vault.Session) {
	last := int(s.Ends.Sub(c.now()).Seconds())
	c.writeCookie(value, max(1, last))
}

// dropCookie takes the session's cookie from the browser.
func (c *call) dropCookie() { c.writeCookie("", -1) }

func (c *call) writeCookie(value string, seconds int) {
	k := &http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: seconds, HttpOnly: true,
		SameSite: http.SameSiteStrictMode,
	}
	if c.private() {
		k.Name, k.Secure = cookieTLS, true
	}
	http.SetCookie(c.Response(), k)
}
