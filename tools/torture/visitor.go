package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/lunpai/lunpai/tools/load"
)

// visitor is a client: visits of several kinds, one command at a time, each sent until it is
// answered.
type visitor struct {
	t      *trial
	n      int
	site   load.Site
	client *load.Client

	report   *report
	replayed int
}

func newVisitor(t *trial, n int, r *report) *visitor {
	site := t.sites[n%len(t.sites)]
	return &visitor{
		t: t, n: n, site: site, report: r,
		client: load.NewClient([]string{t.service.Addr}, site.Token),
	}
}

// work sends visits until enough is closed, and finishes the last one.
func (v *visitor) work(ctx context.Context, enough <-chan struct{}) {
	defer v.client.Close()
	for i := 0; ctx.Err() == nil; i++ {
		select {
		case <-enough:
			return
		default:
			v.visit(ctx, fmt.Sprintf("k%d-%d", v.n, i))
		}
	}
}

// step is one request of a visit, behind the visit's address.
type step struct{ path, body string }

// visits are the ways a visit goes; phone stands for a number of its own.
var visits = [][]step{
	{
		{"", `{}`},
		{"/identify", `{"kind":"new"}`},
		{"/assign", `{}`},
		{"/serve", `{"topic":"sales"}`},
		{"/register", `{}`},
	},
	{
		{"", `{"identify":{"kind":"new"},"assign":true}`},
		{"/register", `{"serve":true,"topic":"sales"}`},
	},
	{
		{"", `{"party":2}`},
		{"/identify", `{"kind":"new","person":{"name":"Torture","phone":"{phone}"}}`},
		{"/assign", `{}`},
		{"/register", `{"serve":true,"form":{"layout":"3","remark":"killed often"}}`},
	},
	{
		{"", `{"identify":{"kind":"new"},"assign":true}`},
		{"/register", `{"serve":true,"person":{"name":"Torture","phone":"{phone}"}}`},
	},
	{{"", `{"identify":{"kind":"new"},"assign":true}`}, {"/abandon", `{"reason":"left"}`}},
}

// visit sends one visit, of the first kind every second time.
func (v *visitor) visit(ctx context.Context, key string) {
	steps := visits[max(0, rand.IntN(2*len(visits)-2)-len(visits)+2)]
	phone := fmt.Sprintf("139%04d%06d", v.n, rand.IntN(1_000_000))
	path := "/v1/sites/" + v.site.ID + "/visits"
	var last answer
	for i, s := range steps {
		a, ok := v.command(ctx, path+s.path, fmt.Sprintf("%s-%d", key, i),
			strings.ReplaceAll(s.body, "{phone}", phone))
		if !ok {
			if i > 0 { // whoever receives him must be free for the next
				v.command(ctx, path+"/abandon", key+"-given-up", `{"reason":"left"}`)
			}
			return
		}
		if i == 0 {
			path += "/" + a.Visit.ID
		}
		last = a
	}
	if strings.Contains(steps[1].body, "{phone}") { // both ways that give one
		v.t.acks.notePhone(v.site.ID, phone, last.Visit.Customer)
	}
}

// command sends a command until it is answered, and notes the answer. A refusal is a problem:
// nothing that is sent here may be refused, and a command whose first answer was lost gets that
// answer.
func (v *visitor) command(ctx context.Context, path, key, body string) (a answer, ok bool) {
	got, err := v.client.Post(ctx, path, key, body)
	if err != nil {
		v.report.add(unanswered, "%s %s", path, key)
		return a, false
	}
	if got.Status/100 != 2 {
		what := path[strings.LastIndexByte(path, '/')+1:]
		v.report.add(fmt.Sprintf("%s refused: %d %s", what, got.Status, load.Code(got)), "%v",
			load.Unexpected("POST "+path, got))
		return a, false
	}
	err = json.Unmarshal(got.Body, &a)
	var facts digest
	if err == nil {
		facts, err = digestOf(a.Facts)
	}
	if err != nil || a.Visit.ID == "" {
		v.report.add("unreadable answer", "POST %s: %q: %v", path, got.Body, err)
		return a, false
	}
	if got.Replayed {
		v.replayed++
	}
	v.t.acks.note(ack{
		site: v.site.ID, id: commandID(v.site.Token, key), key: key, seq: a.Seq,
		facts: facts,
	})
	return a, true
}

// commandID is how the journal names the command that a key of the service sent with an
// Idempotency-Key: SHA-256 over the id of the former, a zero byte, and the latter.
func commandID(token, key string) string {
	id, _, _ := strings.Cut(strings.TrimPrefix(token, "lp_"), "_")
	sum := sha256.Sum256([]byte(id + "\x00" + key))
	return hex.EncodeToString(sum[:])
}
