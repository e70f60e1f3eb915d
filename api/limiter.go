package api

import (
	"slices"
	"sync"
	"time"
)

// limiter bounds how often a key may do something: a least gap, and a number an hour.
type limiter struct {
	gap    time.Duration
	hourly int
	mu     sync.Mutex
	seen   map[string][]use // the last hour, oldest first
}

// use is one request, by its command and content: sent again, it is the same use.
type use struct {
	id string
	at time.Time
}

func newLimiter(gap time.Duration, hourly int) *limiter {
	return &limiter{gap: gap, hourly: hourly, seen: map[string][]use{}}
}

// take notes one use, or says after how many seconds the next is allowed.
func (l *limiter) take(key, id string, now time.Time) (wait int) {
	if l.hourly < 0 {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	uses := l.seen[key]
	for len(uses) > 0 && now.Sub(uses[0].at) >= time.Hour {
		uses = uses[1:]
	}
	if slices.ContainsFunc(uses, func(u use) bool { return u.id == id }) {
		return 0
	}
	if n := len(uses); n > 0 {
		if d := l.gap - now.Sub(uses[n-1].at); d > 0 {
			return seconds(d)
		}
		if n >= l.hourly {
			return seconds(time.Hour - now.Sub(uses[0].at))
		}
	}
	l.seen[key] = append(uses, use{id, now})
	return 0
}

func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
