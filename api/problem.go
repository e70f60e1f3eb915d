package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// Problem is an error on the wire (RFC 9457). Its words are in package explain, under its key.
type Problem struct {
	// Type is the address that names the problem.
	Type string `json:"type"`
	// Title is the same for every problem of the code.
	Title string `json:"title"`
	// Status is the HTTP status.
	Status int `json:"status"`
	// Detail is what is wrong this time.
	Detail string `json:"detail"`
	// Code identifies the kind of problem for programs.
	Code string `json:"code"`
	// Rule is the article behind a refusal. Absent if there is none.
	Rule string `json:"rule,omitempty"`
	// Parameter is the policy parameter behind a refusal, if the office changed it. Absent
	// otherwise.
	Parameter string `json:"parameter,omitempty"`
	// Allowed lists what could be sent instead: the steps of the visit that are open to the caller,
	// or the known words.
	Allowed []string `json:"allowed,omitzero"`
	// Fix says what to do about it.
	Fix string `json:"fix,omitempty"`
	// Outcome is not_written or unknown. Absent: nothing was written.
	Outcome string `json:"outcome,omitempty"`
	// RequestID identifies the request in the log.
	RequestID string `json:"request_id"`
	// Facts are what was established before the refusal.
	Facts []Fact `json:"facts,omitempty"`

	key   string // of the words: the code, or code/cause
	args  map[string]string
	retry int   // seconds
	cause error // logged, never shown
}

func (p *Problem) Error() string {
	_, detail, _ := explain.Problem(explain.En, p.key, p.args)
	return p.Code + ": " + detail
}

// problem makes a problem of the API itself from the key of its words and the names and values of
// their arguments.
func problem(status int, key string, args ...string) *Problem {
	code, _, _ := strings.Cut(key, "/")
	p := &Problem{Status: status, Code: code, key: key, args: map[string]string{}}
	for i := 0; i+1 < len(args); i += 2 {
		p.args[args[i]] = args[i+1]
	}
	return p
}

func bad(key string, args ...string) *Problem {
	return problem(http.StatusBadRequest, key, args...)
}

func missing(what string) *Problem {
	return problem(http.StatusNotFound, "not_found", "what", what)
}

func forbidden(key string, role workflow.Role) *Problem {
	return problem(http.StatusForbidden, key, "role", string(role))
}

// busyHere is the problem of a server that cannot answer now.
func busyHere(key, outcome string, retry int) *Problem {
	p := problem(http.StatusServiceUnavailable, key)
	p.Outcome, p.retry = outcome, retry
	return p
}

func inProgress() *Problem {
	p := problem(http.StatusConflict, "in_progress")
	p.retry = 1
	return p
}

// say puts the problem into words.
func (p *Problem) say(l explain.Lang) {
	if p.key != "" {
		p.Title, p.Detail, p.Fix = explain.Problem(l, p.key, p.args)
	}
}

// faultStatus is the status of each class of refusal.
var faultStatus = map[workflow.FaultClass]int{
	workflow.ClassInvalid:    http.StatusBadRequest,
	workflow.ClassNotFound:   http.StatusNotFound,
	workflow.ClassForbidden:  http.StatusForbidden,
	workflow.ClassWrongState: http.StatusConflict,
	workflow.ClassRefused:    http.StatusConflict,
}

// known lists the errors that have a status of their own; the first match counts. Everything else
// is 500.
var known = []struct {
	err error
	p   *Problem
}{
	{repo.ErrKeyReused, problem(http.StatusUnprocessableEntity, "key_reused")},
	{repo.ErrInProgress, inProgress()},
	{repo.ErrStoreReplaced, busyHere("store_replaced", "unknown", 60)},
	{repo.ErrUnknown, busyHere("unknown", "unknown", 1)},
	{repo.ErrReplaced, busyHere("journal_replaced", "not_written", 60)},
	{repo.ErrBusy, busyHere("busy", "not_written", 1)},
	{repo.ErrClock, busyHere("clock_wrong", "not_written", 10)},
	{repo.ErrDraining, busyHere("shutting_down", "not_written", 2)},
	{repo.ErrStorageFull, busyHere("storage_full", "not_written", 5)},
	{repo.ErrReadOnly, busyHere("read_only", "not_written", 60)},
	{repo.ErrCorrupt, busyHere("read_only", "not_written", 60)},
	{repo.ErrClosed, busyHere("shutting_down", "not_written", 2)},
	{repo.ErrUnavailable, busyHere("unavailable", "not_written", 2)},
	{vault.ErrKeyExpired, problem(http.StatusUnauthorized, "unauthenticated/expired")},
	{vault.ErrNotInService, problem(http.StatusUnauthorized, "unauthenticated/not_in_service")},
	{vault.ErrSessionEnded, problem(http.StatusUnauthorized, "unauthenticated/session_ended")},
	{vault.ErrBadToken, problem(http.StatusUnauthorized, "unauthenticated")},
	{repo.ErrNoSite, missing("site")},
	{repo.ErrNotFound, missing("record")},
	{context.DeadlineExceeded, busyHere("unavailable/slow", "unknown", 2)},
	{context.Canceled, busyHere("unavailable/cancelled", "unknown", 1)},
}

// reading turns an error of the store while reading into ErrUnavailable, unless it is a known one.
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
		return problem(http.StatusPreconditionFailed, "stale", "version",
			strconv.FormatInt(stale.Is, 10))
	case errors.As(err, &he):
		return fromEcho(he)
	}
	for _, k := range known {
		if errors.Is(err, k.err) {
			c := *k.p
			c.cause = err
			return &c
		}
	}
	c := problem(http.StatusInternalServerError, "internal")
	c.cause = err
	return c
}

func fromFault(f *workflow.Fault, lang explain.Lang) *Problem {
	title, detail, fix := explain.Fault(lang, f)
	return &Problem{
		Status: faultStatus[f.Class], Code: f.Code, Title: title, Detail: detail, Fix: fix,
		Rule: f.Rule, Parameter: f.Args["parameter"], Allowed: f.Allowed, Facts: factsOf(f.Facts),
	}
}

func fromEcho(he *echo.HTTPError) *Problem {
	switch he.Code {
	case http.StatusNotFound:
		return missing("address")
	case http.StatusMethodNotAllowed:
		return problem(he.Code, "method_not_allowed")
	}
	p := problem(he.Code, "http_error", "text", http.StatusText(he.Code))
	p.cause = he
	return p
}

// fail answers with a problem document. The cause is logged, once.
func (a *API) fail(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	p := asProblem(err, lang(c))
	p.say(lang(c))
	if wanted, err := strconv.ParseBool(c.QueryParam("explain")); err == nil && wanted {
		tell(lang(c), p.Facts)
	}
	p.Type = "https://lunpai.github.io/problems/" + p.Code
	if p.Title == "" {
		p.Title = http.StatusText(p.Status)
	}
	p.RequestID = c.Response().Header().Get(echo.HeaderXRequestID)
	if p.cause != nil && p.Status >= http.StatusInternalServerError {
		a.cfg.Log.Error("request failed", "request_id", p.RequestID, "route", c.Path(),
			"code", p.Code, "err", p.cause)
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
