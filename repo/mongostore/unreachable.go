package mongostore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// askFor limits each question to a host after a failed start.
const askFor = 2 * time.Second

// codeAuthentication is a server's answer to a wrong name or password.
const codeAuthentication = 18

// errMalformed does not quote the connection string, as the driver's text may, password included.
var errMalformed = errors.New("mongodb: malformed connection string: write " +
	"mongodb://USER:PASSWORD@HOST:27017/lunpai?replicaSet=rs0 " +
	"without the parts that you do not need; in a user name or password, / : ? # [ ] @ and % are " +
	"written as %2F %3A %3F %23 %5B %5D %40 and %25")

// malformed is why a connection string cannot be used. Looking up the hosts of mongodb+srv:// is
// part of reading it.
func malformed(err error) error {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return fmt.Errorf("mongodb: %s: %s", dns.Name, dialProblem(err))
	}
	return errMalformed
}

// unreachable is what an operator must know when the first question to a server has failed: which
// host, and why it cannot be used. Every host is asked separately. Of the connection string it
// quotes only hosts, the user's name and the name of the set.
func unreachable(ctx context.Context, o *options.ClientOptions, err error) error {
	if ctx.Err() != nil {
		return fail("ping", err) // the operator does not wait any more
	}
	if refused := credentials(o, err); refused != nil {
		return refused
	}
	var problems []string
	for _, host := range o.Hosts {
		problems = append(problems, problemOf(ctx, o, host))
	}
	if len(problems) == 0 {
		return fail("ping", err)
	}
	return fmt.Errorf("mongodb: %s", strings.Join(problems, "; "))
}

// credentials is the error for a server that does not know the user or does not let him in; nil
// when err is another one.
func credentials(o *options.ClientOptions, err error) error {
	code, hosts := serverCode(err), strings.Join(o.Hosts, ",")
	switch {
	case code == codeUnauthorized && o.Auth == nil:
		return fmt.Errorf("mongodb: %s wants a user name and a password: write "+
			"mongodb://USER:PASSWORD@%s/…", hosts, hosts)
	case code == codeUnauthorized:
		return fmt.Errorf("mongodb: %s: user %s may not read the database: grant the role "+
			"readWrite on it", hosts, o.Auth.Username)
	case err != nil && o.Auth != nil &&
		(code == codeAuthentication || strings.Contains(err.Error(), "auth error")):
		source := o.Auth.AuthSource
		if source == "" {
			source = "admin"
		}
		return fmt.Errorf("mongodb: %s refuses user %s: the name or the password is wrong, or "+
			"the user was not made in database %s (write authSource=admin, or the database "+
			"that it was made in)", hosts, o.Auth.Username, source)
	}
	return nil
}

// problemOf asks one host why it does not serve.
func problemOf(ctx context.Context, o *options.ClientOptions, host string) string {
	if problem := dialled(ctx, host); problem != "" {
		return problem
	}
	h, err := hello(ctx, o, host)
	if err != nil {
		tls := "does it want TLS (tls=true)?"
		if o.TLSConfig != nil {
			tls = "does TLS fail (no tls=true for a server without TLS; tlsCAFile for a " +
				"certificate of your own)?"
		}
		return host + " takes connections, but does not answer as a MongoDB server: is it " +
			"another program, or " + tls
	}
	want := ""
	if o.ReplicaSet != nil {
		want = *o.ReplicaSet
	}
	switch {
	case h.NotInitiated:
		return host + ` belongs to a replica set that was not initiated: ` +
			`run mongosh --eval "rs.initiate()" there, once`
	case want != "" && h.Set == "":
		return fmt.Sprintf("%s is not in a replica set: leave replicaSet=%s out, or start it "+
			"with --replSet %s", host, want, want)
	case want != "" && h.Set != want:
		return fmt.Sprintf("%s belongs to replica set %s, not %s: write replicaSet=%s", host, h.Set,
			want, h.Set)
	}
	for _, member := range h.Hosts {
		// the driver goes to the members by the names that the set gives them
		if problem := dialled(ctx, member); problem != "" && member != host {
			return fmt.Sprintf("%s names %s as a member of its replica set, which cannot be "+
				"reached from here (%s)", host, member, problem)
		}
	}
	if h.Set != "" && h.Primary == "" {
		return fmt.Sprintf("%s answers, but replica set %s has no primary: a majority of its "+
			"members must run and see each other", host, h.Set)
	}
	return host + " answers, but not in time"
}

// dialled opens a connection to a host and closes it again. It returns what was wrong; nothing when
// all was well.
func dialled(ctx context.Context, host string) string {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	network := "tcp"
	if strings.HasSuffix(host, ".sock") {
		network = "unix"
	} else if _, _, err := net.SplitHostPort(host); err != nil {
		host = net.JoinHostPort(strings.Trim(host, "[]"), "27017")
	}
	c, err := (&net.Dialer{}).DialContext(ctx, network, host)
	if err != nil {
		return host + ": " + dialProblem(err)
	}
	_ = c.Close()
	return ""
}

// dialProblem is why a host cannot be reached, in words.
func dialProblem(err error) string {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "unknown host"
	case errors.As(err, &dns):
		return "the name cannot be looked up: " + dns.Err
	case errors.Is(err, connectionRefused):
		return "connection refused: no server listens there"
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer: is the host down, or a firewall in between?"
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err.Error()
	}
	return "cannot be reached"
}

// helloAnswer is what a server says about itself to anybody who asks.
type helloAnswer struct {
	Set          string   `bson:"setName"`
	Primary      string   `bson:"primary"`
	Hosts        []string `bson:"hosts"`
	NotInitiated bool     `bson:"isreplicaset"`
}

// hello asks this one host, without a login.
func hello(ctx context.Context, o *options.ClientOptions, host string) (h helloAnswer, err error) {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	ask := options.Client().SetHosts([]string{host}).SetDirect(true).
		SetTimeout(askFor).SetServerSelectionTimeout(askFor).SetConnectTimeout(askFor)
	if o.TLSConfig != nil {
		ask.SetTLSConfig(o.TLSConfig)
	}
	c, err := mongo.Connect(ask)
	if err != nil {
		return h, err
	}
	defer func() { _ = c.Disconnect(context.WithoutCancel(ctx)) }()
	return h, c.Database("admin").RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&h)
}
