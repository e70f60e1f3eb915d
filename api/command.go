package api

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// do runs a command.
func (c *call) do(cmd workflow.Command) (*repo.Outcome, error) {
	m, err := c.match(c.subject())
	if err != nil {
		return nil, err
	}
	if err := c.prepare(cmd); err != nil {
		var before *replay
		if errors.As(err, &before) {
			return before.Outcome, nil
		}
		return nil, err
	}
	out, err := c.api.cfg.Engine.Do(c.Request().Context(), c.site, repo.Request{
		ID: c.id, Fingerprint: c.fingerprint(), By: c.key.Actor(), Command: cmd, Match: m,
		New: c.made, DryRun: c.dry,
	})
	if err := c.follow(out, err); err != nil {
		return nil, err
	}
	return out, c.answersTo(out)
}

// replay ends a handler whose command ran before: the caller gets the first answer and nothing else
// happens.
type replay struct{ *repo.Outcome }

func (*replay) Error() string { return "the command ran before" }

// once checks whether the command ran before. Call it before anything is looked up in or written to
// the vault, so that what surrounds a command is not done twice.
func (c *call) once() error {
	if c.dry || c.asked {
		return nil
	}
	c.asked = true
	out, err := c.api.cfg.Engine.Answered(c.Request().Context(), c.site, c.id, c.fingerprint())
	switch {
	case errors.Is(err, repo.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	if err := c.answersTo(out); err != nil {
		return err
	}
	return &replay{out}
}

// decidedBefore answers a command that ran before with its first answer.
func (c *call) decidedBefore(err error) error {
	var before *replay
	if errors.As(err, &before) {
		return c.decided(before.Outcome)
	}
	return err
}

// subject is the record that If-Match compares.
func (c *call) subject() workflow.Ref {
	if x := c.route.matched(); x != nil {
		return x.ref(c)
	}
	return workflow.Ref{}
}

// note takes free text out of a request and returns the id that stands for it in the command. The
// text is saved once the command is known.
func (c *call) note(text string) (workflow.NoteID, error) {
	if text == "" {
		return "", nil
	}
	if err := c.once(); err != nil {
		return "", err
	}
	id := workflow.NoteID(newID())
	if c.texts == nil {
		c.texts = map[workflow.NoteID]string{}
	}
	c.texts[id] = text
	return id, nil
}

// prepare does what must happen before a command: it saves the notes, and records what the command
// intends in the vault.
func (c *call) prepare(cmd workflow.Command) error {
	if c.dry {
		return nil
	}
	ctx := c.Request().Context()
	ids, of := workflow.NotesOf(c.site, cmd)
	for _, id := range ids {
		c.notes = append(c.notes, id)
		if err := c.api.cfg.Vault.SaveNote(ctx, c.site, id, of, c.id, c.texts[id]); err != nil {
			return err
		}
	}
	if c.intent == nil {
		return nil
	}
	if err := c.once(); err != nil {
		return err
	}
	c.intent.Fingerprint = c.fingerprint()
	var err error
	c.plan, err = c.api.cfg.Vault.Intend(ctx, c.site, c.id, *c.intent)
	return err
}

// follow does what must happen after a command. What it intended in the vault is carried out once,
// by the request whose command was decided. If that fails, the sweep does it later, and the caller
// is told that the outcome is unknown.
func (c *call) follow(out *repo.Outcome, err error) error {
	if c.plan != nil && err == nil && !out.Replayed {
		err = c.api.cfg.Vault.Carry(context.WithoutCancel(c.Request().Context()), c.plan)
		if err != nil && !errors.Is(err, repo.ErrExists) {
			err = fmt.Errorf("%w: %w", repo.ErrUnknown, err)
		}
		c.api.boards.renew(c.site)
		return err
	}
	c.takeBack(err == nil && out.Replayed, err)
	return err
}

// takeBack removes what the request wrote to the vault if its command was refused, or had run
// before under other ids. A person with a phone may have been found by someone else meanwhile, so
// after a refusal the sweep decides about them. The sweep also removes what cannot be removed now.
func (c *call) takeBack(replayed bool, err error) {
	var f *workflow.Fault
	var stale *repo.StaleError
	if !replayed && !errors.As(err, &f) && !errors.As(err, &stale) &&
		!errors.Is(err, repo.ErrKeyReused) && !errors.Is(err, repo.ErrInProgress) {
		return
	}
	ctx, v := context.WithoutCancel(c.Request().Context()), c.api.cfg.Vault
	if c.plan != nil {
		_ = v.Forget(ctx, c.plan)
	}
	for _, id := range c.notes {
		_ = v.DropNote(ctx, c.site, id, c.id)
	}
	for _, k := range c.people {
		if replayed || !k.phone {
			_ = v.DropPerson(ctx, c.site, k.id, c.id)
		}
	}
}

// look gives a request that reads personal data its own command id: it is never a replay.
func (c *call) look() {
	c.id = hashed(c.key.ID, newID())
}

// reason returns the reason the caller gives for seeing personal data.
func (c *call) reason() (string, error) {
	r := c.QueryParam("reason")
	if !validCode(r) {
		return "", bad("reason_missing")
	}
	return r, nil
}

// codes matches codes such as reasons and channels: never more than four digits in a row, so that
// no phone number passes for one.
var codes = regexp.MustCompile(`^[0-9]{0,4}([a-z_]+[0-9]{0,4})*$`)

func validCode(s string) bool {
	return s != "" && len(s) <= 40 && codes.MatchString(s) && !workflow.HoldsPhone(s)
}
