package api

import (
	"net/http"
	"strconv"
	"time"
)

// tickEvery is how often a stream checks whether it must end. After quietTicks without a commit it
// sends a sign of life.
const (
	tickEvery  = time.Second
	quietTicks = 15
)

// stream writes commits as they are written: first those after the last one the client has, then
// new ones.
func (c *call) stream(last int64) error {
	if id := c.Request().Header.Get("Last-Event-ID"); id != "" {
		var err error
		if last, err = strconv.ParseInt(id, 10, 64); err != nil || last < 0 {
			return bad("bad_parameter/commit", "name", "Last-Event-ID")
		}
	}
	leave, ok := c.api.streams.enter(c.key.ID)
	if !ok {
		c.hesitate()
		return tooMany("too_many/streams", 10, "count", strconv.Itoa(streamsAKey))
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
	last    int64 // the last commit that was considered
}

// run writes until the client is gone or too slow, its key ends, or the process stops.
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

// stillHere is the sign of life.
const stillHere = ": still here\n\n"

// over reports whether the stream must end: because the process stops, the key no longer works, the
// session has ended, or somebody else acts in it.
func (s *stream) over() bool {
	token, cookie, err := s.credential()
	if err != nil || s.api.cfg.Engine.Draining() {
		return true
	}
	key, _, err := s.resolve(token, cookie)
	return err != nil || key.Role != s.key.Role || key.Staff != s.key.Staff
}

// catchUp writes the commits after the last one, at least up to a number. A key that has much to
// catch up pays for it as for requests.
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
		if len(text) == 0 { // a sign of life while searching
			text = []byte(stillHere)
		}
		if !s.write(text) || s.over() || !s.pause(s.looked(int(s.last-before))) {
			return false
		}
	}
	return true
}

// pause waits, unless the client goes away.
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
			event, err := f.textFor(s.call)
			if err != nil {
				return false
			}
			text = append(text, event...)
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

// write sends bytes at once. The client has limited time to read them.
func (s *stream) write(text []byte) bool {
	if len(text) == 0 {
		return true
	}
	_ = s.control.SetWriteDeadline(in(30 * time.Second))
	if _, err := s.Response().Write(text); err != nil {
		return false
	}
	return s.control.Flush() == nil
}
