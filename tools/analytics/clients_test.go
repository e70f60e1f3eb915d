package analytics

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lunpai/lunpai/tools/mongod"
	"github.com/lunpai/lunpai/tools/mongod/mongotest"
)

// march stands for the days when a query is explained: asked for all there are, a server may take
// any index of the site.
const march = `{ $gte: "2024-03-01", $lte: "2024-03-31" }`

// runMongosh lets one mongosh answer every query and then explain it. A query is
// db.<collection>.aggregate([…]).
func runMongosh(t *testing.T, uri, setup string, queries []string) (answers, plans []any) {
	t.Helper()
	var b strings.Builder
	b.WriteString(setup)
	for _, q := range queries {
		fmt.Fprintf(&b, "print(EJSON.stringify({ is: (%s).toArray() }, { relaxed: false }))\n", q)
	}
	b.WriteString("days = " + march + "\n")
	for _, q := range queries {
		fmt.Fprintf(&b, "print(EJSON.stringify({ is: %s }, { relaxed: false }))\n",
			strings.Replace(q, ".aggregate(", ".explain().aggregate(", 1))
	}
	lines := runScript(t, "queries.js", b.String(), len(queries)*2, func(file string) []string {
		return []string{
			mongotest.Client(t, mongod.Mongosh), uri, "--quiet", "--norc", "--file",
			file,
		}
	})
	return lines[:len(queries)], lines[len(queries):]
}

// runPython lets one Python answer every query. A query leaves its rows in a variable of that name.
func runPython(t *testing.T, uri, setup string, queries []string) []any {
	t.Helper()
	const address = "mongodb://analyst:PASSWORD@HOST/lunpai"
	if !strings.Contains(setup, address) {
		t.Fatalf("the page does not connect to %s:\n%s", address, setup)
	}
	b := strings.Builder{}
	b.WriteString("from bson.json_util import CANONICAL_JSON_OPTIONS, dumps\n" +
		strings.Replace(setup, address, uri, 1))
	for _, q := range queries {
		fmt.Fprintf(&b, "%sprint(dumps({\"is\": rows}, json_options=CANONICAL_JSON_OPTIONS))\n", q)
	}
	return runScript(t, "queries.py", b.String(), len(queries), func(file string) []string {
		return []string{mongotest.Client(t, mongod.Python), file}
	})
}

// runScript runs a program on a file of its own and reads what it prints: a document a line, in
// canonical extended JSON.
func runScript(
	t *testing.T, name, text string, want int, command func(file string) []string,
) []any {
	t.Helper()
	home := t.TempDir() // mongosh keeps logs and settings at home
	file := filepath.Join(home, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	words := command(file)
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Env = append(os.Environ(), "HOME="+home)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	begun := time.Now()
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", words[0], err, &out, &log)
	}
	t.Logf("%s: %.1f s", filepath.Base(words[0]), time.Since(begun).Seconds())
	var all []any
	for line := range strings.Lines(out.String()) {
		var doc struct{ Is any }
		if err := bson.UnmarshalExtJSON([]byte(line), true, &doc); err != nil {
			t.Fatalf("%s printed %.200q: %v\n%s", words[0], line, err, &log)
		}
		all = append(all, plain(doc.Is))
	}
	if len(all) != want {
		t.Fatalf("%s printed %d documents, want %d\n%s", words[0], len(all), want, &log)
	}
	return all
}

// plain are values of MongoDB as Go has them. A shell knows one kind of number only, so whole ones
// are all int64.
func plain(v any) any {
	switch v := v.(type) {
	case bson.D:
		r := row{}
		for _, e := range v {
			r[e.Key] = plain(e.Value)
		}
		return r
	case row:
		for k := range v {
			v[k] = plain(v[k])
		}
	case bson.A:
		return plain([]any(v))
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case int32:
		return int64(v)
	case float64:
		if v == math.Trunc(v) {
			return int64(v)
		}
	}
	return v
}
