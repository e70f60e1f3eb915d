package api

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// single is a header that is sent once or not at all. An empty one was sent, by a client whose variable was empty: it is not
// what was meant, so it is handed on to whoever refuses it.
func single(h http.Header, name string) (value string, sent, once bool) {
	all := h.Values(name)
	if len(all) == 0 {
		return "", false, true
	}
	return all[0], true, len(all) == 1
}

// setClock obeys Lunpai-Now where the clock is manual, and refuses it elsewhere. What is open to everybody has no use for it: there
// it is not looked at.
func (c *call) setClock() error {
	h, sent, once := single(c.Request().Header, "Lunpai-Now")
	if !sent || c.route.public {
		return nil
	}
	if c.api.cfg.Clock == nil {
		return bad("clock_not_manual")
	}
	t, err := time.Parse(time.RFC3339, h)
	if err != nil || !once {
		return bad("bad_time")
	}
	c.api.cfg.Clock.Set(t)
	return nil
}

// identifyCommand names the command for ever: SHA-256 over the credential's id and the Idempotency-Key, which is made up and
// returned when the caller sent none. An empty one is refused: whoever sends it believes that his request is carried out once.
func (c *call) identifyCommand() error {
	k, sent, once := single(c.Request().Header, "Idempotency-Key")
	if !sent {
		k = uuid.NewString()
	}
	if !once || k == "" || len(k) > 200 || strings.ContainsFunc(k, func(r rune) bool { return r < '!' || r > '~' }) {
		return bad("bad_idempotency_key")
	}
	c.Response().Header().Set("Idempotency-Key", k)
	sum := sha256.Sum256([]byte(c.key.ID + "\x00" + k))
	c.id = hex.EncodeToString(sum[:])
	return nil
}

// strongTag is an ETag as this service gives it out.
var strongTag = regexp.MustCompile(`^"([1-9][0-9]{0,17})"$`)

// match is the version the caller saw, from If-Match: one ETag of this service, or * for whatever stands there. A weak tag, a
// list or a number without quotes is refused, because whoever sends it expects a comparison that would not be made.
func (c *call) match(ref workflow.Ref) (repo.Match, error) {
	h, sent, once := single(c.Request().Header, "If-Match")
	if !sent || once && h == "*" {
		return repo.Match{}, nil
	}
	tag := strongTag.FindStringSubmatch(h)
	if tag == nil || !once {
		return repo.Match{}, bad("bad_if_match")
	}
	seq, err := strconv.ParseInt(tag[1], 10, 64)
	if err != nil {
		return repo.Match{}, err
	}
	return repo.Match{Ref: ref, Seq: seq}, nil
}
