package demo

import (
	"io"
	"testing"
	"testing/synctest"
	"time"
)

func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		m := New(Config{Out: io.Discard, Pause: time.Second})
		for range 5 {
			if err := m.event(t.Context(), begun, "something happens"); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(begun); took != 4*time.Second {
			t.Errorf("five events took %v", took)
		}
	})
}

func TestLastSaturday(t *testing.T) {
	for now, want := range map[string]string{
		"2026-03-08T03:00:00+08:00": "2026-03-07T09:00:00+08:00", // a Sunday
		"2026-03-07T03:00:00+08:00": "2026-02-28T09:00:00+08:00", // a Saturday
		"2026-03-06T16:30:00Z":      "2026-02-28T09:00:00+08:00", // the same, seen from afar
		"2026-03-06T15:30:00Z":      "2026-02-28T09:00:00+08:00", // still Friday at the site
	} {
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		got, err := LastSaturday(at)
		if err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%s: %v, %v, want %s", now, got, err, want)
		}
	}
}
