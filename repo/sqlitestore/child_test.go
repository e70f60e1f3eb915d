package sqlitestore

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// Some failures need a separate process: the test binary is started again with the name of a part
// in its environment.
const (
	childPart = "LUNPAI_TEST_CHILD"
	childPath = "LUNPAI_TEST_PATH"
)

// parts are what a child process can do; each returns what went wrong.
var parts = map[string]func(ctx context.Context, path string) error{
	"append": appendForever,
	"open":   openOnce,
	"search": searchFile,
}

// child plays a part if this process was started for one.
func child() bool {
	part, ok := parts[os.Getenv(childPart)]
	if !ok {
		return false
	}
	if err := part(context.Background(), os.Getenv(childPath)); err != nil {
		fmt.Println("child:", err)
		os.Exit(1)
	}
	return true
}

// play is the command that starts a part. A test that calls it must not be parallel: between fork
// and exec the child holds the locks of every store that is open in this process.
func play(t *testing.T, part, path string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), childPart+"="+part, childPath+"="+path)
	return cmd
}

// appendForever appends to several sites and says which commits were acknowledged, until it is
// killed.
func appendForever(ctx context.Context, path string) error {
	s, err := Open(ctx, Config{Path: path})
	if err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	offices, err := resume(ctx, s, 5)
	if err != nil {
		return err
	}
	for {
		var pages []*repo.Page
		for _, o := range offices {
			p, err := o.page(1 + int(o.seq)%3)
			if err != nil {
				return err
			}
			pages = append(pages, p)
		}
		for i, err := range s.Append(ctx, pages) {
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintln(out, pages[i].Site, pages[i].Last,
				pages[i].Hash); err != nil {
				return err
			}
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
}

// openOnce opens a file to serve it and closes it.
func openOnce(ctx context.Context, path string) error {
	s, err := Open(ctx, Config{Path: path})
	if err != nil {
		return err
	}
	return s.Close()
}

// searchFile looks for the word CANARY in a file that another process may have open.
func searchFile(_ context.Context, path string) error {
	content, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil
	}
	if err == nil && strings.Contains(string(content), "CANARY") {
		return fmt.Errorf("CANARY stands in %s", path)
	}
	return err
}

// resume goes on with the sites s-0 … where their journals end.
func resume(ctx context.Context, s *Store, n int) ([]*office, error) {
	offices := newLoad(n).sites
	for _, o := range offices {
		head, err := s.Before(ctx, o.id, 1<<40, 1)
		if err != nil {
			return nil, err
		}
		if len(head) > 0 {
			o.seq, o.prev = head[0].Last, head[0].Hash
		}
	}
	return offices, nil
}

// page is the next page of an office, with n commits.
func (o *office) page(n int) (*repo.Page, error) {
	l := &load{made: int(o.seq) << 8}
	p, err := repo.NewPage(o.id, o.prev, l.commits(o, n))
	if err == nil {
		o.prev = p.Hash
	}
	return p, err
}

// mustPage is the next page of an office.
func (o *office) mustPage(t *testing.T, n int) *repo.Page {
	t.Helper()
	p, err := o.page(n)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// newOffice is a site without a journal.
func newOffice(id workflow.SiteID) *office { return &office{id: id} }

// appendOne appends one page.
func appendOne(ctx context.Context, s *Store, p *repo.Page) error {
	return s.Append(ctx, []*repo.Page{p})[0]
}

func mustAppend(t *testing.T, s *Store, p *repo.Page) {
	t.Helper()
	if err := appendOne(t.Context(), s, p); err != nil {
		t.Fatal(err)
	}
}

// chain reads a site's whole journal and checks it: every page follows, every commit's visit stands
// in the documents at least as new.
func chain(t *testing.T, s *Store, site workflow.SiteID) map[int64]string {
	t.Helper()
	hashes := make(map[int64]string)
	var last int64
	prev := ""
	for {
		pages, err := s.Since(t.Context(), site, last+1, 100)
		if err != nil {
			t.Fatal(err)
		}
		if len(pages) == 0 {
			return hashes
		}
		for _, p := range pages {
			commits, err := p.Commits()
			if err != nil || p.First != last+1 || p.Prev != prev {
				t.Fatalf("page %s does not follow %d: %v", repo.PageID(site, p.First), last, err)
			}
			for _, c := range commits {
				docs, err := s.Read(t.Context(), site, c.Seq, []workflow.Ref{c.Subject})
				if err != nil || len(docs) != 1 || docs[0].Seq < c.Seq {
					t.Fatalf("commit %d of %s is not in the documents: %v, %v", c.Seq, site, docs,
						err)
				}
				if _, err := s.Find(t.Context(), site, c.ID); err != nil {
					t.Fatalf("commit %d of %s is not found by its id: %v", c.Seq, site, err)
				}
			}
			last, prev = p.Last, p.Hash
			hashes[last] = p.Hash
		}
	}
}
