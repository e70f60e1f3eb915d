package api

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

const boardPath = "/v1/sites/s/board"

// TestBoard: the desk sees everything with masked persons, a consultant the floor and their own
// visits, the hall numbers and what is nobody's secret.
func TestBoard(t *testing.T) {
	onBothStores(t, func(t *testing.T, s setup) {
		s.config = func(c *Config) { c.KioskGap, c.KioskHourly = -1, -1 }
		w := &canaryWorld{office: newOffice(t, s)}
		o := w.office
		o.must(200, o.do("M", "PATCH", namesPath, `{"office":{"name":"滨江售楼处"},`+
			`"staff":[{"id":"A","name":"王芳","py":"wf"},{"id":"B","name":"Zhao Qiang"}]}`))
		person := map[string]any{"name": canaryName, "phone": canaryPhone}
		v := o.arrive("assigned", map[string]any{"kind": "new", "person": person})
		o.must(201, o.do("kiosk", "POST", "/v1/sites/s/visits",
			`{"party":3,"claim":{"returning":true,"asked_for":"A"}}`))
		o.must(200, o.do("desk", "POST", "/v1/sites/s/staff/B/leave", `{"reason":"personal"}`))

		desk := o.must(200, o.do("desk", "GET", boardPath, nil, "Accept-Language", "zh"))
		for _, c := range []struct {
			want string
			path []any
		}{
			{"desk", []any{"depth"}},
			{"滨江售楼处", []any{"site", "name"}},
			{"轮到 C", []any{"turn", "text"}},
			{"C", []any{"turn", "staff"}},
			{"按轮排（制度一第6条）", []any{"turn", "why", "text"}},
			{"因私外出", []any{"line", 0, "members", 0, "text"}},
			{"void", []any{"line", 0, "if_passed", "effect"}},
			{"王芳", []any{"out", 0, "members", 0, "name"}},
			{"wf", []any{"out", 0, "members", 0, "py"}},
			{v, []any{"serving", 0, "visit"}},
			{"A01", []any{"serving", 0, "number"}},
			{"金**", []any{"serving", 0, "person", "name"}},
			{"139****1234", []any{"serving", 0, "person", "phone"}},
			{"新客户", []any{"serving", 0, "kind_text"}},
			{"自称来过，要找王芳", []any{"waiting", 0, "claim", "text"}},
			{"identify", []any{"waiting", 0, "allowed", 0, "do"}},
			{"问明来意", []any{"waiting", 0, "allowed", 0, "label"}},
		} {
			if got := desk.str(c.path...); got != c.want {
				t.Errorf("%v: %q, want %q", c.path, got, c.want)
			}
		}
		w.silent("the desk's picture", desk.raw)
		own := o.must(200, o.do("A", "GET", boardPath, nil))
		if own.str("serving", 0, "visit") != v ||
			own.str("serving", 0, "person", "name") != "金**" ||
			own.at("waiting", 0, "claim") != nil || own.at("waiting", 0, "visit") != nil {
			t.Errorf("who receives sees %s", own.raw)
		}
		other := o.must(200, o.do("C", "GET", boardPath, nil))
		if other.at("serving", 0, "visit") != nil || other.at("serving", 0, "kind") != nil ||
			other.at("serving", 0, "customer") != nil || other.str("serving", 0, "name") != "王芳" ||
			other.at("line", 0, "members", 0, "allowed") != nil ||
			other.at("line", 1, "members", 0, "allowed") == nil {
			t.Errorf("a colleague sees %s", other.raw)
		}
		public(t, o, v, desk.str("serving", 0, "customer", "id"))
		for who, status := range map[string]int{"analyst": 403, "admin": 403, "zM": 404, "": 401} {
			o.must(status, o.do(who, "GET", boardPath, nil))
		}
		o.must(400, o.do("desk", "GET", boardPath+"?lang=fr", nil))
		o.must(204, o.do("M", "DELETE", "/v1/sites/s/customers/"+
			desk.str("serving", 0, "customer", "id")+"/person", nil))
		if a := o.must(200, o.do("desk", "GET", boardPath, nil)); a.at("serving", 0,
			"person") != nil {
			t.Errorf("an erased person is shown: %s", a.raw)
		}
	})
}

// public: what hangs in the hall names nobody unless the office says so, and tells nothing that a
// visitor or a colleague would mind.
func public(t *testing.T, o *office, visit, customer string) {
	t.Helper()
	secrets := []string{
		visit, customer, "138", "139", "金", "personal", "因私", "void", "轮空", "new", "新客户", "kind",
		"person", "phone", "claim", "party", "late", "counts", "due", "can", "allowed", "rule",
		"reason", "since_seq", "P1-", `"unit"`, `"why"`,
	}
	names := []string{"王", "Zhao", `"staff"`}
	see := func(who string, secrets ...string) string {
		a := o.must(200, o.do(who, "GET", boardPath, nil, "Accept-Language", "zh"))
		for _, s := range secrets {
			if strings.Contains(a.raw, s) {
				t.Errorf("%s sees %q: %s", who, s, a.raw)
			}
		}
		return a.raw
	}
	a, b := see("kiosk", append(secrets, names...)...), see("board", append(secrets, names...)...)
	if a != b {
		t.Errorf("the kiosk sees\n%s\nthe wall\n%s", a, b)
	}
	for _, want := range []string{"3号", "空闲", "接待中", "暂不在", "A01", "A02", "轮到3号"} {
		if !strings.Contains(a, want) {
			t.Errorf("the hall does not see %q: %s", want, a)
		}
	}
	o.must(200, o.do("M", "PATCH", "/v1/sites/s", `{"board":{"names":"surname"}}`))
	a = see("board", append(secrets, "王芳", "Zhao Qiang", `"staff"`)...)
	if !strings.Contains(a, `"王"`) || !strings.Contains(a, `"Qiang"`) {
		t.Errorf("surnames: %s", a)
	}
	o.must(200, o.do("M", "PATCH", "/v1/sites/s", `{"board":{"names":"name"}}`))
	if a = see("kiosk", secrets...); !strings.Contains(a, `"王芳"`) ||
		!strings.Contains(a, `"staff":"A"`) {
		t.Errorf("names: %s", a)
	}
	o.must(400, o.do("M", "PATCH", "/v1/sites/s", `{"board":{"names":"all"}}`))
}

// TestBoardTag: the tag stays while the picture shows the same, however late it is, and changes
// with a commit, a name, and what time alone changes.
func TestBoardTag(t *testing.T) {
	o := newOffice(t, setup{})
	o.arrive("arrived", nil)
	tag := func(who string, known ...string) (string, int) {
		h := []string{}
		if len(known) > 0 {
			h = []string{"If-None-Match", strings.Join(known, ", ")}
		}
		a := o.do(who, "GET", boardPath, nil, h...)
		if a.status == 304 && a.raw != "" {
			t.Errorf("a body with 304: %s", a.raw)
		}
		return a.header.Get("ETag"), a.status
	}
	first, _ := tag("desk")
	o.clock.Set(monday.Add(30 * time.Second))
	if again, status := tag("desk", `"x"`, first); status != 304 || again != first {
		t.Errorf("nothing has changed: %d %s, was %s", status, again, first)
	}
	if kiosk, status := tag("kiosk", first); status != 200 || kiosk == first {
		t.Errorf("another depth: %d %s", status, kiosk)
	}
	o.must(200, o.do("M", "PATCH", namesPath, `{"staff":[{"id":"A","name":"Anna"}]}`))
	named, status := tag("desk", first)
	if status != 200 || named == first {
		t.Errorf("with a name: %d %s", status, named)
	}
	o.clock.Set(monday.Add(2 * time.Hour)) // by then somebody has waited too long
	deadline := time.Now().Add(10 * time.Second)
	for { // a commit has the same picture for a second
		late, status := tag("desk", named)
		if status == 200 && late != named {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("who waits too long is not seen: %d %s", status, late)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// painting is one event of a stream of pictures.
type painting struct {
	id, name, raw string
	body          map[string]any
}

func (p painting) str(path ...any) string { return (&answer{body: p.body}).str(path...) }

// screen follows the picture as a page does; retry and comments are counted.
type screen struct {
	paintings chan painting
	close     func()
}

func (o *office) screen(url, who string, headers ...string) *screen {
	o.Helper()
	ctx, cancel := context.WithCancel(o.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	o.ok(err)
	r.Header.Set("Authorization", "Bearer "+o.tokens[who])
	r.Header.Set("Accept", "text/event-stream")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	tr := &http.Transport{}
	res, err := tr.RoundTrip(r)
	o.ok(err)
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		o.Fatalf("the stream: %d %v", res.StatusCode, res.Header)
	}
	s := &screen{paintings: make(chan painting, 100)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(s.paintings)
		defer res.Body.Close()
		var p painting
		lines := bufio.NewScanner(res.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			switch k, v, _ := strings.Cut(lines.Text(), ": "); k {
			case "id":
				p.id = v
			case "event":
				p.name = v
			case "data":
				p.raw = v
				_ = json.Unmarshal([]byte(v), &p.body)
			case "retry":
				p.name = "retry"
			case "":
				if p.id != "" {
					s.paintings <- p
				}
				p = painting{}
			}
		}
	}()
	s.close = func() { cancel(); <-done; tr.CloseIdleConnections() }
	o.Cleanup(s.close)
	return s
}

// until waits for a picture of a commit, or a later one.
func (s *screen) until(t *testing.T, seq int64) painting {
	t.Helper()
	after := time.After(15 * time.Second)
	for {
		select {
		case p, ok := <-s.paintings:
			if !ok {
				t.Fatal("the stream has ended")
			}
			if got, _ := p.body["seq"].(float64); int64(got) >= seq {
				return p
			}
		case <-after:
			t.Fatalf("no picture of commit %d", seq)
		}
	}
}

// TestBoardStream: every screen gets the whole picture at once and after each commit, in its
// language and depth, and again after it was cut off, whatever it saw last.
func TestBoardStream(t *testing.T) {
	onBothStores(t, func(t *testing.T, s setup) {
		o := newOffice(t, s)
		url := o.listen()
		zh := o.screen(url+boardPath+"?lang=zh", "desk")
		wall := o.screen(url+boardPath, "board", "Accept-Language", "en")
		first := zh.until(t, 1)
		if first.name != "board" || first.id == "" || first.str("turn", "text") != "轮到 A" {
			t.Errorf("the first picture: %s %s", first.name, first.raw)
		}
		if p := wall.until(t, 1); p.str("turn", "text") != "Next: No. 1" {
			t.Errorf("the wall's first picture: %s", p.raw)
		}
		o.arrive("assigned", nil)
		head := o.head("s")
		for _, x := range []*screen{zh, wall} {
			if p := x.until(t, head); p.str("serving", 0, "number") != "A01" {
				t.Errorf("after a commit: %s", p.raw)
			}
		}
		read := o.must(200, o.do("desk", "GET", boardPath+"?lang=zh", nil)).body
		last := zh.until2(o, t, func() { o.arrive("arrived", nil) })
		if cmp.Equal(read, last.body) {
			t.Error("the picture did not change")
		}
		read = o.must(200, o.do("desk", "GET", boardPath+"?lang=zh", nil)).body
		delete(read, "now")
		delete(last.body, "now")
		if d := cmp.Diff(read, last.body); d != "" {
			t.Errorf("the stream shows something else than GET:\n%s", d)
		}
		zh.close()
		again := o.screen(url+boardPath+"?lang=zh", "desk", "Last-Event-ID", last.id)
		if p := again.until(t, 1); p.id != last.id {
			t.Errorf("after coming back: %s, was %s", p.id, last.id)
		}
		for _, id := range []string{"999999", "no number"} {
			odd := o.screen(url+boardPath, "desk", "Last-Event-ID", id)
			odd.until(t, 1)
			odd.close()
		}
		o.must(200, o.do("M", "PATCH", namesPath, `{"staff":[{"id":"B","name":"Bo"}]}`))
		for p := again.until(t, o.head("s")); p.str("turn", "name") != "Bo"; {
			p = again.until(t, 1) // the name is written after its commit
		}
		o.must(200, o.do("M", "DELETE", "/v1/sites/s/keys/"+o.keyIDs["board"], nil))
		for ok := true; ok; {
			select {
			case _, ok = <-wall.paintings:
			case <-time.After(20 * time.Second):
				t.Fatal("the stream of a revoked key goes on")
			}
		}
	})
}

// until2 waits for the picture of what f does.
func (s *screen) until2(o *office, t *testing.T, f func()) painting {
	t.Helper()
	f()
	return s.until(t, o.head("s"))
}

// TestSlowScreen: a reader that does not read gets the newest picture only, and holds nobody up.
func TestSlowScreen(t *testing.T) {
	o := newOffice(t, setup{})
	l, leave := o.api.boards.enter("s", true)
	defer leave()
	_, err := o.api.boards.picture(t.Context(), l, false)
	o.ok(err)
	p, changed := l.current()
	for range 20 {
		o.arrive("arrived", nil)
	}
	<-changed
	head := o.head("s")
	deadline := time.Now().Add(10 * time.Second)
	for p.scene.Seq != head {
		if p, _ = l.current(); time.Now().After(deadline) {
			t.Fatalf("the newest picture is of commit %d, the journal ends at %d", p.scene.Seq,
				head)
		}
		time.Sleep(5 * time.Millisecond)
	}
	desk := viewer{role: workflow.RoleFrontDesk, lang: "zh"}
	a, err := p.seenBy(desk)
	o.ok(err)
	desk.staff = "somebody at a device"
	if b, err := p.seenBy(desk); err != nil || a != b {
		t.Error("two screens of one kind are painted twice")
	}
}

// TestTimeAloneChangesTheBoard: a screen hears when somebody has waited too long, without a commit.
func TestTimeAloneChangesTheBoard(t *testing.T) {
	o := newOffice(t, setup{})
	o.api.repaint = 20 * time.Millisecond
	o.arrive("arrived", nil)
	url := o.listen()
	s := o.screen(url+boardPath, "desk")
	s.until(t, o.head("s"))
	o.clock.Set(monday.Add(time.Hour))
	if p := s.until(t, 1); p.str("waiting", 0, "tone") != "alert" {
		t.Errorf("after an hour: %s", p.raw)
	}
}

// TestBoardOfTwoInstances: a screen at one instance shows what another one decided.
func TestBoardOfTwoInstances(t *testing.T) {
	onBothStores(t, func(t *testing.T, s setup) {
		o := newOffice(t, s)
		s2 := o.screen(o.listen()+boardPath, "board")
		s2.until(t, 1)
		other := repo.NewEngine(repo.Config{Store: o.store, Now: o.clock.Now})
		t.Cleanup(func() { o.ok(other.Drain(context.WithoutCancel(t.Context()))) })
		out, err := other.Do(t.Context(), "s", repo.Request{
			ID: "elsewhere", By: workflow.Actor{Role: workflow.RoleFrontDesk},
			Command: &workflow.ArriveVisit{Visit: "elsewhere"},
		})
		o.ok(err)
		if p := s2.until(t, out.Commit.Seq); p.str("waiting", 0, "number") != "A01" {
			t.Errorf("the other instance's arrival: %s", p.raw)
		}
	})
}
