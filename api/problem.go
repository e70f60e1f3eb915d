package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// Problem is an error on the wire (RFC 9457).
type Problem struct {
	Type      string          `json:"type"`
	Title     string          `json:"title"`
	Status    int             `json:"status"`
	Detail    string          `json:"detail"`
	Code      string          `json:"code"`
	Rule      string          `json:"rule,omitempty"`
	Parameter string          `json:"parameter,omitempty"`
	Allowed   []string        `json:"allowed,omitzero"`
	Fix       string          `json:"fix,omitempty"`
	Outcome   string          `json:"outcome,omitempty"` // not_written, unknown
	RequestID string          `json:"request_id"`
	Facts     []workflow.Fact `json:"facts,omitempty"`
	retry     int             // seconds
	cause     error           // logged, never shown
}

func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// problem makes a problem of the edge itself.
func problem(status int, code, detail, fix string) *Problem {
	return &Problem{Status: status, Code: code, Detail: detail, Fix: fix}
}

func badRequest(code, detail, fix string) *Problem {
	return problem(http.StatusBadRequest, code, detail, fix)
}

func missing(what string) *Problem {
	return problem(http.StatusNotFound, "not_found", "there is no such "+what+" here", "check the address and the key you use")
}

// faultStatus is the status of each class of refusal.
var faultStatus = map[workflow.FaultClass]int{
	workflow.ClassInvalid:    http.StatusBadRequest,
	workflow.ClassNotFound:   http.StatusNotFound,
	workflow.ClassForbidden:  http.StatusForbidden,
	workflow.ClassWrongState: http.StatusConflict,
	workflow.ClassRefused:    http.StatusConflict,
}

// busyHere is what a server says that cannot answer now: nothing was written, or nobody knows.
func busyHere(code, detail, fix, outcome string, retry int) Problem {
	return Problem{Status: http.StatusServiceUnavailable, Code: code, Detail: detail, Fix: fix, Outcome: outcome, retry: retry}
}

// known are the errors that have a status of their own, looked through in order; everything else is 500.
var known = []struct {
	err error
	p   Problem
}{
	{repo.ErrKeyReused, Problem{Status: http.StatusUnprocessableEntity, Code: "key_reused", Detail: "this Idempotency-Key was used before with other content", Fix: "send a new key with new content"}},
	{repo.ErrInProgress, Problem{Status: http.StatusConflict, Code: "in_progress", Detail: "the same request is being carried out right now", Fix: "wait a moment and send it again with the same key", retry: 1}},
	{repo.ErrStoreReplaced, busyHere("store_replaced", "the database file was moved, replaced or overwritten under the service: nobody knows what became of this, and nothing is read or written until the service is started again", "tell the operator: lunpai restore, or the old file back, and a restart; then send it again with the same Idempotency-Key", "unknown", 60)},
	{repo.ErrUnknown, busyHere("unknown", "nobody can say yet whether this was written", "send it again with the same Idempotency-Key: it is carried out once", "unknown", 1)},
	{repo.ErrReplaced, busyHere("journal_replaced", "the journal of this site was replaced under the running service; nothing was written", "after a restore restart every instance of lunpai: see the operations page", "not_written", 60)},
	{repo.ErrBusy, busyHere("busy", "too many requests wait for this site; nothing was written", "send it again in a moment", "not_written", 1)},
	{repo.ErrClock, busyHere("clock_wrong", "the clock of this server is wrong by more than 5 seconds; nothing was written", "tell the operator: set the clock right (NTP), and restart lunpai if it is right now", "not_written", 10)},
	{repo.ErrDraining, busyHere("shutting_down", "this server is stopping; nothing was written", "send it again, another server answers", "not_written", 2)},
	{repo.ErrStorageFull, busyHere("storage_full", "the disk of the service is full; nothing was written, reading goes on", "tell the operator; send it again in a while: it goes on by itself when there is space", "not_written", 5)},
	{repo.ErrReadOnly, busyHere("read_only", "this site takes no changes until an operator has looked at its journal", "run lunpai verify and read the operations page", "not_written", 60)},
	{repo.ErrCorrupt, busyHere("read_only", "this site takes no changes until an operator has looked at its journal", "run lunpai verify and read the operations page", "not_written", 60)},
	{repo.ErrClosed, busyHere("shutting_down", "this server is stopping; nothing was written", "send it again, another server answers", "not_written", 2)},
	{repo.ErrUnavailable, busyHere("unavailable", "the store cannot be reached; nothing was written", "send it again in a moment", "not_written", 2)},
	{vault.ErrKeyExpired, Problem{Status: http.StatusUnauthorized, Code: "unauthenticated", Detail: "the key's time, or that of its earlier token, is over", Fix: "use the key's newest token, or ask the manager for a new key"}},
	{vault.ErrNotInService, Problem{Status: http.StatusUnauthorized, Code: "unauthenticated", Detail: "the key's member of staff is not in service in the key's role", Fix: "ask the manager"}},
	{vault.ErrBadToken, Problem{Status: http.StatusUnauthorized, Code: "unauthenticated", Detail: "the request carries no valid key", Fix: "send Authorization: Bearer with a key that was not revoked"}},
	{repo.ErrNoSite, Problem{Status: http.StatusNotFound, Code: "not_found", Detail: "there is no such site here", Fix: "check the address and the key you use"}},
	{repo.ErrNotFound, Problem{Status: http.StatusNotFound, Code: "not_found", Detail: "there is no such record here", Fix: "check the address and the key you use"}},
	{context.DeadlineExceeded, busyHere("unavailable", "the store did not answer in time", "send it again with the same Idempotency-Key", "unknown", 2)},
	{context.Canceled, busyHere("unavailable", "the request was given up", "send it again with the same Idempotency-Key", "unknown", 1)},
}

// reading turns a store's reading error into ErrUnavailable, unless it says more.
func reading(err error) error {
	if err == nil {
		return nil
	}
	for _, k := range known {
		if errors.Is(err, k.err) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", repo.ErrUnavailable, err)
}

// asProblem is the one place where errors become statuses.
func asProblem(err error, lang explain.Lang) *Problem {
	var p *Problem
	var f *workflow.Fault
	var stale *repo.StaleError
	var he *echo.HTTPError
	switch {
	case errors.As(err, &p):
		c := *p
		return &c
	case errors.As(err, &f):
		return fromFault(f, lang)
	case errors.As(err, &stale):
		return problem(http.StatusPreconditionFailed, "stale", "the record has changed since you read it: it stands at version "+strconv.FormatInt(stale.Is, 10), "read it again and decide anew")
	case errors.As(err, &he):
		return fromEcho(he)
	}
	for _, k := range known {
		if errors.Is(err, k.err) {
			c := k.p
			c.cause = err
			return &c
		}
	}
	c := problem(http.StatusInternalServerError, "internal", "something went wrong here; it was noted with the request id", "try again; if it stays, tell the operator the request id")
	c.cause = err
	return c
}

func fromFault(f *workflow.Fault, lang explain.Lang) *Problem {
	title, detail, fix := explain.Fault(lang, f)
	return &Problem{
		Status: faultStatus[f.Class], Code: f.Code, Title: title, Detail: detail, Rule: f.Rule, Parameter: f.Args["parameter"],
		Allowed: f.Allowed, Fix: fix, Facts: f.Facts,
	}
}

func fromEcho(he *echo.HTTPError) *Problem {
	switch he.Code {
	case http.StatusNotFound:
		return missing("address")
	case http.StatusMethodNotAllowed:
		return problem(he.Code, "method_not_allowed", "this address does not take that method", "see /docs for what it takes")
	}
	return &Problem{Status: he.Code, Code: "http_error", Detail: http.StatusText(he.Code), Fix: "see /docs for what this address takes", cause: he}
}

// fail writes an error as a problem document; what caused it goes to the log, once.
func (a *API) fail(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	p := asProblem(err, lang(c))
	p.Type = "https://lunpai.github.io/problems/" + p.Code
	if p.Title == "" {
		p.Title = http.StatusText(p.Status)
	}
	p.RequestID = c.Response().Header().Get(echo.HeaderXRequestID)
	if p.cause != nil && p.Status >= http.StatusInternalServerError {
		a.cfg.Log.Error("request failed", "request_id", p.RequestID, "route", c.Path(), "code", p.Code, "err", p.cause)
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "application/problem+json")
	if p.retry > 0 {
		h.Set("Retry-After", strconv.Itoa(p.retry))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="lunpai"`)
	}
	c.Response().WriteHeader(p.Status)
	if c.Request().Method != http.MethodHead {
		_ = json.NewEncoder(c.Response()).Encode(p) // the client may be gone
	}
}

func lang(c echo.Context) explain.Lang {
	return explain.Match(c.Request().Header.Get("Accept-Language"))
}
