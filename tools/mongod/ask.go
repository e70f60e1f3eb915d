package mongod

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// ready waits until the process that was started answers on its port.
func (s *Server) ready(ctx context.Context) error {
	for {
		if pid, err := s.answeringPID(ctx); err == nil {
			if pid == s.proc.Pid {
				return nil
			}
			// Another server answers there: ours is about to end, or never listens.
			return errPortTaken
		}
		select {
		case <-s.proc.done:
			return fmt.Errorf("ended at start: %v", s.proc.state)
		case <-ctx.Done():
			return fmt.Errorf("no answer: %w", context.Cause(ctx))
		case <-time.After(pollInterval):
		}
	}
}

// answeringPID asks whoever listens on the server's port for its process id.
func (s *Server) answeringPID(ctx context.Context) (int, error) {
	// The driver is slow to notice a server that comes up, so it is not asked before somebody
	// listens.
	if err := dial(ctx, s.Addr()); err != nil {
		return 0, err
	}
	client, err := s.connect()
	if err != nil {
		return 0, err
	}
	defer disconnect(client)
	var status struct {
		PID int `bson:"pid"`
	}
	err = runCommand(ctx, client, "serverStatus", &status)
	const unauthorized = 13
	if e := mongo.ServerError(nil); errors.As(err, &e) && e.HasErrorCode(unauthorized) {
		return s.proc.Pid, nil // it answers, but tells its process id only to users it knows
	}
	return status.PID, err
}

// connect makes a client for this server alone. It does not dial.
func (s *Server) connect() (*mongo.Client, error) {
	return mongo.Connect(options.Client().ApplyURI(s.URI()).
		SetServerSelectionTimeout(time.Second).
		SetConnectTimeout(time.Second).
		SetTimeout(2 * time.Second).
		SetHeartbeatInterval(500 * time.Millisecond))
}

func disconnect(client *mongo.Client) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = client.Disconnect(ctx)
}

func runCommand(ctx context.Context, client *mongo.Client, name string, answer any) error {
	return client.Database("admin").RunCommand(ctx, bson.D{{Key: name, Value: 1}}).Decode(answer)
}

func dial(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return conn.Close()
}
