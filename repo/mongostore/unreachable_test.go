package mongostore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/lunpai/lunpai/internal/slow"
	"github.com/lunpai/lunpai/tools/mongod"
	"github.com/lunpai/lunpai/tools/mongod/mongotest"
)

// password stands in every connection string of these tests and in no error.
const password = "Kn0cking"

// refuses opens a store that cannot be opened and wants to be told why.
func refuses(t *testing.T, uri string, want ...string) {
	t.Helper()
	s, err := Open(t.Context(), Config{URI: uri})
	if err == nil {
		_ = s.Close()
		t.Fatalf("opened %s", uri)
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%s: got %v, want %q in it", uri, err, w)
		}
	}
	if strings.Contains(err.Error(), password) {
		t.Errorf("the error tells the password: %v", err)
	}
}

// silent is an address where nobody listens.
func silent(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestNoServer: which host, and why, for hosts that are no MongoDB.
func TestNoServer(t *testing.T) {
	slow.Test(t, "servers that do not answer, waited for, 17 s")
	t.Parallel()
	one, two := silent(t), silent(t)
	refuses(t, "mongodb://u:"+password+"@"+one+","+two+"/lunpai", one+": connection refused", two+
		": connection refused")
	refuses(t, "mongodb://u:"+password+"@nobody.invalid/lunpai", "nobody.invalid:27017: ")

	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			_, _ = c.Write([]byte("220 a mail server\r\n"))
			_ = c.Close()
		}
	}()
	refuses(t, "mongodb://u:"+password+"@"+l.Addr().String()+"/lunpai", l.Addr().String(),
		"does not answer as a MongoDB server")
	for _, uri := range []string{
		"mongodb://u:" + password + "@@" + one, "mongodb://u:" + password + "/x@" + one,
		"mongodb://", "mongodb://" + one + "/?w=no&tls=maybe",
	} {
		refuses(t, uri, "malformed connection string", "%40")
	}
	refuses(t, "mongodb+srv://u:"+password+"@nobody.invalid/lunpai", "nobody.invalid")
}

func TestDialProblem(t *testing.T) {
	for want, err := range map[string]error{
		"unknown host": &net.OpError{
			Op: "dial", Err: &net.DNSError{Name: "db", Err: "no such host", IsNotFound: true},
		},
		"cannot be looked": &net.OpError{
			Op: "dial", Err: &net.DNSError{Name: "db", Err: "server misbehaving"},
		},
		"refused": &net.OpError{
			Op: "dial", Err: os.NewSyscallError("connect", connectionRefused),
		},
		"firewall":          fmt.Errorf("dial: %w", context.DeadlineExceeded),
		"no route to host":  &net.OpError{Op: "dial", Err: errors.New("no route to host")},
		"cannot be reached": errors.New("anything"),
	} {
		if got := dialProblem(err); !strings.Contains(got, want) {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}

// TestWrongReplicaSet: what is wrong about the name of the set, or about the set.
func TestWrongReplicaSet(t *testing.T) {
	slow.Test(t, "a replica set of another name, waited for, 16 s")
	t.Parallel()
	mongotest.Find(t)
	alone := server(t, mongod.Config{})
	refuses(t, "mongodb://"+alone.Addr()+"/lunpai?replicaSet=rs0", alone.Addr()+
		" is not in a replica set", "leave replicaSet=rs0 out")

	set := server(t, mongod.Config{ReplSet: "rs1"})
	refuses(t, "mongodb://"+set.Addr()+"/lunpai", "was not initiated", "rs.initiate()")
	initiate(t, set)
	refuses(t, "mongodb://"+set.Addr()+"/lunpai?replicaSet=rs0",
		"belongs to replica set rs1, not rs0")
}

// TestWrongCredentials: who is refused, and why; never with which password.
func TestWrongCredentials(t *testing.T) {
	t.Parallel()
	mongotest.Find(t)
	s := server(t, mongod.Config{Args: []string{"--auth"}})
	admin := connected(t, "mongodb://"+s.Addr())
	user := func(name string, roles ...any) {
		t.Helper()
		create := bson.D{
			{Key: "createUser", Value: name}, {Key: "pwd", Value: password}, {
				Key: "roles", Value: bson.A(roles),
			},
		}
		if err := admin.Database("admin").RunCommand(t.Context(), create).Err(); err != nil {
			t.Fatal(err)
		}
	}
	user("root", "root") // the first user may be made by anybody on this machine
	admin = connected(t, "mongodb://root:"+password+"@"+s.Addr())
	user("nobody", "hostManager")

	refuses(t, "mongodb://"+s.Addr()+"/lunpai", s.Addr()+" wants a user name and a password")
	refuses(t, "mongodb://root:"+password+"1@"+s.Addr()+"/lunpai?authSource=admin",
		"refuses user root", "password is wrong")
	refuses(t, "mongodb://root:"+password+"@"+s.Addr()+"/lunpai", "refuses user root",
		"database lunpai", "authSource=admin")
	refuses(t, "mongodb://nobody:"+password+"@"+s.Addr()+"/lunpai?authSource=admin",
		"user nobody may not read", "readWrite")
}

// server runs a mongod of this test's own.
func server(t *testing.T, cfg mongod.Config) *mongod.Server {
	t.Helper()
	cfg.Dir = t.TempDir()
	s, err := mongod.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Kill() })
	return s
}

// connected is a client of one server.
func connected(t *testing.T, uri string) *mongo.Client {
	t.Helper()
	c, err := mongo.Connect(options.Client().ApplyURI(uri).SetDirect(true))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Disconnect(context.WithoutCancel(t.Context())) })
	return c
}

// initiate makes a replica set of one server.
func initiate(t *testing.T, s *mongod.Server) {
	t.Helper()
	admin := connected(t, "mongodb://"+s.Addr()).Database("admin")
	if err := admin.RunCommand(t.Context(),
		bson.D{{Key: "replSetInitiate", Value: bson.D{}}}).Err(); err != nil {
		t.Fatal(err)
	}
}
