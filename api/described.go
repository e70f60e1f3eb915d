package api

import (
	"maps"
	"net/http"
	"reflect"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lunpai/lunpai/openapi"
	"github.com/lunpai/lunpai/workflow"
)

// Route is one address of the service as the contract describes it.
type Route struct {
	// Method and Path are its address. Path is written as in the contract: /v1/sites/{site}.
	Method, Path string
	// Name is the Go name whose comment describes the route: a type of command, or the function
	// that answers.
	Name string
	// Kind is the command it gives; empty for a read.
	Kind workflow.Kind
	// Roles may use it. If Own is set, consultants may use it only for what is theirs.
	Roles []workflow.Role
	Own   bool
	// Public routes need no key.
	Public bool
	// Body is the struct that is sent, or nil. A member of type workflow.NoteID is free text.
	Body reflect.Type
	// Unsent are members of Body that callers do not send. Optional are members they may leave out,
	// whatever the tag says.
	Unsent, Optional []string
	// Query is nil, or a struct whose members are the parameters, named by the tag "query". A slice
	// is a comma-separated list.
	Query reflect.Type
	// Answer is nil, or the struct that is returned as JSON; a Doc in it stands for its record.
	// Other is another answer of the same status, for kiosks, or nil.
	Answer, Other reflect.Type
	// Media are media types besides JSON, or instead of it if there is no Answer.
	Media []string
	// Status is the status of success. A route that makes a record answers a dry run with 200.
	Status int
	// Tagged routes send an ETag and answer 304 to an If-None-Match that still holds.
	Tagged bool
	// Match is the collection of the record that If-Match compares; empty: no If-Match.
	Match workflow.Collection
	// Key and DryRun say whether it takes an Idempotency-Key and dry_run.
	Key, DryRun bool
}

// Routes lists every address of the service, for the contract.
func Routes() []Route {
	var out []Route
	rehearsal := Config{Clock: &ManualClock{}} // has every address
	all := &API{cfg: rehearsal, metrics: newMetrics(prometheus.NewRegistry(), nil)}
	for _, r := range all.routes() {
		d := Route{
			Method: r.method, Path: openapi.Path(r.path), Name: r.name, Kind: r.kind,
			Public: r.public, Body: r.body,
			Unsent: r.unsent(), Optional: r.optional(), Query: r.query, Answer: r.answer,
			Other: r.other, Media: r.media, Tagged: r.tagged, Status: r.status,
			Key:    r.method != http.MethodGet && r.kind != "",
			DryRun: r.query == reflect.TypeFor[DryRun](),
		}
		d.Roles, d.Own = r.may()
		if x := r.matched(); x != nil && r.kind != "" && d.Key {
			d.Match = x.of
		}
		if d.Body != nil && !sendsAnything(d.Body, d.Unsent) {
			d.Body = nil
		}
		out = append(out, d)
	}
	return out
}

// sendsAnything reports whether callers send any member of a body.
func sendsAnything(t reflect.Type, unsent []string) bool {
	return slices.ContainsFunc(slices.Collect(maps.Keys(places(t))),
		func(name string) bool { return !slices.Contains(unsent, name) })
}
