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
	// Method and Path are its address; Path as the contract writes it: /v1/sites/{site}.
	Method, Path string
	// Name is what Go calls it, and whose comment describes it: a command's type, or the function that answers.
	Name string
	// Kind is the command that it gives; "" for a read.
	Kind workflow.Kind
	// Roles are those that may use it at all. With Own consultants are among them for what is theirs only.
	Roles []workflow.Role
	Own   bool
	// Public needs no key.
	Public bool
	// Body is what is sent: nil, or a struct. A member of type workflow.NoteID is free text.
	Body reflect.Type
	// Unsent are the members of Body that callers do not send, Optional those that they may leave out whatever their tag says.
	Unsent, Optional []string
	// Query is nil, or a struct whose members are the parameters, by their tags "query". A slice is a list with commas.
	Query reflect.Type
	// Answer is the JSON that comes back: nil, or a struct in which a Doc stands for the record that it is of. Other is another
	// answer of the same status, for kiosks; nil: there is none.
	Answer, Other reflect.Type
	// Media are media types beside JSON, or instead of it where there is no Answer.
	Media []string
	// Status is that of success. What makes a record answers a dry run with 200.
	Status int
	// Match is the collection of the record that If-Match speaks of; "": it takes no If-Match.
	Match workflow.Collection
	// Key: it takes an Idempotency-Key. DryRun: it takes dry_run.
	Key, DryRun bool
}

// Routes lists every address of the service, for the contract.
func Routes() []Route {
	var out []Route
	for _, r := range (&API{metrics: newMetrics(prometheus.NewRegistry())}).routes() {
		d := Route{
			Method: r.method, Path: openapi.Path(r.path), Name: r.name, Kind: r.kind, Public: r.public, Body: r.body,
			Unsent: r.unsent(), Optional: r.optional(), Query: r.query, Answer: r.answer, Other: r.other, Media: r.media, Status: r.status,
			Key: r.method != http.MethodGet, DryRun: r.query == reflect.TypeFor[DryRun](),
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

// sendsAnything reports whether a body has a member that callers send.
func sendsAnything(t reflect.Type, unsent []string) bool {
	return slices.ContainsFunc(slices.Collect(maps.Keys(places(t))), func(name string) bool { return !slices.Contains(unsent, name) })
}
