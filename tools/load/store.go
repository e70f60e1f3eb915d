package load

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/lunpai/lunpai/tools/mongod"
)

// The kinds of store.
const (
	SQLite = "sqlite" // a file in a temporary folder
	Mongo  = "mongo"  // a stand-alone mongod
	Mongo3 = "mongo3" // a replica set of three
)

// Store is what runs underneath the service.
type Store struct {
	Kind   string
	Dir    string
	Server *mongod.Server     // of Mongo
	Set    *mongod.ReplicaSet // of Mongo3
}

// StartStore runs a store of a kind in a folder. It fails with mongod.ErrNotFound where this
// machine has no MongoDB.
func StartStore(ctx context.Context, kind, dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	s := &Store{Kind: kind, Dir: dir}
	var err error
	switch kind {
	case SQLite:
	case Mongo:
		s.Server, err = mongod.Start(ctx, mongod.Config{Dir: dir})
	case Mongo3:
		s.Set, err = mongod.StartReplicaSet(ctx, 3, dir)
	default:
		err = fmt.Errorf("store %q is none of %s, %s, %s", kind, SQLite, Mongo, Mongo3)
	}
	return s, err
}

// URI is what the service is given as --store for a database of this name.
func (s *Store) URI(name string) string {
	switch {
	case s.Server != nil:
		return strings.Replace(s.Server.URI(), "/?", "/"+name+"?", 1)
	case s.Set != nil:
		return strings.Replace(s.Set.URI(), "/?", "/"+name+"?", 1)
	}
	return "sqlite:" + filepath.Join(s.Dir, name+".db")
}

// Close ends the store's processes; its folder stays.
func (s *Store) Close() error {
	switch {
	case s.Server != nil:
		return s.Server.Kill()
	case s.Set != nil:
		return s.Set.Kill()
	}
	return nil
}
