package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/lunpai/lunpai/internal/slow"
)

// TestQuick runs what -quick runs, and reads the row.
func TestQuick(t *testing.T) {
	slow.Test(t, "builds and starts the service, 10 s")
	var out, log bytes.Buffer
	if err := run(t.Context(), []string{"-quick"}, &out, &log); err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	var row []string
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "| SQLite ") {
			row = strings.Split(line, "|")
		}
	}
	if len(row) == 0 {
		t.Fatalf("no row in\n%s", &out)
	}
	if visits, failed := strings.TrimSpace(row[5]), strings.TrimSpace(row[12]); visits == "0" ||
		failed != "0" {
		t.Errorf("%s visits a second, %s failed\n%s", visits, failed, &log)
	}
}

func TestBadArguments(t *testing.T) {
	for _, args := range [][]string{
		{"-stores", "mysql"},
		{"-clients", "0"},
		{"-sites", ""},
		{"extra"},
	} {
		if _, err := parse(args, new(bytes.Buffer)); err == nil {
			t.Errorf("%q was taken", args)
		}
	}
}
