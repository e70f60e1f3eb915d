package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// tickEvery is how often a stream looks whether it must end; after quietTicks without a commit it says that it is still there.
const (
	tickEvery  = time.Second
	quietTicks = 15
)

// streams reports whether the answer goes on as commits land.
func (c *call) streams() bool {
	return strings.HasSuffix(c.route.path, "/commits") && strings.Contains(c.Request().Header.Get("Accept"), "text/event-stream")
}

const (
	// feedPages is how many pages of the journal are read at once.
	feedPages = 64
	// scanBudget is how many commits one request looks at for those that its caller may see.
	scanBudget = 500
)

// getCommits is the journal without its images: a JSON page, or a stream of server-sent events that goes on as commits land.
func getCommits(c *call) error {
	if c.streams() {
		return c.stream()
	}
	limit, err := c.limit()
	if err != nil {
		return err
	}
	after, err := c.after(c.QueryParam("after"))
	if err != nil {
		return err
	}
	leave, err := c.api.pages.pass(c.Request().Context(), c.key.ID, 1)
	if err != nil {
		return reading(err)
	}
	entries, last, more, err := c.entries(after, limit)
	leave()
	if err != nil {
		return err
	}
	c.looked(int(last - after))
	texts := make([]json.RawMessage, len(entries))
	for i, e := range entries {
		texts[i] = e.text
	}
	body := map[string]any{"commits": array(texts), "seq": last}
	if more {
		body["next_after"] = last
	}
	return c.answer(http.StatusOK, body)
}

// after is the number of the last commit that the caller has.
func (c *call) after(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, badRequest("bad_parameter", "after is not the number of a commit", "send the seq of the last commit you have")
	}
	return n, nil
}

// entries are up to limit commits behind after that the caller may see, the number up to which was looked, and whether there
// is more. Not too many commits are looked at: then there may be more and none here.
func (c *call) entries(after int64, limit int) (out []shownEntry, last int64, more bool, err error) {
	out, last = []shownEntry{}, after
	var id []byte
	if c.own() {
		if id, err = workflow.Encode(c.key.Staff); err != nil {
			return nil, 0, false, err
		}
	}
	end := after + int64(c.api.scan)
	for {
		pages, err := c.api.cfg.Store.Since(c.Request().Context(), c.site, last+1, feedPages)
		if err != nil {
			return nil, 0, false, reading(err)
		}
		for _, p := range pages {
			if last == end || len(out) == limit {
				return out, last, true, nil
			}
			if out, last, err = c.pick(out, p, last, end, limit, id); err != nil {
				return nil, 0, false, err
			}
			if last < p.Last {
				return out, last, true, nil
			}
		}
		if len(pages) < feedPages {
			return out, last, false, nil
		}
	}
}

// pick adds the commits of a page that the caller may see, from behind last up to end or until there are enough: all of them, or,
// with an id, those about himself, his visits and his customers. What does not hold the id is not decoded to find that out.
func (c *call) pick(out []shownEntry, p *repo.Page, last, end int64, limit int, id []byte) ([]shownEntry, int64, error) {
	if id != nil {
		if may, err := p.MayConcern(id); err != nil || !may {
			return out, min(p.Last, end), err
		}
	}
	ks, err := p.Outlines()
	if err != nil {
		return nil, 0, err
	}
	for _, k := range ks {
		if k.Seq <= last {
			continue
		}
		if len(out) == limit || last == end {
			break
		}
		last = k.Seq
		if id == nil {
			e, err := asItStands(k)
			if err != nil {
				return nil, 0, err
			}
			out = append(out, e)
		} else if e, ok, err := c.ownEntry(k, id); err != nil {
			return nil, 0, err
		} else if ok {
			out = append(out, e)
		}
	}
	return out, last, nil
}

// ownEntry is a commit as the consultant who asks may see it, if it concerns him.
func (c *call) ownEntry(k *workflow.Outline, id []byte) (_ shownEntry, ok bool, err error) {
	who, err := k.Concerned(func(text []byte) bool { return bytes.Contains(text, id) })
	if err != nil || !slices.Contains(who, c.key.Staff) {
		return shownEntry{}, false, err
	}
	e, err := shownOutline(k)
	if err != nil {
		return shownEntry{}, false, err
	}
	of, err := k.Of(e.Subject)
	if err != nil {
		return shownEntry{}, false, err
	}
	mine, ok := e.shownTo(slices.Contains(of, c.key.Staff))
	if !ok {
		return shownEntry{}, false, nil
	}
	text, err := mine.written()
	return text, true, err
}

// stream writes commits as they land: first what is behind the last one that the client has, then what comes.
func (c *call) stream() error {
	from := c.Request().Header.Get("Last-Event-ID")
	if from == "" {
		from = c.QueryParam("after")
	}
	last, err := c.after(from)
	if err != nil {
		return err
	}
	leave, ok := c.api.streams.enter(c.key.ID)
	if !ok {
		p := problem(http.StatusTooManyRequests, "too_many", "this key holds "+strconv.Itoa(streamsAKey)+" event streams open already",
			"close one of them; one stream serves a whole program")
		p.retry = 10
		c.hesitate()
		return p
	}
	defer leave()
	h := c.Response().Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // a proxy must not hold events back
	c.Response().WriteHeader(http.StatusOK)
	s := &stream{call: c, control: http.NewResponseController(c.Response()), last: last}
	_ = s.control.SetReadDeadline(time.Time{}) // a stream outlives the server's read timeout
	s.run()
	return nil // the client comes back with Last-Event-ID
}

// stream is an open event stream.
type stream struct {
	*call
	control *http.ResponseController
	last    int64 // the last commit that was looked at
}

// run writes until the client goes, is too slow, or its key ends, or the process does.
func (s *stream) run() {
	tick := time.NewTicker(s.api.tick)
	defer tick.Stop()
	if !s.catchUp(0) {
		return
	}
	live, err := s.api.feeds.follow(s.Request().Context(), s.site)
	if err != nil {
		return
	}
	defer live.leave()
	if !s.catchUp(live.from) || !s.write([]byte(stillHere)) {
		return
	}
	for quiet := 0; ; {
		select {
		case <-s.Request().Context().Done():
			return
		case f, ok := <-live.frames:
			if !ok || !s.pass(f, live.frames) {
				return
			}
			quiet = 0
		case <-tick.C:
			if s.over() {
				return
			}
			if quiet++; quiet%quietTicks == 0 && !s.write([]byte(stillHere)) {
				return
			}
		}
	}
}

// stillHere is what a stream says that has nothing to say.
const stillHere = ": still here\n\n"

// over reports whether the stream must end: the process stops, or the key does not work any more.
func (s *stream) over() bool {
	token := strings.TrimPrefix(s.Request().Header.Get("Authorization"), "Bearer ")
	_, err := s.api.cfg.Keys.Authenticate(s.Request().Context(), token)
	return err != nil || s.api.cfg.Desk.Draining()
}

// catchUp writes what the journal holds behind the last commit, at least up to one. It takes its time: a key that has much to
// catch up pays for it like for requests.
func (s *stream) catchUp(to int64) bool {
	for more := true; more || s.last < to; {
		var entries []shownEntry
		var err error
		before := s.last
		if entries, s.last, more, err = s.entries(s.last, maxLimit); err != nil {
			return false
		}
		var text []byte
		for _, e := range entries {
			text = append(text, e.event()...)
		}
		if len(text) == 0 { // the client is to know that it is being looked for
			text = []byte(stillHere)
		}
		if !s.write(text) || s.over() || !s.pause(s.looked(int(s.last-before))) {
			return false
		}
	}
	return true
}

// pause waits, unless the client goes meanwhile.
func (s *stream) pause(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-s.Request().Context().Done():
		return false
	case <-t.C:
		return true
	}
}

// pass writes a frame and those that wait behind it.
func (s *stream) pass(f *frame, more <-chan *frame) bool {
	var text []byte
	for n := len(more); ; n-- {
		if f.seq > s.last {
			s.last = f.seq
			text = append(text, f.textFor(s.call)...)
		}
		if n == 0 {
			return s.write(text)
		}
		var ok bool
		if f, ok = <-more; !ok {
			return false
		}
	}
}

// write sends bytes at once. A client has some time to take them.
func (s *stream) write(text []byte) bool {
	if len(text) == 0 {
		return true
	}
	_ = s.control.SetWriteDeadline(time.Now().Add(30 * time.Second)) //nolint:forbidigo // a stream outlives the server's write timeout
	if _, err := s.Response().Write(text); err != nil {
		return false
	}
	return s.control.Flush() == nil
}

// healthz: the process answers.
func healthz(c *call) error { return c.JSON(http.StatusOK, map[string]string{"status": "ok"}) }

// wholeSeconds rounds up: what is not quite over is not told as 0.
func wholeSeconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// readyz: the store answers, the clock is right, and the process is not stopping. Sites whose time stands in the future are counted,
// not named: anybody may ask.
func readyz(c *call) error {
	if c.api.cfg.Desk.Draining() {
		return repo.ErrDraining
	}
	if err := c.api.cfg.Store.Ping(c.Request().Context()); err != nil {
		return fmt.Errorf("%w: %w", repo.ErrUnavailable, err)
	}
	if err := c.api.cfg.Desk.ClockError(); err != nil {
		return err
	}
	answer := map[string]any{"status": "ready", "version": c.api.cfg.Version}
	if n, most := c.api.cfg.Desk.SitesAhead(); n > 0 {
		answer["sites_ahead"], answer["ahead_s"] = n, wholeSeconds(most)
	}
	return c.JSON(http.StatusOK, answer)
}
