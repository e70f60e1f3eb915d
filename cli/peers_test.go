package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// send sends a request and fails the test unless the status is as wanted.
func send(t *testing.T, want int, method, url, token, body string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != want {
		t.Fatalf("%s %s: %s %v, want %d\n%s", method, url, res.Status, err, want, text)
	}
	return string(text)
}

// freePort is an address on which nobody listens.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestPeers: two instances as their operator starts them. One owns the site, the other forwards to
// it, and takes over as soon as the first is told to stop.
func TestPeers(t *testing.T) {
	t.Parallel()
	store, dir := stores["mongodb"](t), t.TempDir()
	secret := filepath.Join(dir, "peers")
	writeFile(t, secret, strings.Repeat("s", 32)+"\n")
	run := func() *started {
		addr := freePort(t)
		return start(t, "--store", store, "--keys", filepath.Join(dir, "keys.json"),
			"--listen", addr, "--advertise", "http://"+addr, "--peer-secret-file", secret)
	}
	first := run()
	second := run()
	var made struct{ Keys []struct{ Token string } }
	text := send(t, 201, http.MethodPost, first.base+"/v1/sites", first.admin,
		`{"id":"s","policy":"p1","staff":[{"id":"A","role":"consultant"},`+
			`{"id":"M","role":"manager"}]}`)
	if err := json.Unmarshal([]byte(text), &made); err != nil {
		t.Fatal(err)
	}
	arrive := func(at *started) {
		send(t, 201, http.MethodPost, at.base+"/v1/sites/s/visits", made.Keys[0].Token, "")
	}
	shows := func(at *started, metric string) {
		t.Helper()
		if text := send(t, 200, http.MethodGet, at.base+"/metrics", "", ""); !strings.Contains(text,
			"\n"+metric+"\n") {
			t.Errorf("the metrics do not say %s", metric)
		}
	}
	arrive(first)
	arrive(second)
	shows(second, `lunpai_forwarded_total{result="answered"} 1`)
	shows(first, `lunpai_forwards_received_total{result="accepted"} 1`)
	shows(first, "lunpai_sites_owned 1")
	if err := first.stop(); err != nil {
		t.Error(err)
	}
	arrive(second) // decided here: nobody answers there
	for i := range 1000 {
		arrive(second)
		if strings.Contains(send(t, 200, http.MethodGet, second.base+"/metrics", "", ""),
			"\nlunpai_sites_owned 1\n") {
			break
		}
		if i == 999 {
			t.Error("the second never owns the site")
		}
	}
	if err := second.stop(); err != nil {
		t.Error(err)
	}
}

// TestSecretOthersCanRead is refused.
func TestSecretOthersCanRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "peers")
	writeFile(t, path, strings.Repeat("s", 40))
	if s, err := readSecret(path); err != nil || len(s) != 40 {
		t.Errorf("%d bytes, %v", len(s), err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
		t.Skip("SKIPPED, NOT TESTED: this system has no modes of files")
	}
	if _, err := readSecret(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a secret that others can read: %v", err)
	}
	if _, err := readSecret(fmt.Sprint(path, "x")); err == nil {
		t.Error("a file that is not there")
	}
}
