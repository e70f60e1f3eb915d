package api

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/workflow"
)

// watchers of the picture: everybody who works on the floor, and the screens in the hall.
var boardReaders = append([]workflow.Role{workflow.RoleKiosk, workflow.RoleBoard}, atSite...)

// BoardQuery says in which language the picture is wanted.
type BoardQuery struct {
	// Lang is zh or en. A page cannot set a header on an event stream. Absent: as
	// Accept-Language says.
	Lang PictureLang `query:"lang"`
}

// PictureLang is a language of the picture.
type PictureLang string

// Words are the languages.
func (PictureLang) Words() []string {
	words := make([]string, len(explain.Langs))
	for i, l := range explain.Langs {
		words[i] = string(l)
	}
	return words
}

// viewer is for whom the caller's picture is painted.
func (c *call) viewer(q *BoardQuery) viewer {
	l := lang(c)
	if q.Lang != "" {
		l = explain.Lang(q.Lang)
		c.Response().Header().Set("Content-Language", l.Tag())
	}
	return viewer{c.key.Role, c.key.Staff, l}
}

// getBoard shows what goes on at the office now, for screens: whose turn it is and why, the line,
// who waits, who is received, and what the caller may do. Kiosk and board see the public picture, a
// consultant the floor with their own visits, the others all of it with masked names and phones.
//
// With Accept: text/event-stream the same picture comes as server-sent events: event "board", id
// the seq, data the whole picture, at once and after every commit, and when time alone changed
// something. A slow reader gets the newest picture only; there is nothing to catch up on.
func getBoard(c *call, q *BoardQuery) (*Picture, error) {
	v := c.viewer(q)
	if c.streams() {
		return nil, c.streamBoard(v)
	}
	l, leave := c.api.boards.enter(c.site, false)
	defer leave()
	p, err := c.api.boards.picture(c.Request().Context(), l, false)
	if err != nil {
		return nil, err
	}
	e, err := p.seenBy(v)
	if err != nil {
		return nil, err
	}
	h := c.Response().Header()
	tag := `"` + e.tag + `"`
	h.Set("ETag", tag)
	h.Set("Vary", "Accept, Accept-Language")
	for known := range strings.SplitSeq(c.Request().Header.Get("If-None-Match"), ",") {
		if k := strings.TrimSpace(known); k == tag || k == "*" {
			return nil, c.NoContent(http.StatusNotModified)
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(e.text)))
	return nil, c.JSONBlob(http.StatusOK, e.text)
}

// boardQuiet is how many ticks pass without an event before a sign of life.
const boardQuiet = 10

// streamBoard sends the newest picture whenever it changes. Every event is complete, so a client
// that comes back gets the newest one, whatever it saw last.
func (c *call) streamBoard(v viewer) error {
	leave, ok := c.api.streams.enter(c.key.ID)
	if !ok {
		c.hesitate()
		return tooMany("too_many/streams", 10, "count", strconv.Itoa(streamsAKey))
	}
	defer leave()
	l, part := c.api.boards.enter(c.site, true)
	defer part()
	if _, err := c.api.boards.picture(c.Request().Context(), l, false); err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // a proxy must not hold events back
	c.Response().WriteHeader(http.StatusOK)
	s := &stream{call: c, control: http.NewResponseController(c.Response())}
	_ = s.control.SetReadDeadline(time.Time{}) // a stream outlives the server's read timeout
	if s.write([]byte("retry: 1000\n\n")) {
		s.follow(l, v)
	}
	return nil
}

// follow writes pictures until the client is gone or too slow, its key ends, or the process stops.
func (s *stream) follow(l *live, v viewer) {
	tick := time.NewTicker(s.api.tick)
	defer tick.Stop()
	sent := ""
	for quiet := 0; ; {
		p, changed := l.current()
		e, err := p.seenBy(v)
		if err != nil {
			return
		}
		if e.tag != sent {
			if !s.write(e.event()) {
				return
			}
			sent, quiet = e.tag, 0
		}
		select {
		case <-s.Request().Context().Done():
			return
		case <-changed:
		case <-tick.C:
			if s.over() {
				return
			}
			if quiet++; quiet%boardQuiet == 0 && !s.write([]byte(stillHere)) {
				return
			}
		}
	}
}
