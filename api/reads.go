package api

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// view looks at a caught-up board.
func (c *call) view(refs []workflow.Ref, f func(*workflow.Board) error) error {
	return c.api.cfg.Desk.View(c.Request().Context(), c.site, refs, func(b *workflow.Board) error {
		if b.Site() == nil {
			return missing("site")
		}
		return f(b)
	})
}

// readRecord reads one record of the site from a caught-up board.
func readRecord[R workflow.Record](c *call, ref workflow.Ref) (R, error) {
	var out R
	err := c.view([]workflow.Ref{ref}, func(b *workflow.Board) error {
		r, ok := b.Record(ref)
		if !ok || workflow.SiteOf(r) != c.site {
			return repo.ErrNotFound
		}
		out, ok = r.(R)
		if !ok {
			return repo.ErrNotFound
		}
		return nil
	})
	return out, err
}

// readVisit is a visit the caller may see: a consultant his own, a kiosk the ticket it made.
func (c *call) readVisit() (*workflow.Visit, error) {
	v, err := readRecord[*workflow.Visit](c, workflow.VisitRef(c.visit()))
	switch {
	case err != nil:
		return nil, err
	case c.key.Role != workflow.RoleKiosk && !c.own() || v.Of(c.key.Staff):
		return v, nil
	}
	k, err := c.commitAt(v.Commits[0]) // who announced it may see it
	if err == nil && k.By != c.key.Actor() {
		err = repo.ErrNotFound
	}
	return v, err
}

func getVisit(c *call) error {
	v, err := c.readVisit()
	if err != nil {
		return err
	}
	if c.key.Role == workflow.RoleKiosk {
		return c.JSON(http.StatusOK, map[string]any{"visit": map[string]any{"id": v.ID, "state": v.State}})
	}
	c.Response().Header().Set("ETag", etag(workflow.Version(v)))
	return c.JSON(http.StatusOK, map[string]any{"visit": c.redactedVisit(v), "allowed": c.allowed(v)})
}

// commitAt reads one commit of the site, without its images.
func (c *call) commitAt(seq int64) (*workflow.Commit, error) {
	pages, err := c.api.cfg.Store.Since(c.Request().Context(), c.site, seq, 1)
	if err != nil {
		return nil, reading(err)
	}
	for _, p := range pages {
		ks, err := p.Outlines()
		if err != nil {
			return nil, err
		}
		for _, k := range ks {
			if k.Seq == seq {
				return k.Commit()
			}
		}
	}
	return nil, repo.ErrNotFound
}

// entry is a commit as it is shown: what was asked, by whom, what was decided. Images are left out.
type entry struct {
	Seq     int64           `json:"seq"`
	At      time.Time       `json:"at"`
	ClockAt time.Time       `json:"clock_at,omitzero"`
	By      workflow.Actor  `json:"by"`
	Kind    workflow.Kind   `json:"kind"`
	Subject workflow.Ref    `json:"subject"`
	Command json.RawMessage `json:"command"`
	Facts   []workflow.Fact `json:"facts"`
}

func shown(k *workflow.Commit) entry {
	subject := workflow.Ref{Collection: k.Subject.Collection, ID: recordID(k.Subject)}
	return entry{k.Seq, k.At, k.ClockAt, k.By, k.Kind, subject, k.Command, k.Facts}
}

// shownEntry is an entry as it is written.
type shownEntry struct {
	seq  int64
	text json.RawMessage
}

// written is the entry's text.
func (e *entry) written() (shownEntry, error) {
	text, err := workflow.Encode(e)
	return shownEntry{e.Seq, text}, err
}

// shownOutline is the same as shown, of a commit whose images were not decoded.
func shownOutline(o *workflow.Outline) (*entry, error) {
	k, err := o.Commit()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", repo.ErrCorrupt, err)
	}
	e := shown(k)
	return &e, nil
}

// asItStands is the same again, of a commit that was not decoded at all: its parts are put together anew as they stand.
func asItStands(o *workflow.Outline) (shownEntry, error) {
	var subject workflow.Ref
	if err := json.Unmarshal(o.Field("subject"), &subject); err != nil {
		return shownEntry{}, fmt.Errorf("%w: commit %d: %w", repo.ErrCorrupt, o.Seq, err)
	}
	subject.ID = recordID(subject)
	ref, err := workflow.Encode(subject)
	if err != nil {
		return shownEntry{}, err
	}
	text := make([]byte, 0, 1024)
	for i, f := range entryFields {
		v := o.Field(f.name)
		switch {
		case f.name == "subject":
			v = ref
		case v == nil && f.optional:
			continue
		case v == nil:
			return shownEntry{}, fmt.Errorf("%w: commit %d has no %s", repo.ErrCorrupt, o.Seq, f.name)
		}
		text = append(text, "{,"[min(i, 1)])
		text = append(strconv.AppendQuote(text, f.name), ':')
		text = append(text, v...)
	}
	return shownEntry{o.Seq, append(text, '}')}, nil
}

// entryFields are the names of an entry's fields, which are the commit's, in their order.
var entryFields = func() (fields []entryField) {
	for f := range reflect.TypeFor[entry]().Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields = append(fields, entryField{name, options != ""})
	}
	return fields
}()

type entryField struct {
	name     string
	optional bool
}

// array is a JSON array of texts.
func array(texts []json.RawMessage) json.RawMessage {
	out := []byte{'['}
	for i, t := range texts {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, t...)
	}
	return append(out, ']')
}

// getHistory lists the commits that changed a visit, the first of them first, one page at a time.
func getHistory(c *call) error {
	limit, err := c.limit()
	if err != nil {
		return err
	}
	after, err := c.historyCursor()
	if err != nil {
		return err
	}
	v, err := c.readVisit()
	if err != nil {
		return err
	}
	seqs := v.Commits[sort.Search(len(v.Commits), func(i int) bool { return v.Commits[i] > after }):]
	body := map[string]any{"visit": v.ID}
	if len(seqs) > limit {
		seqs = seqs[:limit]
		body["next_cursor"] = base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(seqs[limit-1], 10)))
	}
	entries := make([]entry, 0, len(seqs))
	for _, seq := range seqs {
		k, err := c.commitAt(seq)
		if err != nil {
			return err
		}
		entries = append(entries, shown(c.redacted(k)))
	}
	body["commits"] = entries
	return c.JSON(http.StatusOK, body)
}

// historyCursor is the number of the last commit on the page before; 0 on the first.
func (c *call) historyCursor() (int64, error) {
	text, err := base64.RawURLEncoding.DecodeString(c.QueryParam("cursor"))
	if err == nil && len(text) == 0 {
		return 0, nil
	}
	seq, bad := strconv.ParseInt(string(text), 10, 64)
	if err != nil || bad != nil || seq < 1 {
		return 0, badRequest("bad_cursor", "the cursor is not one that this service gave out for this list", "take next_cursor from the page before, or begin without")
	}
	return seq, nil
}

// page bounds of lists.
const (
	defaultLimit = 50
	maxLimit     = 200
)

func (c *call) limit() (int, error) {
	s := c.QueryParam("limit")
	if s == "" {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > maxLimit {
		return 0, badRequest("bad_parameter", "limit is not a number from 1 to "+strconv.Itoa(maxLimit), "send limit=50")
	}
	return n, nil
}

// mine reports whether a listed record is the consultant's who asks, or everybody's.
func (c *call) mine(i workflow.Image) bool {
	if i.Collection != workflow.Messages && i.Collection != workflow.Approvals {
		return true // asked for by owner or principal, or everybody's
	}
	r, err := workflow.Decode(i)
	return err == nil && belongs(r, c.key.Staff)
}

// belongs reports whether a matter is a consultant's own, or everybody's.
func belongs(r workflow.Record, s workflow.StaffID) bool {
	switch r := r.(type) {
	case *workflow.Call:
		return r.For == s || r.AnsweredBy == s
	case *workflow.Message:
		return r.To == s
	case *workflow.Approval:
		return r.By == s
	case *workflow.Dispute:
		return slices.Contains(r.Claimants, s)
	default:
		return true
	}
}

func listStaff(c *call) error {
	return c.view(nil, func(b *workflow.Board) error {
		staff := []*workflow.Staff{}
		for _, s := range b.Staff() {
			staff = append(staff, shownStaff(s))
		}
		return c.JSON(http.StatusOK, map[string]any{"staff": staff, "seq": b.Seq})
	})
}

func listUnits(c *call) error {
	return c.view(nil, func(b *workflow.Board) error {
		return c.JSON(http.StatusOK, map[string]any{"units": b.Rota().Units, "seq": b.Seq})
	})
}

func getDesk(c *call) error {
	return c.view(nil, func(b *workflow.Board) error {
		return c.JSON(http.StatusOK, map[string]any{"desk": b.DeskAt(c.now()), "seq": b.Seq})
	})
}

// getMatter reads a call, message, approval, dispute … of the site.
func getMatter(of workflow.Collection, param string) handler {
	return func(c *call) error {
		r, err := readRecord[workflow.Record](c, workflow.RecordRef(of, workflow.RecordID(c.Param(param))))
		if err != nil {
			return err
		}
		if c.own() && !belongs(r, c.key.Staff) {
			return repo.ErrNotFound
		}
		c.Response().Header().Set("ETag", etag(workflow.Version(r)))
		return c.JSON(http.StatusOK, map[string]any{of.Singular(): r})
	}
}
