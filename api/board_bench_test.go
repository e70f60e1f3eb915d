//go:build unix

package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// spent is the processor time of this process so far.
func spent() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// bigOffice has 25 consultants, each with a key, and 30 visits in the house, whose visitors have
// left name and phone.
func bigOffice(tb testing.TB) *office {
	o := newOffice(tb, setup{})
	var names []map[string]string
	for i := range 21 {
		id := fmt.Sprintf("c%02d", i)
		o.must(201, o.do("M", "POST", "/v1/sites/s/staff",
			map[string]any{"id": id, "role": "consultant"}))
		o.key(id, workflow.RoleConsultant, id)
		names = append(names, map[string]string{"id": id, "name": "王小芳", "py": "wxf"})
	}
	o.must(200, o.do("M", "PATCH", namesPath, map[string]any{"staff": names}))
	for i := range 30 {
		state := []string{"arrived", "identified", "assigned"}[i%3]
		identity := map[string]any{"kind": "new", "person": map[string]any{
			"name": "张三", "phone": fmt.Sprintf("138%08d", i),
		}}
		if state == "arrived" {
			identity = nil
		}
		o.arrive(state, identity)
	}
	return o
}

// glance follows the picture and does not look at it.
func (o *office) glance(url, who string) {
	ctx, cancel := context.WithCancel(o.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	o.ok(err)
	r.Header.Set("Authorization", "Bearer "+o.tokens[who])
	r.Header.Set("Accept", "text/event-stream")
	tr := &http.Transport{}
	res, err := tr.RoundTrip(r)
	o.ok(err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer res.Body.Close()
		_, _ = io.Copy(io.Discard, res.Body)
	}()
	o.Cleanup(func() { cancel(); <-done; tr.CloseIdleConnections() })
}

// BenchmarkBoard is a command, and its event at one of the screens of an office of 25 consultants
// and 30 visits, while 50 screens of all kinds follow it and two commands a second come. The
// processor time is that of all of it: the command, the pictures, and 50 clients in this process
// that read.
func BenchmarkBoard(b *testing.B) {
	o := bigOffice(b)
	url := o.listen()
	open := func(n int, who ...string) {
		for i := range n {
			o.glance(url+boardPath+"?lang=zh", who[i%len(who)])
		}
	}
	var consultants []string
	for i := range 21 {
		consultants = append(consultants, fmt.Sprintf("c%02d", i))
	}
	open(25, consultants...)
	open(14, "desk", "S", "M")
	open(5, "board")
	open(5, "kiosk")
	first := o.screen(url+boardPath+"?lang=zh", "L")
	<-first.paintings
	var took []time.Duration
	var bytes int
	cpu, start := spent(), time.Now()
	for i := 0; b.Loop(); i++ {
		do := "busy"
		if i%2 == 1 {
			do = "free"
		}
		body := map[string]any{}
		if do == "busy" {
			body["with"] = "chores"
		}
		began := time.Now()
		a := o.must(200, o.do("desk", "POST", "/v1/sites/s/staff/c20/"+do, body))
		want := int64(a.at("seq").(float64))
		for p := (painting{}); ; {
			p = <-first.paintings
			if int64(p.body["seq"].(float64)) >= want {
				bytes = len(p.raw)
				break
			}
		}
		took = append(took, time.Since(began))
		time.Sleep(time.Until(start.Add(time.Duration(i+1) * time.Second / 2)))
	}
	used, all := spent()-cpu, time.Since(start)
	slices.Sort(took)
	at := func(q float64) float64 {
		return float64(took[min(len(took)-1, int(q*float64(len(took))))]) / 1e6
	}
	b.ReportMetric(100*float64(used)/float64(all), "%core")
	b.ReportMetric(at(0.5), "ms-p50")
	b.ReportMetric(at(0.99), "ms-p99")
	b.ReportMetric(float64(bytes), "bytes/picture")
}

// BenchmarkPicture is one look at that office, and the painting of one picture of each depth.
func BenchmarkPicture(b *testing.B) {
	o := bigOffice(b)
	l, leave := o.api.boards.enter("s", false)
	defer leave()
	b.Run("look", func(b *testing.B) {
		for b.Loop() {
			if _, err := o.api.boards.picture(b.Context(), l, true); err != nil {
				b.Fatal(err)
			}
		}
	})
	p, err := o.api.boards.picture(b.Context(), l, true)
	o.ok(err)
	for name, v := range map[string]viewer{
		"public": {role: workflow.RoleBoard, lang: "zh"},
		"floor":  {role: workflow.RoleConsultant, staff: "A", lang: "zh"},
		"desk":   {role: workflow.RoleManager, lang: "zh"},
	} {
		b.Run(name, func(b *testing.B) {
			size := 0
			for b.Loop() {
				clear(p.by)
				e, err := p.seenBy(v)
				o.ok(err)
				size = len(e.text)
			}
			b.ReportMetric(float64(size), "bytes/picture")
		})
	}
}
