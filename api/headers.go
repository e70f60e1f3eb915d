package api

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// single reads a header that may be sent at most once. An empty header counts as sent: the client's
// variable was empty, so the caller must refuse it.
func single(h http.Header, name string) (value string, sent, once bool) {
	all := h.Values(name)
	if len(all) == 0 {
		return "", false, true
	}
	return all[0], true, len(all) == 1
}

// setClock obeys the header Lunpai-Now if the clock is manual, and refuses it otherwise. Public
// routes ignore it.
func (c *call) setClock() error {
	h, sent, once := single(c.Request().Header, "Lunpai-Now")
	if !sent || c.route.public {
		return nil
	}
	if c.api.cfg.Clock == nil {
		return bad("clock_not_manual")
	}
	t, ok := readTime(h)
	if !ok || !once {
		return bad("bad_time")
	}
	c.api.cfg.Clock.Set(t)
	return nil
}

// identifyCommand gives the command its permanent id: the SHA-256 of the key's id and the
// Idempotency-Key. If the caller sent none, one is made up and returned. An empty one is refused,
// because its sender relies on it.
func (c *call) identifyCommand() error {
	k, sent, once := single(c.Request().Header, "Idempotency-Key")
	if !sent {
		k = uuid.NewString()
	}
	invisible := func(r rune) bool { return r < '!' || r > '~' }
	if !once || k == "" || len(k) > 200 || strings.ContainsFunc(k, invisible) {
		return bad("bad_idempotency_key")
	}
	c.Response().Header().Set("Idempotency-Key", k)
	c.id = hashed(c.key.ID, k)
	return c.meantFor()
}

// hashed is the id of a key's command.
func hashed(key, name string) string {
	sum := sha256.Sum256([]byte(key + "\x00" + name))
	return hex.EncodeToString(sum[:])
}

// staffHeader names the member of staff who gave the command, where several share a device: what
// one of them left unsent is not sent as another's.
const staffHeader = "Lunpai-Staff"

// meantFor refuses a command that somebody else gave than the one who acts now.
func (c *call) meantFor() error {
	who, sent, once := single(c.Request().Header, staffHeader)
	if text, err := url.PathUnescape(who); err == nil { // pages can send ASCII only
		who = text
	}
	switch {
	case !sent:
		return nil
	case !once || !workflow.ValidID(who):
		return bad("bad_staff_header")
	case workflow.StaffID(who) != c.key.Staff:
		return otherPerson()
	}
	return nil
}

// answersTo refuses the first answer of a command to anybody but the one who gave it: on a shared
// device others act with the same key. What the device gave in nobody's name is everybody's.
func (c *call) answersTo(out *repo.Outcome) error {
	if by := out.Commit.By.Staff; out.Replayed && by != "" && by != c.key.Staff {
		return otherPerson()
	}
	return nil
}

func otherPerson() *Problem { return problem(http.StatusConflict, "other_person") }

// strongTag matches the ETags of this service.
var strongTag = regexp.MustCompile(`^"([1-9][0-9]{0,17})"$`)

// match is the version the caller saw, from If-Match: an ETag of this service, or * for any
// version. A weak tag, a list or an unquoted number is refused, because the comparison its sender
// expects would not be made.
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
