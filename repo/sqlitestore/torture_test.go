package sqlitestore

import (
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lunpai/lunpai/internal/slow"
	"github.com/lunpai/lunpai/repo"
)

// flipsEnv is how many bits are flipped in each kind of page; 1 without it.
const flipsEnv = "LUNPAI_TORTURE_FLIPS"

// life is one store after damage.
type life struct {
	start, read, verify error
	wrong               string // what was read and is not true
}

// verdict says where the damage was noticed.
func (l *life) verdict() string {
	switch {
	case l.wrong != "":
		return "SERVED WRONG"
	case l.start != nil:
		return "at the start"
	case l.read != nil:
		return "when read"
	case l.verify != nil:
		return "by verify"
	}
	return "harmless"
}

// TestTorture turns bits over in every kind of page of a file and its log, after a kill and after
// an orderly stop (once seen by the time of change, once as a disk rots: unseen), and lives on:
// nothing is ever read that is not true, and what is wrong is noticed. Rot that is unseen after an
// orderly stop is left to verify in two places: where the list of ids or the index of lookups lost
// an entry, a command is not found by its id, or somebody by his phone.
func TestTorture(t *testing.T) {
	slow.Test(t, "some hundred damaged files, 6 s")
	flips := 1
	if text := os.Getenv(flipsEnv); text != "" {
		n, err := strconv.Atoi(text)
		must(t, err)
		flips = n
	}
	s, sites := tortured(t)
	truth := everything(t, s, sites)
	killed := crash(t, s)
	must(t, s.Close())
	stopped := s.path
	kinds := pagesOf(t, stopped)
	dice := rand.New(rand.NewPCG(1, 2))
	table := map[string]map[string]int{}
	count := func(kind, how string, l *life) {
		name := kind + " | " + how
		if table[name] == nil {
			table[name] = map[string]int{}
		}
		lost := strings.HasPrefix(l.wrong, `"find`) || strings.HasPrefix(l.wrong, `"lookup`)
		if lost && l.verify != nil && how == "rotten" {
			l.wrong, l.read = "", nil // see above
		}
		table[name][l.verdict()]++
		if l.wrong != "" {
			t.Errorf("%s: %s", name, l.wrong)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		for range flips {
			page := kinds[kind][dice.IntN(len(kinds[kind]))]
			at, bit := int64(page-1)*4096+dice.Int64N(4096), uint(dice.IntN(8))
			if kind == "header" {
				at = dice.Int64N(100)
			}
			for _, how := range []string{"killed", "stopped", "rotten"} {
				path := filepath.Join(t.TempDir(), "lunpai.db")
				from := stopped
				if how == "killed" {
					from = killed
				}
				bring(t, from, path)
				was, err := os.Stat(path)
				must(t, err)
				if at >= was.Size() {
					continue
				}
				flip(t, path, at, bit)
				if how == "rotten" {
					must(t, os.Chtimes(path, was.ModTime(), was.ModTime()))
				}
				count(kind, how, relive(t, path, sites, truth))
			}
		}
	}
	log, err := os.Stat(killed + "-wal")
	must(t, err)
	for kind, place := range map[string]func() int64{
		"log header": func() int64 { return dice.Int64N(32) },
		"frame header": func() int64 {
			return 32 + dice.Int64N((log.Size()-32)/4120)*4120 + dice.Int64N(24)
		},
		"frame": func() int64 {
			return 32 + dice.Int64N((log.Size()-32)/4120)*4120 + 24 + dice.Int64N(4096)
		},
	} {
		for range 4 * flips {
			path := filepath.Join(t.TempDir(), "lunpai.db")
			bring(t, killed, path)
			flip(t, path+"-wal", place(), uint(dice.IntN(8)))
			count(kind, "killed", relive(t, path, sites, truth))
		}
	}
	for _, how := range []string{"killed", "stopped"} {
		for _, name := range []string{"", "-wal", "-shm", ".lock", beaconName} {
			path, from := filepath.Join(t.TempDir(), "lunpai.db"), killed
			if how == "stopped" {
				from = stopped
			}
			bring(t, from, path)
			must(t, removeFile(path+name))
			count("file "+name+" gone", how, relive(t, path, sites, truth))
		}
	}
	print(t, table)
}

// print writes the table of results.
func print(t *testing.T, table map[string]map[string]int) {
	columns := []string{"at the start", "when read", "by verify", "harmless", "SERVED WRONG"}
	var b strings.Builder
	fmt.Fprintf(&b, "\n| what | after | %s |\n|---|---|--:|--:|--:|--:|--:|\n",
		strings.Join(columns, " | "))
	for _, name := range slices.Sorted(maps.Keys(table)) {
		fmt.Fprintf(&b, "| %s |", name)
		for _, c := range columns {
			fmt.Fprintf(&b, " %d |", table[name][c])
		}
		b.WriteString("\n")
	}
	t.Log(b.String())
}

// tortured is a store with pages of every kind: long bodies, side documents, free pages.
func tortured(t *testing.T) (*Store, []*office) {
	t.Helper()
	s := openNew(t)
	sites := newLoad(3).sites
	for round := range 12 {
		for _, o := range sites {
			mustAppend(t, s, o.mustPage(t, 1+round*2))
		}
		for n := range 30 {
			id := fmt.Sprintf("note-%d-%d", round, n)
			must(t, s.Insert(t.Context(), repo.Side{
				Collection: repo.Notes, ID: id, Site: sites[0].id, Lookup: id,
				At:   time.Unix(1, 0).UTC(),
				Body: sealed(id, strings.Repeat(id, 20)),
			}))
		}
		if round == 5 {
			for n := range 30 {
				must(t, s.Delete(t.Context(), repo.Notes, fmt.Sprintf("note-%d-%d", round, n)))
			}
		}
	}
	waitFor(t, "an empty log", func() bool {
		info, err := os.Stat(s.path + "-wal")
		return err == nil && info.Size() == 0
	})
	for n := range 8 {
		for _, o := range sites {
			mustAppend(t, s, o.mustPage(t, 1+n))
		}
	}
	return s, sites
}

// pagesOf are the pages of a file by kind.
func pagesOf(t *testing.T, path string) map[string][]int {
	t.Helper()
	db, err := sql.Open("sqlite", dsn(path, "ro", nil))
	must(t, err)
	rows, err := db.QueryContext(t.Context(),
		`SELECT pageno, pagetype, name IN (SELECT name FROM sqlite_schema WHERE type = 'index'),`+
			` name FROM dbstat`)
	must(t, err)
	kinds := map[string][]int{"header": {1}}
	var used, last int
	for rows.Next() {
		var page int
		var kind, name string
		var index bool
		must(t, rows.Scan(&page, &kind, &index, &name))
		of := map[bool]string{true: "index", false: "table"}[index]
		if kind == "overflow" {
			of = "page"
		}
		what := fmt.Sprintf("%s %s", kind, of)
		kinds[what] = append(kinds[what], page)
		if name == "command_ids" || name == "page_index" || name == "sides" {
			kinds[what+" "+name] = append(kinds[what+" "+name], page)
		}
		used++
		last = max(last, page)
	}
	must(t, errors.Join(rows.Err(), rows.Close())) //nolint:sqlclosecheck // before the next query
	var total int
	must(t, db.QueryRowContext(t.Context(), `PRAGMA page_count`).Scan(&total))
	seen := map[int]bool{}
	for _, pages := range kinds {
		for _, p := range pages {
			seen[p] = true
		}
	}
	for p := 2; p <= total; p++ {
		if !seen[p] {
			kinds["free"] = append(kinds["free"], p)
		}
	}
	must(t, db.Close())
	return kinds
}

// bring copies a store's files.
func bring(t *testing.T, from, to string) {
	t.Helper()
	for _, name := range []string{"", "-wal", beaconName} {
		copyOpen(t, from+name, to+name)
		if info, err := os.Stat(from + name); err == nil {
			must(t, os.Chtimes(to+name, info.ModTime(), info.ModTime()))
		}
	}
}

// relive opens a damaged store, reads everything and verifies.
func relive(t *testing.T, path string, sites []*office, truth map[string]string) *life {
	t.Helper()
	l := &life{}
	s, err := Open(t.Context(), Config{Path: path})
	if err != nil {
		l.start = err
		return l
	}
	defer func() { _ = s.Close() }() // a damaged file may complain
	got, err := readAll(t.Context(), s, sites, truth)
	l.read = err
	for what, is := range got {
		if truth[what] != is {
			l.wrong = fmt.Sprintf("%q: %.300s\nwant %.300s", what, is, truth[what])
		}
	}
	reports, err := repo.Verify(t.Context(), s, repo.VerifyOptions{})
	l.verify = errors.Join(err, repo.Sound(reports))
	return l
}
