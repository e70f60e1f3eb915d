package mongostore

import (
	"testing"
	"time"

	"github.com/lunpai/lunpai/tools/mongod"
	"github.com/lunpai/lunpai/tools/mongod/mongotest"
)

// stopUnder stops a server's process (SIGSTOP) while writers are at work, and lets it go on when
// over says so: what it then says of what it had begun is old. Nothing acknowledged is lost,
// nothing is written twice, the documents follow.
func stopUnder(
	t *testing.T, cfg Config, find func() *mongod.Server,
	over func(stopped time.Duration, written int) bool,
) {
	cfg.AppendTimeout = time.Second
	s := open(t, cfg)
	stop := make(chan struct{})
	authors := newAuthors(t, 4)
	var l load
	l.run(t.Context(), s, authors, stop)
	eventually(t, "the writers write", func() bool { return l.count() > 50 })
	server := find()
	if err := server.Pause(); err != nil {
		t.Fatal(err)
	}
	began, n := time.Now(), l.count()
	for !over(time.Since(began), l.count()-n) {
		if time.Since(began) > 90*time.Second {
			t.Fatal("never: another server")
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Logf("stopped for %s", time.Since(began))
	if err := server.Resume(); err != nil {
		t.Fatal(err)
	}
	n = l.count()
	eventually(t, "the writers write again", func() bool { return l.count() > n+50 })
	close(stop)
	l.wg.Wait()
	l.check(t, s, authors)
}

// TestPrimaryStoppedUnderWriters: another member is elected, and only when it has taken over does
// the old primary go on. (The set needs about 15 s: its members notice a stopped process later than
// a dead one.)
func TestPrimaryStoppedUnderWriters(t *testing.T) {
	needTime(t)
	uri, set := mongotest.ReplicaSet(t)
	stopUnder(t, testDatabase(t, uri).config(), func() *mongod.Server {
		primary, err := set.Primary(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return primary
	}, func(_ time.Duration, written int) bool { return written > 50 })
}

// TestStandaloneStoppedUnderWriters: longer than an append may take.
func TestStandaloneStoppedUnderWriters(t *testing.T) {
	needTime(t)
	server := ownServer(t)
	stopUnder(t, testDatabase(t, server.URI()).config(), func() *mongod.Server { return server },
		func(stopped time.Duration, _ int) bool { return stopped > 3*time.Second })
}
