package api

import (
	"net/http"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

type keyBody struct {
	Role      workflow.Role     `json:"role"`
	Staff     workflow.StaffID  `json:"staff,omitempty"`
	Sites     []workflow.SiteID `json:"sites,omitempty"`
	Label     string            `json:"label,omitempty"`
	ExpiresAt time.Time         `json:"expires_at,omitzero"`
}

// createKey makes a key of the site and shows its token.
func createKey(c *call) error {
	var b keyBody
	if p := decode(c.text, &b); p != nil {
		return p
	}
	if f := workflow.NoPhone(b.Label); f != nil {
		return f
	}
	out, err := c.do(&workflow.MakeKey{
		Key: vault.KeyIDFor(c.site, c.id, 1), Role: b.Role, Staff: b.Staff, Sites: b.Sites,
		ExpiresAt: b.ExpiresAt.UTC().Truncate(time.Millisecond),
	})
	if err != nil {
		return err
	}
	return c.issued(out, b.Label)
}

type rotateBody struct {
	Overlap *int `json:"overlap_s,omitempty"`
}

// usualOverlap is how long the earlier secret of a rotated key works unless the caller says otherwise, in seconds: a day.
const usualOverlap = 24 * 3600

// rotateKey gives a key a new secret and shows its token.
func rotateKey(c *call) error {
	var b rotateBody
	if p := decode(c.text, &b); p != nil {
		return p
	}
	was, err := c.api.cfg.Keys.Former(c.Request().Context(), c.site, c.Param("key"))
	if err != nil {
		return err
	}
	cmd := &workflow.RotateKey{Key: workflow.KeyID(c.Param("key")), Overlap: usualOverlap, Was: was}
	if b.Overlap != nil {
		cmd.Overlap = *b.Overlap
	}
	out, err := c.do(cmd)
	if err != nil {
		return err
	}
	return c.issued(out)
}

// tokenGone says how to go on where a repeated request gets no token.
const tokenGone = "the token was shown before and is not kept: where it is lost, POST …/keys/{key}/rotate gives the key a new one"

// issued writes the secrets behind a commit and answers with the tokens.
func (c *call) issued(out *repo.Outcome, labels ...string) error {
	keys, err := c.issue(out, labels...)
	if err != nil {
		return err
	}
	body, _ := c.decision(out)
	for i := range keys {
		body["key"] = keys[i]
		if keys[i].Token == "" {
			body["fix"] = tokenGone
		}
	}
	status := http.StatusOK
	if c.route.status != 0 {
		status = c.route.status
	}
	return c.answer(status, body)
}

// issue writes the secrets behind a commit.
func (c *call) issue(out *repo.Outcome, labels ...string) ([]vault.Issued, error) {
	if out.Replayed {
		c.Response().Header().Set("Idempotency-Replayed", "true")
	}
	return c.api.cfg.Keys.Issue(c.Request().Context(), out, labels...)
}

func listKeys(c *call) error {
	if err := c.view(nil, func(*workflow.Board) error { return nil }); err != nil { // an administrator's key covers what is not there
		return err
	}
	keys, err := c.api.cfg.Keys.List(c.Request().Context(), c.site)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"keys": keys})
}

// revokeKey ends a key, at once on this instance.
func revokeKey(c *call) error {
	id := workflow.KeyID(c.Param("key"))
	was, err := c.api.cfg.Keys.Former(c.Request().Context(), c.site, string(id))
	if err != nil {
		return err
	}
	out, err := c.do(&workflow.RevokeKey{Key: id, Was: was})
	if err != nil {
		return err
	}
	if out.Replayed {
		c.Response().Header().Set("Idempotency-Replayed", "true")
	}
	body, _ := c.decision(out)
	if body["key"], err = c.api.cfg.Keys.Changed(c.Request().Context(), out); err != nil {
		return err
	}
	return c.answer(http.StatusOK, body)
}
