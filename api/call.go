package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// call is one authenticated request on its way through a handler.
type call struct {
	echo.Context
	api     *API
	route   *route
	key     vault.Key
	session *vault.Session // nil: the caller sent a key's token
	site    workflow.SiteID
	text    []byte         // the body as it was sent
	body    reflect.Value  // a pointer to what was sent; invalid: the route takes no body
	query   any            // a pointer to the route's query; nil: it has none
	id      string         // of the command: one per credential and Idempotency-Key
	made    []workflow.Ref // records whose ids this request made for its command
	dry     bool
	explain bool // sentences are wanted

	// What the request writes to the vault before its command, and what it intends to do there
	// after it.
	texts  map[workflow.NoteID]string // free texts by the ids that stand for them
	notes  []workflow.NoteID          // those that were saved
	people []kept
	intent *vault.Intent
	plan   *vault.Plan
	asked  bool // whether once was called
	phoned bool // a phone was looked up
	row    bool // it is one row of an import
	tried  bool // its person was kept, unless the phone is known
}

// answerWithin is the time limit of every request except the event stream and routes that set their
// own.
const answerWithin = 30 * time.Second

// serve runs a request: credential, role, clock, query, body, then the route's handler.
func (a *API) serve(r *route) echo.HandlerFunc {
	return func(ec echo.Context) error {
		if err := parameters(ec); err != nil {
			return err
		}
		c := &call{Context: ec, api: a, route: r, site: workflow.SiteID(ec.Param("site"))}
		if !c.streams() {
			ctx, cancel := context.WithTimeout(ec.Request().Context(),
				cmp.Or(r.within, answerWithin))
			defer cancel()
			ec.SetRequest(ec.Request().WithContext(ctx))
		}
		if err := c.authenticate(); err != nil {
			return err
		}
		if done, err := c.elsewhere(); done {
			return err
		}
		if err := c.authorise(); err != nil {
			return err
		}
		c.tellAhead()
		// after authentication: a stranger must not set the clock
		if err := c.setClock(); err != nil {
			return err
		}
		if err := c.checkQuery(); err != nil {
			return err
		}
		if ec.Request().Method != http.MethodGet {
			var into any
			if r.body != nil {
				c.body = reflect.New(r.body)
				into = c.body.Interface()
			}
			text, p := bind(ec.Request(), lang(ec), r.sends, into)
			if p != nil {
				return p
			}
			c.text = text
			if r.keyless {
				return r.handle(c)
			}
			if err := c.identifyCommand(); err != nil {
				return err
			}
		}
		return r.handle(c)
	}
}

// tellAhead sets a header that says how many seconds the site's time is ahead of the clock, if it
// is. See repo.Engine.Ahead.
func (c *call) tellAhead() {
	if c.site == "" {
		return
	}
	c.Response().Before(func() { // by then the engine has loaded the site
		if by := c.api.cfg.Engine.Ahead(c.site); by > 0 {
			c.Response().Header().Set("Lunpai-Ahead", strconv.FormatInt(wholeSeconds(by), 10))
		}
	})
}

// authenticate finds out who asks.
func (c *call) authenticate() error {
	if c.route.public {
		return nil
	}
	return c.enter()
}

// enter finds out who asks, from a key or a cookie.
func (c *call) enter() error {
	token, cookie, err := c.credential()
	if err != nil {
		return err
	}
	key, session, err := c.identify(token, cookie)
	if errors.Is(err, vault.ErrBadToken) {
		return c.stranger(err)
	}
	if err != nil {
		return err
	}
	c.key, c.session = key, session
	c.Set("key", key.ID)
	if session != nil && session.Renewed {
		c.setCookie(cookie, session)
	}
	return nil
}

// authorise counts a request of a key, and finds out whether its role may use the route. Everything
// is denied by default, and a site that the key does not cover looks as if it did not exist.
func (c *call) authorise() error {
	key := c.key
	if c.route.public {
		return nil
	}
	if err := c.admit(); err != nil {
		return err
	}
	if c.route.ofSite() && !key.Covers(c.site) {
		return missing("site")
	}
	if !c.route.admits(key.Role) && c.session != nil && c.session.Locked {
		return problem(http.StatusForbidden, "locked")
	}
	if !c.route.admits(key.Role) {
		p := forbidden("role", key.Role)
		p.Rule = workflow.AuthorityRule(c.route.kind)
		return p
	}
	return nil
}

// fingerprint tells two requests with the same Idempotency-Key but different content apart.
func (c *call) fingerprint() string {
	return c.api.cfg.Vault.Fingerprint([]byte(c.Request().Method), []byte(c.Request().URL.Path),
		c.text)
}

func (c *call) now() time.Time { return c.api.cfg.Now().UTC() }

// newID returns a new id. Ids grow with time.
func newID() string {
	id, err := uuid.NewV7()
	if err != nil {
		return uuid.NewString()
	}
	return id.String()
}

// own reports whether the caller is a consultant, who sees only their own records.
func (c *call) own() bool {
	return c.key.Role == workflow.RoleConsultant || c.key.Role == workflow.RoleEmployee
}
