package cli

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/vault"
)

// leastSecret is how many bytes a secret of instances has at least.
const leastSecret = 32

// checkPeers refuses flags about other instances that do not fit together, before anything is made.
func (c *serveCmd) checkPeers() error {
	switch {
	case c.Advertise == "" && c.PeerSecret == "":
		return nil
	case c.Advertise == "" || c.PeerSecret == "":
		return errors.New("--advertise and --peer-secret-file go together: give both or neither")
	case strings.HasPrefix(c.Store, "sqlite:"):
		return errors.New("--advertise is for instances that share a MongoDB: " +
			"a SQLite file is served by one process")
	}
	u, err := url.Parse(c.Advertise)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" ||
		u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("--advertise %s is no address like http://10.0.0.7:8080", c.Advertise)
	}
	c.Advertise = u.Scheme + "://" + u.Host
	return nil
}

// readSecret reads the secret that instances share. White space around it does not count, so that
// an editor's line feed makes no other secret.
func readSecret(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	text, err := vault.ReadPrivate(path)
	if err != nil {
		return nil, fmt.Errorf("--peer-secret-file: %w", err)
	}
	text = bytes.TrimSpace(text)
	if len(text) < leastSecret {
		return nil, fmt.Errorf("--peer-secret-file: %s holds %d bytes, of at least %d: "+
			"make one with openssl rand -hex 32", path, len(text), leastSecret)
	}
	return text, nil
}

// owners knows which instance owns a site; nil without --advertise.
func (c *serveCmd) owners(s repo.Store, log *slog.Logger) (*repo.Owners, error) {
	if c.Advertise == "" {
		return nil, nil //nolint:nilnil // no owners is what was asked for
	}
	k, ok := s.(repo.LeaseKeeper)
	if !ok {
		return nil, errors.New("--advertise: this store is not shared by instances")
	}
	return repo.NewOwners(repo.OwnersConfig{Store: k, Addr: c.Advertise, Log: log}), nil
}
