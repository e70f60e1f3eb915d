package mongod

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// Ports are taken below the range that Linux gives to outgoing connections (32768 and up), so
	// that nobody takes the port of a server that is down for a moment.
	firstPort, lastPort = 20000, 32000

	startTries   = 10
	startTimeout = 60 * time.Second
	stopTimeout  = 15 * time.Second
	pollInterval = 20 * time.Millisecond
	logTailLines = 15
)

// errPortTaken tells a start that lost its port to somebody else from one that failed for good.
var errPortTaken = errors.New("port is taken")

// Config says how to run one server. Only Dir must be set.
type Config struct {
	Dir     string   // holds data/ and mongod.log; made when missing, never removed here
	Binary  string   // the program; empty: Find()
	Port    int      // on 127.0.0.1; 0: a free one
	ReplSet string   // name of the replica set; empty: a stand-alone server
	CacheGB float64  // WiredTiger's cache; 0: 0.25, the least it takes
	OplogMB int      // of a member of a replica set; 0: 512
	Args    []string // further arguments, last on the command line
}

// Server is one mongod process on 127.0.0.1. Its methods may be called from several goroutines.
type Server struct {
	config Config // complete: no zero values left

	mu   sync.Mutex // held during starts and stops, so that they never overlap
	proc *process   // nil before the first start
}

// Start runs a server and returns when it answers. ctx bounds the start only: the server runs on
// until Stop, Kill or the end of this process (on Linux; elsewhere a killed parent leaves it
// behind). Without a deadline in ctx the start may take a minute. The error carries the end of the
// server's log.
func Start(ctx context.Context, config Config) (*Server, error) {
	if config.Dir == "" {
		return nil, errors.New("mongod: Config.Dir is not set")
	}
	if config.Binary == "" {
		path, err := Find()
		if err != nil {
			return nil, err
		}
		config.Binary = path
	}
	if config.CacheGB == 0 {
		config.CacheGB = 0.25
	}
	if config.OplogMB == 0 {
		config.OplogMB = 512
	}
	if err := os.MkdirAll(filepath.Join(config.Dir, "data"), 0o700); err != nil {
		return nil, fmt.Errorf("mongod: %w", err)
	}
	ctx, cancel := bounded(ctx)
	defer cancel()

	s := &Server{config: config}
	if config.Port != 0 {
		if err := s.start(ctx); err != nil {
			return nil, err
		}
		return s, nil
	}
	for try := 1; ; try++ {
		port, err := freePort(ctx)
		if err != nil {
			return nil, err
		}
		s.config.Port = port
		err = s.start(ctx)
		if err == nil {
			return s, nil
		}
		if !errors.Is(err, errPortTaken) || try == startTries || ctx.Err() != nil {
			return nil, err
		}
	}
}

// URI is the connection string of this server alone, also when it is a member of a replica set.
func (s *Server) URI() string { return "mongodb://" + s.Addr() + "/?directConnection=true" }

// Addr is the server's host:port.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.config.Port)) }

// LogFile is the file that takes the server's output, over all its restarts.
func (s *Server) LogFile() string { return filepath.Join(s.config.Dir, "mongod.log") }

// PID is the process id of the latest run.
func (s *Server) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proc == nil {
		return 0
	}
	return s.proc.Pid
}

// Running reports whether the process exists, paused or not.
func (s *Server) Running() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running()
}

func (s *Server) running() bool { return s.proc != nil && !s.proc.ended() }

// Kill ends the process with SIGKILL, as a power cut would, and waits until it is gone. A server
// that is down already is no error.
func (s *Server) Kill() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kill()
}

func (s *Server) kill() error {
	if !s.running() {
		return nil
	}
	if err := s.proc.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("mongod %s: kill: %w", s.Addr(), err)
	}
	<-s.proc.done
	return nil
}

// Stop shuts the server down cleanly, or kills it when that takes longer than 15 seconds. A server
// that is down already is no error.
func (s *Server) Stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stop()
}

func (s *Server) stop() error {
	if !s.running() {
		return nil
	}
	_ = resume(s.proc.Process) // a paused process would never see the signal
	if err := s.proc.Signal(os.Interrupt); err != nil {
		return s.kill() // no such signal on Windows
	}
	select {
	case <-s.proc.done:
		return nil
	case <-time.After(stopTimeout):
		return s.kill()
	}
}

// Pause freezes the process (SIGSTOP): its connections stay open and nothing answers. Linux only.
func (s *Server) Pause() error { return s.signal(pause) }

// Resume ends a Pause.
func (s *Server) Resume() error { return s.signal(resume) }

func (s *Server) signal(send func(*os.Process) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.running() {
		return fmt.Errorf("mongod %s: not running", s.Addr())
	}
	if err := send(s.proc.Process); err != nil {
		return fmt.Errorf("mongod %s: %w", s.Addr(), err)
	}
	return nil
}

// Restart runs the server again on the same data and port and returns when it answers; a running
// one is stopped first. A member of a replica set may need a moment more to be primary or
// secondary: see ReplicaSet.Healthy.
func (s *Server) Restart(ctx context.Context) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	s.mu.Lock()
	err := s.stop()
	s.mu.Unlock()
	if err != nil {
		return err
	}
	// The port cannot be changed, so a taken one is waited for.
	for {
		err := s.start(ctx)
		if !errors.Is(err, errPortTaken) || sleep(ctx, 10*pollInterval) != nil {
			return err
		}
	}
}

// start runs the program once on the configured port.
func (s *Server) start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running() {
		return fmt.Errorf("mongod %s: already running", s.Addr())
	}
	proc, err := s.launch(ctx)
	if err != nil {
		return fmt.Errorf("mongod %s: %w", s.Addr(), err)
	}
	s.proc = proc
	err = s.ready(ctx)
	if err == nil {
		return nil
	}
	_ = s.kill()
	tail := s.logTail()
	// 48 is MongoDB's exit code for "cannot listen".
	if s.proc.state.ExitCode() == 48 || strings.Contains(tail, "Address already in use") {
		err = errPortTaken
	}
	return fmt.Errorf("mongod %s: %w\n%s", s.Addr(), err, tail)
}

// freePort draws a port that nobody listens on now. Somebody may take it before the server does;
// start notices.
func freePort(ctx context.Context) (int, error) {
	var last error
	for range 100 {
		port := firstPort + rand.IntN(lastPort-firstPort)
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp",
			net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			last = err
			continue
		}
		return port, listener.Close()
	}
	return 0, fmt.Errorf("mongod: no free port: %w", last)
}

// bounded gives ctx a deadline when it has none.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, startTimeout)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
