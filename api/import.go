package api

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

const (
	// importWithin is how long one request of an import may take.
	importWithin = 40 * time.Second
	// rowsAtOnce is how many rows of a request are decided at once: the journal then takes several
	// in one page.
	rowsAtOnce = 32
)

// ImportBatch is a part of a table of customers whom the office had before it used lunpai.
type ImportBatch struct {
	// Rows are the customers, 500 at most.
	Rows []ImportRow `json:"rows"`
}

// ImportRow is one customer of a table. It needs a number or a phone, by which a second run knows
// that the customer was taken over.
type ImportRow struct {
	// Line is the line of the table, which the answer repeats.
	Line int `json:"line"`
	// Number is the customer's number in the office's table. Absent: the phone stands for it.
	Number string `json:"number,omitempty"`
	// Name is the customer's name. Absent: unknown.
	Name string `json:"name,omitempty"`
	// Phone is the customer's phone number, in any notation. Absent: unknown.
	Phone string `json:"phone,omitempty"`
	// Owner is the consultant whose customer this is, who must be on the list of staff. Absent:
	// nobody's.
	Owner workflow.StaffID `json:"owner,omitempty"`
	// Status is how far the customer has come.
	Status workflow.CustomerStatus `json:"status"`
	// LastContactOn is the day, in the site's zone, on which the office was last in contact with
	// the customer. Absent: unknown.
	LastContactOn workflow.Date `json:"last_contact_on,omitempty"`
	// Remark is what the table says beside that, in free text. It is kept as a note.
	Remark string `json:"remark,omitempty"`
}

// RowOutcome is what became of a row.
type RowOutcome string

// The outcomes of rows.
const (
	RowCreated   RowOutcome = "created"
	RowUnchanged RowOutcome = "unchanged"
	RowRefused   RowOutcome = "refused"
)

// RowProblem is why a row was refused.
type RowProblem struct {
	// Code identifies the kind of problem for programs.
	Code string `json:"code"`
	// Detail is what is wrong with the row. It never repeats a name, a phone or a remark.
	Detail string `json:"detail"`
	// Fix says what to do about it.
	Fix string `json:"fix,omitempty"`
	// Rule is the article behind a refusal. Absent if there is none.
	Rule string `json:"rule,omitempty"`
}

// ImportedRow is the answer to one row.
type ImportedRow struct {
	// Line is the line of the table.
	Line int `json:"line"`
	// Outcome is created, unchanged when the same row was taken over before, or refused. In a dry
	// run: what it would be.
	Outcome RowOutcome `json:"outcome"`
	// Customer is the customer's id. Absent when the row was refused, and for a row that a dry run
	// would take over.
	Customer workflow.CustomerID `json:"customer,omitempty"`
	// Problem is why the row was refused. Absent otherwise.
	Problem *RowProblem `json:"problem,omitempty"`
}

// ImportAnswer says what became of each row.
type ImportAnswer struct {
	// Rows are the answers, in the order of the request.
	Rows []ImportedRow `json:"rows"`
	// Created is how many customers were taken over.
	Created int `json:"created"`
	// Unchanged is how many had been taken over before.
	Unchanged int `json:"unchanged"`
	// Refused is how many rows were refused. They changed nothing.
	Refused int `json:"refused"`
	// DryRun is true when nothing was changed.
	DryRun bool `json:"dry_run,omitempty"`
}

// importCustomers takes over many customers from a table, each by itself: a refused row changes
// nothing and stops no other. Sending rows again is safe, with any Idempotency-Key: each is taken
// over once.
func importCustomers(c *call, b *ImportBatch) (*ImportAnswer, error) {
	if _, err := c.match(workflow.Ref{}); err != nil {
		return nil, err
	}
	zone := time.UTC
	err := c.view(nil, func(b *workflow.Board) error { zone = b.Site().Location(); return nil })
	if err != nil {
		return nil, err
	}
	a := &ImportAnswer{Rows: make([]ImportedRow, len(b.Rows)), DryRun: c.dry}
	if err := c.importRows(b.Rows, zone, a.Rows); err != nil {
		return nil, err
	}
	for i := range a.Rows {
		switch a.Rows[i].Outcome {
		case RowCreated:
			a.Created++
		case RowUnchanged:
			a.Unchanged++
		case RowRefused:
			a.Refused++
		}
	}
	return a, nil
}

// importRows decides rows, several at once. It fails when the service cannot go on; what was
// decided before stays.
func (c *call) importRows(rows []ImportRow, zone *time.Location, answers []ImportedRow) error {
	var work sync.WaitGroup
	free, failed := make(chan struct{}, rowsAtOnce), make(chan error, rowsAtOnce)
	seen := map[string]int{} // the line by the id of the command
	for i := range rows {
		r, err := c.ofRow(&rows[i])
		if first, twice := seen[r.id]; err == nil && twice {
			err = bad("row_twice", "line", strconv.Itoa(first))
		}
		if err != nil {
			answers[i] = *r.refusedRow(rows[i].Line, asProblem(err, lang(c)))
			continue
		}
		seen[r.id] = rows[i].Line
		free <- struct{}{}
		if len(failed) > 0 {
			break
		}
		work.Go(func() {
			defer func() { <-free }()
			a, err := r.importRow(&rows[i], zone)
			if err != nil {
				failed <- err // never more at once than there is room for
				return
			}
			answers[i] = *a
		})
	}
	work.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// ofRow is a row as a request of its own. Its command has an id that follows from the row's number
// or phone, so that it runs once, whoever sends it and however often.
func (c *call) ofRow(row *ImportRow) (*call, error) {
	content := *row
	content.Line = 0
	text, err := workflow.Encode(content)
	r := &call{
		Context: c.Context, api: c.api, route: c.route, key: c.key, site: c.site,
		text: text, dry: c.dry, row: true,
	}
	if err != nil {
		return r, err
	}
	mark, known, phone := "number", row.Number, vault.NormalPhone(row.Phone)
	if row.Number == "" {
		mark, known = "phone", phone
	}
	switch {
	case row.Phone != "" && phone == "":
		return r, bad("bad_phone")
	case known == "":
		return r, bad("row_unmarked")
	}
	r.id = c.api.cfg.Vault.Fingerprint([]byte("import"), []byte(c.site), []byte(mark),
		[]byte(known))
	return r, nil
}

// importRow takes over the customer of a row. An error is not the row's: the service
// cannot go on.
func (c *call) importRow(row *ImportRow, zone *time.Location) (a *ImportedRow, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic of type %T", p) // here nobody else would catch it
		}
	}()
	out, created, err := c.takeOver(row, zone)
	if err == nil {
		a = &ImportedRow{Line: row.Line, Outcome: RowUnchanged}
		if created {
			a.Outcome = RowCreated
		}
		if !c.dry || !created {
			a.Customer = workflow.CustomerID(out.Commit.Subject.ID)
		}
		return a, nil
	}
	p := asProblem(err, lang(c))
	if p.Status >= http.StatusInternalServerError {
		return nil, err
	}
	return c.refusedRow(row.Line, p), nil
}

// takeOver decides the command of a row. created: it did not run before.
func (c *call) takeOver(row *ImportRow, zone *time.Location) (
	out *repo.Outcome, created bool, err error,
) {
	// Whose phone is unknown was hardly taken over: then the engine finds that out by itself.
	c.asked = row.Phone != "" && !c.dry
	if !c.asked {
		if out, err = c.ranBefore(); out != nil || err != nil {
			return out, false, err
		}
		c.asked = true
	}
	body := ImportBody{Owner: row.Owner, Status: row.Status}
	if row.Name != "" || row.Phone != "" {
		body.Person = &Person{Name: row.Name, Phone: row.Phone}
	}
	if row.LastContactOn != "" {
		at, err := time.ParseInLocation(time.DateOnly, string(row.LastContactOn), zone)
		if err != nil {
			return nil, false, bad("row_day")
		}
		body.LastContactAt = at.UTC()
	}
	if body.Remark, err = c.note(row.Remark); err != nil {
		return nil, false, err
	}
	cmd, err := importCustomer(c, &body)
	var before *replay
	if errors.As(err, &before) {
		return before.Outcome, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	cmd.Listed = true
	out, err = c.do(cmd)
	var f *workflow.Fault
	switch {
	case errors.As(err, &f) && f.Code == "customer_exists":
		return nil, false, problem(http.StatusConflict, "row_known", "customer",
			string(cmd.Customer))
	case errors.Is(err, repo.ErrKeyReused):
		return nil, false, problem(http.StatusConflict, "row_changed")
	case err != nil:
		return nil, false, err
	}
	return out, !out.Replayed, nil
}

// ranBefore is the first answer of a row's command; nil when it did not run.
func (c *call) ranBefore() (*repo.Outcome, error) {
	out, err := c.api.cfg.Engine.Answered(c.Request().Context(), c.site, c.id, c.fingerprint())
	switch {
	case errors.Is(err, repo.ErrNotFound):
		return nil, nil //nolint:nilnil // it did not run
	case errors.Is(err, repo.ErrKeyReused):
		return nil, problem(http.StatusConflict, "row_changed")
	}
	return out, err
}

// refusedRow is the answer to a row that was refused.
func (c *call) refusedRow(line int, p *Problem) *ImportedRow {
	p.say(lang(c))
	return &ImportedRow{Line: line, Outcome: RowRefused, Problem: &RowProblem{
		Code: p.Code, Detail: p.Detail, Fix: p.Fix, Rule: p.Rule,
	}}
}
