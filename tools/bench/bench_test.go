package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/lunpai/lunpai/internal/slow"
)

// TestRow measures one cell and reads its row.
func TestRow(t *testing.T) {
	slow.Test(t, "builds and starts the service, 10 s")
	for _, long := range []string{"500ms", "5s", "30s"} { // a busy machine gets more time
		visits, failed, log := measured(t, long)
		if failed != "0" {
			t.Errorf("%s visits failed\n%s", failed, log)
		}
		if visits != "0" {
			return
		}
	}
	t.Error("no visit got through")
}

// measured is how many visits got through in a second and how many failed.
func measured(t *testing.T, long string) (visits, failed, log string) {
	t.Helper()
	args := []string{
		"-stores", "sqlite", "-clients", "4", "-sites", "2", "-instances", "1",
		"-warm", "100ms", "-d", long,
	}
	var out, said bytes.Buffer
	if err := run(t.Context(), args, &out, &said); err != nil {
		t.Fatalf("%v\n%s", err, &said)
	}
	var row, foil []string
	for line := range strings.Lines(out.String()) {
		switch {
		case strings.HasPrefix(line, "| SQLite |"):
			row = strings.Split(line, "|")
		case strings.HasPrefix(line, "| SQLite, textbook |"):
			foil = strings.Split(line, "|")
		}
	}
	if len(row) == 0 || len(foil) == 0 || strings.TrimSpace(foil[12]) != "0" {
		t.Fatalf("no row in\n%s", &out)
	}
	return strings.TrimSpace(row[5]), strings.TrimSpace(row[12]), said.String()
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
