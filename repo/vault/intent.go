package vault

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// Intent is what a command brings about in the vault. It is written before the command and carried
// out after it, by the request that gave the command. If that crashes in between, the sweep carries
// it out when the command is in the journal, and forgets it otherwise.
type Intent struct {
	Customer workflow.CustomerID `json:"customer,omitempty"`
	// Note is a note to be erased.
	Note workflow.NoteID `json:"note,omitempty"`
	// Erase: the customer's person is erased. Otherwise Person is written: with Over it replaces
	// what is known, without it only fills in what is not.
	Erase  bool    `json:"erase,omitempty"`
	Person *Person `json:"person,omitempty"`
	Over   bool    `json:"over,omitempty"`
	// Whole: Person is written as it is; nothing that was known stays.
	Whole bool `json:"whole,omitempty"`
	// Expires: the person is erased at this time, unless it was changed meanwhile.
	Expires time.Time `json:"expires,omitzero"`
	// Names are written, or erased, as they stand here; what they do not name stays.
	Names *Names `json:"names,omitempty"`
	// Fingerprint is the command's: other content may have run under its id.
	Fingerprint string `json:"fingerprint,omitempty"`
}

// Plan is an intent that was written.
type Plan struct {
	doc repo.Side
	Intent
}

// intentPrefix begins the ids of intents. They are kept in the collection people: they hold the
// same data and are just as erasable.
const intentPrefix = "intent/"

func isIntent(doc repo.Side) bool {
	return doc.Collection == repo.People && strings.HasPrefix(doc.ID, intentPrefix)
}

// Intend writes an intent, pending until command is in the journal.
func (v *Vault) Intend(
	ctx context.Context, site workflow.SiteID, command string, in Intent,
) (*Plan, error) {
	doc := repo.Side{
		Collection: repo.People, ID: intentPrefix + uuid.NewString(), Site: site, Command: command,
		Pending: true, At: v.at(),
	}
	var err error
	if doc.Body, err = v.body(doc.ID, in); err != nil {
		return nil, err
	}
	return &Plan{doc, in}, repo.Unavailable(v.store.Insert(ctx, doc))
}

// planExpiry notes when a person expires. The sweep looks at it from then on.
func (v *Vault) planExpiry(
	ctx context.Context, site workflow.SiteID, id workflow.CustomerID, at time.Time,
) error {
	doc := repo.Side{
		Collection: repo.People, ID: intentPrefix + "expiry/" + string(id), Site: site,
		Pending: true, At: at.UTC().Truncate(time.Millisecond),
	}
	var err error
	if doc.Body, err = v.body(doc.ID, Intent{Customer: id, Expires: doc.At}); err != nil {
		return err
	}
	return repo.Unavailable(v.store.Replace(ctx, doc))
}

// Carry carries out an intent whose command was decided just now. ErrExists: the phone has become
// another customer's meanwhile, and is left out.
func (v *Vault) Carry(ctx context.Context, p *Plan) error {
	err := v.apply(ctx, p.doc, p.Intent, false)
	switch {
	case errors.Is(err, ErrErased), errors.Is(err, repo.ErrNotFound): // nothing is left to be done
		err = nil
	case err != nil && !errors.Is(err, repo.ErrExists):
		return err // the sweep will do it
	}
	return errors.Join(err, v.Forget(ctx, p))
}

// Forget removes an intent.
func (v *Vault) Forget(ctx context.Context, p *Plan) error {
	if err := v.store.DeleteIf(ctx, p.doc); err != nil && !errors.Is(err, repo.ErrChanged) {
		return repo.Unavailable(err)
	}
	return nil
}

// apply does what is intended. late: the sweep does it, long after; what was written since is newer
// and stays.
func (v *Vault) apply(ctx context.Context, doc repo.Side, in Intent, late bool) error {
	switch {
	case in.Note != "":
		return v.EraseNote(ctx, doc.Site, in.Note)
	case in.Names != nil:
		return v.changeNames(ctx, doc.Site, *in.Names, doc.At)
	case in.Erase:
		return v.Erase(ctx, doc.Site, in.Customer)
	case in.Person == nil:
		return fmt.Errorf("%w: %s %s intends nothing", repo.ErrCorrupt, doc.Collection, doc.ID)
	}
	form := *in.Person
	write := func() error {
		return v.writePerson(ctx, doc.Site, in.Customer, "",
			func(old Person, is repo.Side) (Person, error) {
				if late && is.At.After(doc.At) {
					return Person{}, errNewer
				}
				if in.Whole {
					form.ExpiresAt = old.ExpiresAt
					return form, nil
				}
				return old.revised(form, in.Over), nil
			})
	}
	err := write()
	if errors.Is(err, repo.ErrExists) && (!in.Whole || late) {
		form.Phone = ""
		err = write()
	}
	if errors.Is(err, errNewer) {
		return nil
	}
	return err
}

// errNewer: somebody has written since.
var errNewer = errors.New("newer")

// resolveIntent carries out an intent that its request left behind, or forgets it.
func (v *Vault) resolveIntent(ctx context.Context, doc repo.Side) (kept bool, err error) {
	var in Intent
	if err := v.unseal(doc, &in); err != nil {
		return false, err
	}
	if !in.Expires.IsZero() {
		return false, v.expire(ctx, doc, in)
	}
	kept, err = v.ran(ctx, doc.Site, doc.Command, in.Fingerprint)
	if err == nil && kept {
		err = v.apply(ctx, doc, in, true)
	}
	if err != nil && !errors.Is(err, ErrErased) && !errors.Is(err, repo.ErrNotFound) {
		return kept, err
	}
	return kept, v.Forget(ctx, &Plan{doc: doc})
}

// expire erases a person that has expired.
func (v *Vault) expire(ctx context.Context, doc repo.Side, in Intent) error {
	p, err := v.Person(ctx, doc.Site, in.Customer)
	switch {
	case errors.Is(err, repo.ErrNotFound):
	case err != nil:
		return err
	case !p.ExpiresAt.IsZero() && !p.ExpiresAt.After(v.at()):
		if err := v.Erase(ctx, doc.Site, in.Customer); err != nil {
			return err
		}
	}
	return v.Forget(ctx, &Plan{doc: doc})
}

// ran reports whether a command is in the journal with this content.
func (v *Vault) ran(
	ctx context.Context, site workflow.SiteID, command, fingerprint string,
) (bool, error) {
	p, err := v.store.Find(ctx, site, command)
	if errors.Is(err, repo.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	cs, err := p.Commits()
	if err != nil {
		return false, err
	}
	for _, c := range cs {
		if c.ID == command {
			return c.Fingerprint == fingerprint, nil
		}
	}
	return false, nil
}
