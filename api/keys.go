package api

import (
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// KeyBody is a key to be made.
type KeyBody struct {
	// Role decides what the key may do.
	Role workflow.Role `json:"role"`
	// Staff is the member of staff who owns the key. Absent for devices and analysts.
	Staff workflow.StaffID `json:"staff,omitempty"`
	// Sites are more sites that an analyst may read.
	Sites []workflow.SiteID `json:"sites,omitempty"`
	// Label says where the key is used, such as "tablet at the door". It must not contain a phone
	// number.
	Label string `json:"label,omitempty"`
	// ExpiresAt is when the key expires. Absent: never.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// KeyDecision is the answer when a key is made or rotated.
type KeyDecision struct {
	Decided
	// Key is the key with its token. The token is shown only this once.
	Key *vault.Issued `json:"key,omitempty"`
	// Fix says what to do if a repeated request gets no token. Absent otherwise.
	Fix string `json:"fix,omitempty"`
}

// KeyEnded is the answer when a key is revoked.
type KeyEnded struct {
	Decided
	// Key is the key as it stands now.
	Key vault.Key `json:"key"`
}

// KeyList are the keys of a site.
type KeyList struct {
	// Keys are all keys of the site, including expired and revoked ones, without their tokens.
	Keys []vault.Key `json:"keys"`
}

// createKey makes a key and shows its token.
func createKey(c *call, b *KeyBody) (*KeyDecision, error) {
	if f := workflow.NoPhone(b.Label); f != nil {
		return nil, f
	}
	out, err := c.do(&workflow.MakeKey{
		Key: vault.KeyIDFor(c.site, c.id, 1), Role: b.Role, Staff: b.Staff, Sites: b.Sites,
		ExpiresAt: b.ExpiresAt,
	})
	if err != nil {
		return nil, err
	}
	return c.issued(out, b.Label)
}

// RotateBody says how long the old token keeps working.
type RotateBody struct {
	// Overlap is for how many seconds the old token keeps working. Absent: 86400 (a day).
	Overlap *int `json:"overlap_s,omitempty"`
}

// usualOverlap is the default overlap after a rotation, in seconds: a day.
const usualOverlap = 24 * 3600

// rotateKey gives a key a new secret and shows its token.
func rotateKey(c *call, b *RotateBody) (*KeyDecision, error) {
	was, err := c.api.cfg.Keys.Former(c.Request().Context(), c.site, c.Param("key"))
	if err != nil {
		return nil, err
	}
	cmd := &workflow.RotateKey{Key: workflow.KeyID(c.Param("key")), Overlap: usualOverlap, Was: was}
	if b.Overlap != nil {
		cmd.Overlap = *b.Overlap
	}
	out, err := c.do(cmd)
	if err != nil {
		return nil, err
	}
	return c.issued(out)
}

// tokenGone tells the caller what to do if a repeated request gets no token.
const tokenGone = "the token was shown before and is not kept: if it is lost, " +
	"POST …/keys/{key}/rotate gives the key a new one"

// issued writes the secrets behind a commit and answers with the tokens.
func (c *call) issued(out *repo.Outcome, labels ...string) (*KeyDecision, error) {
	keys, err := c.issue(out, labels...)
	if err != nil {
		return nil, err
	}
	d, _ := c.decision(out)
	a, _ := d.(*KeyDecision)
	for i := range keys {
		a.Key = &keys[i]
		if keys[i].Token == "" {
			a.Fix = tokenGone
		}
	}
	return a, nil
}

// issue writes the secrets behind a commit.
func (c *call) issue(out *repo.Outcome, labels ...string) ([]vault.Issued, error) {
	c.tellReplay(out)
	return c.api.cfg.Keys.Issue(c.Request().Context(), out, labels...)
}

// listKeys lists the keys of a site, without their tokens.
func listKeys(c *call, _ *none) (*KeyList, error) {
	// an administrator's key covers sites that do not exist
	if err := c.view(nil, func(*workflow.Board) error { return nil }); err != nil {
		return nil, err
	}
	keys, err := c.api.cfg.Keys.List(c.Request().Context(), c.site)
	if err != nil {
		return nil, err
	}
	return &KeyList{keys}, nil
}

// revokeKey revokes a key. On this instance it stops working at once.
func revokeKey(c *call, _ *none) (*KeyEnded, error) {
	id := workflow.KeyID(c.Param("key"))
	was, err := c.api.cfg.Keys.Former(c.Request().Context(), c.site, string(id))
	if err != nil {
		return nil, err
	}
	out, err := c.do(&workflow.RevokeKey{Key: id, Was: was})
	if err != nil {
		return nil, err
	}
	c.tellReplay(out)
	d, _ := c.decision(out)
	a, _ := d.(*KeyEnded)
	a.Key, err = c.api.cfg.Keys.Changed(c.Request().Context(), out)
	return a, err
}
