// Package compose tests the scripts that prepare the database of docker-compose.yml, on a real
// server with authentication.
package compose

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/lunpai/lunpai/internal/slow"
	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/mongostore"
	"github.com/lunpai/lunpai/report"
	"github.com/lunpai/lunpai/sample"
	"github.com/lunpai/lunpai/tools/mongod"
	"github.com/lunpai/lunpai/tools/mongod/mongotest"
)

// collections and readable are what an analyst may read: the visits, the rotas and the records of
// the service desk, and the views of the reports. Visits are a report too.
var (
	collections = []string{
		"visits", "rotas",
		"tickets", "projects", "faults", "service_reports", "arbitrations", "watches",
	}
	readable = append(report.Names(), collections[1:]...)
)

// TestUsers: init.js makes a replica set and its users, twice over; the service then works as
// lunpai and cannot change its journal; the analyst reads what analysts read, and nothing else.
func TestUsers(t *testing.T) {
	slow.Test(t, "the users of docker-compose.yml on a server of their own, 10 s")
	mongosh := mongotest.Client(t, mongod.Mongosh)
	server := authenticated(t)
	host := server.Addr()
	for _, password := range []string{"first", "second"} {
		initialise(t, mongosh, host, password)
	}
	as := func(user string) string {
		return fmt.Sprintf("mongodb://%s:second@%s/lunpai?replicaSet=rs0", user, host)
	}
	work(t, as("lunpai"))
	service, analyst := connect(t, as("lunpai")), connect(t, as("analyst"))
	names, err := service.ListCollectionNames(t.Context(), bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names, "people", "system.views", "not_there") {
		err := analyst.Collection(name).FindOne(t.Context(), bson.D{}).Err()
		switch allowed := slices.Contains(readable, name); {
		case allowed && err != nil && !errors.Is(err, mongo.ErrNoDocuments):
			t.Errorf("the analyst cannot read %s: %v", name, err)
		case !allowed && !unauthorized(err):
			t.Errorf("the analyst reads %s: %v", name, err)
		}
	}
	for _, name := range readable {
		if !slices.Contains(names, name) {
			t.Errorf("the service has not made %s: there are %v", name, names)
		}
		if _, err := analyst.Collection(name).InsertOne(t.Context(), bson.D{}); !unauthorized(err) {
			t.Errorf("the analyst writes into %s: %v", name, err)
		}
	}
	join := bson.A{bson.D{{Key: "$lookup", Value: bson.D{
		{Key: "from", Value: "people"},
		{Key: "localField", Value: "customer"},
		{Key: "foreignField", Value: "_id"},
		{Key: "as", Value: "who"},
	}}}}
	if _, err := analyst.Collection("visits").Aggregate(t.Context(), join); !unauthorized(err) {
		t.Errorf("the analyst joins people: %v", err)
	}
	if _, err := analyst.ListCollectionNames(t.Context(), bson.D{}); err != nil {
		t.Errorf("the analyst cannot see what there is: %v", err)
	}
	keepsViews(t, as)
	everything := bson.D{}
	journal := service.Collection("journal")
	if _, err := journal.DeleteMany(t.Context(), everything); !unauthorized(err) {
		t.Errorf("the service removes from its journal: %v", err)
	}
	set := bson.D{{Key: "$set", Value: bson.D{{Key: "hash", Value: ""}}}}
	if _, err := journal.UpdateMany(t.Context(), everything, set); !unauthorized(err) {
		t.Errorf("the service changes its journal: %v", err)
	}
}

// keepsViews: the service may bring every view up to date.
func keepsViews(t *testing.T, as func(user string) string) {
	t.Helper()
	root := connect(t, strings.Replace(strings.Replace(as("root"), "second", "root", 1), "?",
		"?authSource=admin&", 1))
	for _, name := range readable {
		if slices.Contains(collections, name) {
			continue
		}
		change := bson.D{
			{Key: "collMod", Value: name},
			{Key: "viewOn", Value: "marks"},
			{Key: "pipeline", Value: bson.A{}},
		}
		if err := root.RunCommand(t.Context(), change).Err(); err != nil {
			t.Fatal(err)
		}
	}
	s, err := mongostore.Open(t.Context(), mongostore.Config{URI: as("lunpai")})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	specs, err := root.ListCollectionSpecifications(t.Context(),
		bson.D{{Key: "type", Value: "view"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range specs {
		if on := spec.Options.Lookup("viewOn").StringValue(); on == "marks" {
			t.Errorf("the service may not change the view %s", spec.Name)
		}
	}
}

// authenticated is a server that knows nobody yet, as the one of docker-compose.yml at its first
// start.
func authenticated(t *testing.T) *mongod.Server {
	t.Helper()
	binary, dir := mongotest.Find(t), t.TempDir()
	key := filepath.Join(dir, "keyfile")
	secret := make([]byte, 300)
	rand.Read(secret)
	if err := os.WriteFile(key, []byte(base64.StdEncoding.EncodeToString(secret)),
		0o400); err != nil {
		t.Fatal(err)
	}
	s, err := mongod.Start(t.Context(),
		mongod.Config{
			Dir: dir, Binary: binary, ReplSet: "rs0",
			Args: []string{"--keyFile", key, "--noscripting"},
		})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Kill(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// initialise runs init.js as the service mongo-init does.
func initialise(t *testing.T, mongosh, host, password string) {
	t.Helper()
	// go test repeats a test when a file has changed that the test itself looked at.
	for _, script := range []string{"init.js", "analyst.js"} {
		if _, err := os.Stat(script); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	c := exec.CommandContext(ctx, mongosh, "--quiet", "--nodb", "init.js")
	c.Env = append(os.Environ(), "MONGO_ROOT_PASSWORD=root", "LUNPAI_MONGO_PASSWORD="+password,
		"ANALYST_PASSWORD="+password,
		"MONGO_HOST="+host, "MONGO_MEMBER="+host, "HOME="+t.TempDir())
	out, err := c.CombinedOutput()
	if err != nil || !strings.HasSuffix(strings.TrimSpace(string(out)), "ready") {
		t.Fatalf("init.js: %v\n%s", err, out)
	}
}

// work lets an office work for two days, as the service's user.
func work(t *testing.T, uri string) {
	t.Helper()
	s, err := mongostore.Open(t.Context(),
		mongostore.Config{URI: uri, Validation: mongostore.ValidationWarn})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	f, err := repo.OpenFiller(t.Context(), s, "riverside")
	if err != nil {
		t.Fatal(err)
	}
	err = sample.Run(t.Context(), sample.Config{From: "2024-03-04", To: "2024-03-05", Visits: 40},
		f.Do, nil)
	if err = errors.Join(err, f.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
}

func connect(t *testing.T, uri string) *mongo.Database {
	t.Helper()
	c, err := mongo.Connect(options.Client().ApplyURI(uri).SetTimeout(10 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Disconnect(context.WithoutCancel(t.Context())) })
	return c.Database("lunpai")
}

// unauthorized reports whether the server said so.
func unauthorized(err error) bool {
	var e mongo.ServerError
	return errors.As(err, &e) && e.HasErrorCode(13)
}
