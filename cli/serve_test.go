package cli

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFailedStartsLeaveNothing: whoever mistypes, or cannot have the port, the keyring or the
// store, finds his folder as it was. In particular no first administrator's key is made that
// nobody has seen. DIR stands for his folder.
func TestFailedStartsLeaveNothing(t *testing.T) {
	t.Parallel()
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	const serve = "serve --listen 127.0.0.1:0 "
	for name, c := range map[string]struct{ args, want string }{
		"a port that is taken":       {"serve --listen " + taken.Addr().String(), "--listen"},
		"a flag that is not there":   {"serve --stor x", "--store"},
		"a keyring without a folder": {serve + "--keys DIR/none/keys.json", "--keys"},
		"a keyring that is none":     {serve + "--keys DIR/notes.txt", "not a keyring"},
		"a store that is none":       {serve + "--store sqlite:DIR/notes.txt", "not a database"},
		"a store without a folder": {
			serve + "--store sqlite:DIR/none/x.db --keys DIR/k.json",
			"folder",
		},
		"a server that is not there":  {serve + "--store mongodb://" + nobody + "/x", "refused"},
		"a negative limit":            {serve + "--kiosk-gap=-1s", "--kiosk-gap"},
		"an address without a secret": {serve + "--advertise http://me:1", "--peer-secret-file"},
		"a secret without an address": {serve + "--peer-secret-file DIR/notes.txt", "--advertise"},
		"an address that is none": {
			serve + "--store mongodb://" + nobody + "/x --advertise me:1 " +
				"--peer-secret-file DIR/notes.txt",
			"--advertise me:1",
		},
		"peers on one file": {
			serve + "--store sqlite:DIR/x.db --advertise http://me:1 --peer-secret-file DIR/notes.txt",
			"SQLite",
		},
		"a secret that is short": {
			serve + "--store mongodb://" + nobody + "/x --advertise http://me:1 " +
				"--peer-secret-file DIR/notes.txt --keys DIR/k.json",
			"at least 32",
		},
		"nobody to play with": {
			"play --url http://" + nobody + " --key k " + order,
			"no service answers",
		},
		"an odd site id":  {"generate --site a/b", "--site"},
		"nothing to copy": {"copy sqlite:DIR/none.db sqlite:DIR/target.db", "source"},
		"nothing to back up": {
			"backup --store sqlite:DIR/none.db DIR/backup.db",
			"none.db",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, "notes.txt"), "some notes")
			var out bytes.Buffer
			w := outside(&out, &out)
			w.Env = func(name string) (string, bool) {
				return "sqlite:" + filepath.Join(dir, "lunpai.db"), name == "LUNPAI_STORE"
			}
			err := w.run(t.Context(), strings.Fields(strings.ReplaceAll(c.args, "DIR", dir)))
			if err == nil || !strings.Contains(err.Error()+out.String(), c.want) {
				t.Errorf("%v\n%s\nwant %q", err, &out, c.want)
			}
			if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
				t.Errorf("left behind: %v, %v", files, err)
			}
		})
	}
}

func TestFirstKeyIsShownOnce(t *testing.T) {
	t.Parallel()
	store := "sqlite:" + filepath.Join(t.TempDir(), "lunpai.db")
	for i, want := range []bool{true, false} {
		s := start(t, "--store", store)
		if (s.admin != "") != want {
			t.Errorf("start %d shows a key: %v, want %v", i+1, s.admin != "", want)
		}
		if err := s.stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	s := start(t, "--store", "sqlite:"+filepath.Join(t.TempDir(), "x.db"))
	if out, err := command(t, "health", "--url", s.base+"/readyz"); err != nil {
		t.Error(err, out)
	}
	res, err := http.Get(s.base + "/docs")
	if err != nil {
		t.Fatal(err)
	}
	page, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK || !bytes.Contains(page, []byte("swagger")) {
		t.Errorf("/docs: %s", res.Status)
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if _, err := command(t, "health", "--url", s.base+"/readyz"); err == nil {
		t.Error("a stopped service is healthy")
	}
}
