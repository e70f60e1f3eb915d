package report_test

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/mongostore"
	"github.com/lunpai/lunpai/repo/sqlitestore"
	"github.com/lunpai/lunpai/report"
	"github.com/lunpai/lunpai/sample"
	"github.com/lunpai/lunpai/tools/mongod/mongotest"
)

func TestMain(m *testing.M) { mongotest.Main(m) }

// sqlite is an empty embedded store.
func sqlite(t testing.TB) repo.Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lunpai.db")
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

var databases atomic.Int64

// mongodb is an empty store on a real server, and its database as an analyst sees it. Documents
// that do not fit the schema are refused, and so is whatever is not in the Stable API.
func mongodb(t testing.TB) (repo.Store, *mongo.Database) {
	t.Helper()
	uri, err := url.Parse(mongotest.Standalone(t))
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("report_%d_%d", time.Now().UnixNano(), databases.Add(1))
	uri.Path = "/" + name
	c, err := mongo.Connect(options.Client().ApplyURI(uri.String()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		_ = c.Database(name).Drop(ctx)
		_ = c.Disconnect(ctx)
	})
	s, err := mongostore.Open(t.Context(), mongostore.Config{
		URI:        uri.String(),
		Validation: mongostore.ValidationError, StrictAPI: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, c.Database(name)
}

// fill lets made-up offices work in a store.
func fill(t testing.TB, s repo.Store, offices ...sample.Config) {
	t.Helper()
	for _, c := range offices {
		f, err := repo.OpenFiller(t.Context(), s, c.Site)
		if err != nil {
			t.Fatal(err)
		}
		if err := sample.Run(t.Context(), c, f.Do, nil); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// rows computes a report.
func rows(t testing.TB, docs repo.Documents, q report.Query) (columns []string, all [][]any) {
	t.Helper()
	table, err := report.New(q)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range table.Columns {
		columns = append(columns, c.Name)
	}
	err = table.Rows(t.Context(), docs, func(row []any) error {
		all = append(all, append([]any{}, row...))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return columns, all
}

// text is a report as it is written.
func text(t testing.TB, docs repo.Documents, q report.Query, f report.Format) string {
	t.Helper()
	table, err := report.New(q)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := table.Write(t.Context(), docs, &b, f); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// two offices: one that adopts policy 2 in the middle of a quarter, and a small one.
var two = []sample.Config{
	{
		Site: "riverside", Seed: 3, From: "2024-01-15", To: "2024-04-14", Visits: 4000,
		Consultants: 9,
	},
	{Site: "hillside", Seed: 4, From: "2024-03-01", To: "2024-03-20", Visits: 300, Consultants: 4},
}
