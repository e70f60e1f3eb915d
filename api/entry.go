package api

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

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

// Entry is a commit as callers see it: what was asked, by whom, and what was decided. The changed
// records are left out.
type Entry struct {
	// Seq is the commit's number, from 1.
	Seq int64 `json:"seq"`
	// At is the time of the decision.
	At time.Time `json:"at"`
	// ClockAt is the clock's time, if it is noted because the site's time is ahead of it. Absent
	// otherwise.
	ClockAt time.Time `json:"clock_at,omitzero"`
	// By is who gave the command.
	By workflow.Actor `json:"by"`
	// Kind is the command.
	Kind workflow.Kind `json:"kind"`
	// Subject is the record the command was about.
	Subject workflow.Ref `json:"subject"`
	// Command is the command, in codes and ids.
	Command json.RawMessage `json:"command"`
	// Facts are what was decided, in order. Each names its article.
	Facts []Fact `json:"facts"`
}

func shown(k *workflow.Commit) Entry {
	subject := workflow.Ref{Collection: k.Subject.Collection, ID: recordID(k.Subject)}
	return Entry{k.Seq, k.At, k.ClockAt, k.By, k.Kind, subject, k.Command, factsOf(k.Facts)}
}

// shownEntry is an encoded entry.
type shownEntry struct {
	seq  int64
	text json.RawMessage
}

// written encodes the entry.
func (e *Entry) written() (shownEntry, error) {
	text, err := workflow.Encode(e)
	return shownEntry{e.Seq, text}, err
}

// shownOutline is like shown, for a commit whose images were not decoded.
func shownOutline(o *workflow.Outline) (*Entry, error) {
	k, err := o.Commit()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", repo.ErrCorrupt, err)
	}
	e := shown(k)
	return &e, nil
}

// asItStands is like shownOutline, for a commit that was not decoded at all: the entry is assembled
// from its parts.
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
			return shownEntry{}, fmt.Errorf("%w: commit %d has no %s",
				repo.ErrCorrupt, o.Seq, f.name)
		}
		text = append(text, "{,"[min(i, 1)])
		text = append(strconv.AppendQuote(text, f.name), ':')
		text = append(text, v...)
	}
	return shownEntry{o.Seq, append(text, '}')}, nil
}

// entryFields are the fields of an entry, in order; a commit has the same names.
var entryFields = func() (fields []entryField) {
	for f := range reflect.TypeFor[Entry]().Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields = append(fields, entryField{name, options != ""})
	}
	return fields
}()

type entryField struct {
	name     string
	optional bool
}
