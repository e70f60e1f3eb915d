package api

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// call is one authenticated request on its way through a handler.
type call struct {
	echo.Context
	api   *API
	route *route
	key   repo.Key
	site  workflow.SiteID
	text  []byte // the body, checked against the contract
	id    string // of the command: one per credential and Idempotency-Key
	dry   bool

	// What the handler put into the vault ahead of its command, and what it writes behind it.
	notes  []workflow.NoteID
	people []kept
	behind func() error
}

// answerWithin bounds every request but the event stream and those whose route says otherwise.
const answerWithin = 30 * time.Second

// serve wraps a route's handler: credential, role, clock, site, body, then the handler.
func (a *API) serve(r *route) echo.HandlerFunc {
	return func(ec echo.Context) error {
		if err := parameters(ec); err != nil {
			return err
		}
		c := &call{Context: ec, api: a, route: r, site: workflow.SiteID(ec.Param("site"))}
		if !c.streams() {
			ctx, cancel := context.WithTimeout(ec.Request().Context(), cmp.Or(r.within, answerWithin))
			defer cancel()
			ec.SetRequest(ec.Request().WithContext(ctx))
		}
		if err := c.authenticate(); err != nil {
			return err
		}
		if err := c.setClock(); err != nil {
			return err
		}
		if err := c.checkQuery(); err != nil {
			return err
		}
		if ec.Request().Method != http.MethodGet {
			text, v, p := readBody(ec.Request())
			if p != nil {
				return p
			}
			if p := checkSchema(r.schema, v); p != nil {
				return p
			}
			c.text = text
			if err := c.identifyCommand(); err != nil {
				return err
			}
		}
		return r.handle(c)
	}
}

// setClock obeys Lunpai-Now where the clock is manual, and refuses it elsewhere.
func (c *call) setClock() error {
	h := c.Request().Header.Get("Lunpai-Now")
	if h == "" {
		return nil
	}
	if c.api.cfg.Clock == nil {
		return badRequest("clock_not_manual", "this server's clock cannot be set", "leave out Lunpai-Now, or rehearse on a server started with --clock=manual")
	}
	t, err := time.Parse(time.RFC3339, h)
	if err != nil {
		return badRequest("bad_time", "Lunpai-Now is not a time", "write it as 2024-03-04T09:10:00+08:00")
	}
	c.api.cfg.Clock.Set(t)
	return nil
}

// authenticate finds who asks and whether he may: deny by default, a foreign site looks like none.
func (c *call) authenticate() error {
	if c.route.public {
		return nil
	}
	token, ok := strings.CutPrefix(c.Request().Header.Get("Authorization"), "Bearer ")
	if !ok {
		return repo.ErrBadToken
	}
	key, err := c.api.cfg.Keys.Authenticate(c.Request().Context(), token)
	if errors.Is(err, repo.ErrBadToken) {
		return c.stranger(err)
	}
	if err != nil {
		return err
	}
	c.key = key
	c.Set("key", key.ID)
	if err := c.admit(); err != nil {
		return err
	}
	if c.route.ofSite() && !key.Covers(c.site) {
		return missing("site")
	}
	if !c.route.admits(key.Role) {
		p := problem(http.StatusForbidden, "role", "a key of role "+string(key.Role)+" may not do this", "use a key of a role that may: see /docs")
		p.Rule = workflow.AuthorityRule(c.route.kind)
		return p
	}
	return nil
}

// checkQuery refuses what the contract does not name.
func (c *call) checkQuery() error {
	if _, err := url.ParseQuery(c.QueryString()); err != nil {
		return badRequest("bad_query", "the query of the address is malformed", "percent-encode the parameters")
	}
	for k, vs := range c.QueryParams() {
		if !c.route.query[k] {
			return badRequest("unknown_parameter", "this request takes no query parameter of that name", "see /docs for the parameters it takes")
		}
		if len(vs) > 1 {
			return badRequest("repeated_parameter", "a query parameter stands there twice", "send it once")
		}
		if err := checkWords(k, c.route.op.Params[k], vs[0]); err != nil {
			return err
		}
	}
	if v := c.QueryParam("dry_run"); v != "" {
		dry, err := strconv.ParseBool(v)
		if err != nil {
			return badRequest("bad_parameter", "dry_run is not true or false", "send dry_run=true")
		}
		c.dry = dry
	}
	return nil
}

// identifyCommand names the command for ever: SHA-256 over the credential's id and the Idempotency-Key, which is made up and
// returned when the caller sent none.
func (c *call) identifyCommand() error {
	k := c.Request().Header.Get("Idempotency-Key")
	if k == "" {
		k = uuid.NewString()
	}
	if len(k) > 200 || strings.ContainsFunc(k, func(r rune) bool { return r < '!' || r > '~' }) {
		return badRequest("bad_idempotency_key", "the Idempotency-Key is not 1 to 200 visible ASCII characters", "send for instance a random UUID")
	}
	c.Response().Header().Set("Idempotency-Key", k)
	sum := sha256.Sum256([]byte(c.key.ID + "\x00" + k))
	c.id = hex.EncodeToString(sum[:])
	return nil
}

// fingerprint tells two contents under one key apart.
func (c *call) fingerprint() string {
	return c.api.cfg.Vault.Fingerprint([]byte(c.Request().Method), []byte(c.Request().URL.Path), c.text)
}

// match is the version the caller saw, from If-Match.
func (c *call) match(ref workflow.Ref) (repo.Match, error) {
	h := c.Request().Header.Get("If-Match")
	if h == "" || h == "*" {
		return repo.Match{}, nil
	}
	seq, err := strconv.ParseInt(strings.Trim(h, `"`), 10, 64)
	if err != nil {
		return repo.Match{}, badRequest("bad_if_match", "If-Match is not an ETag of this service", `send the ETag you got, such as "17"`)
	}
	return repo.Match{Ref: ref, Seq: seq}, nil
}

func (c *call) now() time.Time { return c.api.cfg.Now().UTC() }

// newID is a fresh id that grows with time.
func newID() string {
	id, err := uuid.NewV7()
	if err != nil {
		return uuid.NewString()
	}
	return id.String()
}

// own reports whether the caller is a consultant, who sees only what is his.
func (c *call) own() bool { return c.key.Role == workflow.RoleConsultant }
