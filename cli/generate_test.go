package cli

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lunpai/lunpai/internal/slow"
)

// TestGenerate: a made-up month on every store is sound and the same everywhere, and a second one
// needs another site.
func TestGenerate(t *testing.T) {
	t.Parallel()
	heads := map[string]bool{}
	for name, address := range stores {
		t.Run(name, func(t *testing.T) {
			if name != "sqlite" {
				slow.Test(t, "a made-up month on "+name+", 10 s")
			}
			store := address(t)
			month := []string{
				"generate", "--store", store, "--visits", "600",
				"--from", "2024-04-20", "--to", "2024-05-20",
			}
			out, err := command(t, month...)
			if err != nil || !strings.Contains(out, "riverside: 600 visits") {
				t.Fatalf("%v\n%s", err, out)
			}
			heads[head(out)] = true
			out, err = command(t, "verify", "--store", store, "--expect", head(out))
			if err != nil || !strings.Contains(out, "sound") {
				t.Errorf("verify: %v\n%s", err, out)
			}
			if out, err := command(t, month...); err == nil ||
				!strings.Contains(err.Error(), "--site") {
				t.Errorf("the same site twice: %v\n%s", err, out)
			}
			second := append(month, "--site", "hillside", "--seed", "2")
			if out, err := command(t, second...); err != nil {
				t.Errorf("a second site: %v\n%s", err, out)
			}
			exported(t, store)
		})
	}
	if len(heads) > 1 {
		t.Errorf("the stores have different journals: %v", heads)
	}
}

// exported: a store with two made-up sites gives reports as files and on standard output, and says
// what it misses.
func exported(t *testing.T, store string) {
	t.Helper()
	if out, err := command(t, "export", "conversion_daily", "--store", store); err == nil ||
		!strings.Contains(err.Error(), "hillside, riverside") {
		t.Errorf("of which site? %v\n%s", err, out)
	}
	by := []string{
		"export", "funnel_by_channel", "--store", store, "--site", "hillside",
		"--group-by", "month,policy", "--to", "2024-04-30",
	}
	out, err := command(t, by...)
	if err != nil || !strings.HasPrefix(out, "\uFEFFmonth,policy,visits,") ||
		!strings.Contains(out, "\r\n2024-04,p1,") || strings.Contains(out, "2024-05") {
		t.Errorf("export: %v\n%s", err, out)
	}
	file := filepath.Join(t.TempDir(), "visits.ndjson")
	to := []string{
		"export", "visits", "--store", store, "--site", "riverside",
		"--format", "ndjson", "-o", file,
	}
	if out, err := command(t, to...); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(file)
	if err != nil || bytes.Count(text, []byte("\n")) != 600 {
		t.Errorf("%d visits in the file, want 600; %v", bytes.Count(text, []byte("\n")), err)
	}
	if out, err := command(t, to...); err == nil || !strings.Contains(err.Error(), "exists") {
		t.Errorf("written over: %v\n%s", err, out)
	}
	if out, err := command(t, "export", "--lang", "zh"); err != nil ||
		!strings.Contains(out, "turns_ledger: 每日各轮排单位的轮次台账") {
		t.Errorf("the list: %v\n%s", err, out)
	}
}

// TestGenerateStopped: whoever presses Ctrl-C keeps a sound store, and is told what is in it.
func TestGenerateStopped(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	store := "sqlite:" + filepath.Join(t.TempDir(), "lunpai.db")
	// Stopped as soon as it tells how far it is.
	err := outside(io.Discard, onWrite(cancel)).run(ctx, []string{"generate", "--store", store})
	if err == nil || !strings.Contains(err.Error(), "the store is sound") {
		t.Errorf("stopped, yet: %v", err)
	}
	if out, err := command(t, "verify", "--store", store); err != nil ||
		!strings.Contains(out, "riverside: sound") {
		t.Errorf("verify: %v\n%s", err, out)
	}
}
