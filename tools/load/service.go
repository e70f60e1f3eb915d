package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"time"
)

// ServiceConfig says how to run one instance.
type ServiceConfig struct {
	Binary string
	Store  string // --store
	Keys   string // --keys; all instances of a store share the file
	Dir    string // takes the instance's output; made when missing
	Args   []string
	// PeerSecret is a file with the secret that the instances of a store share: each site is then
	// decided by one of them. Empty: each decides what it is asked.
	PeerSecret string
}

// Service is one process of the service on a port of its own, which it keeps over restarts.
type Service struct {
	// Addr is where it listens.
	Addr string
	// Admin is the administrator's key, if this instance was the first to start on its store.
	Admin string

	cfg  ServiceConfig
	proc *os.Process
	done chan struct{} // closed when the process has ended
}

const (
	startTimeout = 30 * time.Second
	stopTimeout  = 20 * time.Second
)

var adminKey = regexp.MustCompile(`lp_bootstrap_[0-9A-Za-z_-]+`)

// StartService runs an instance and returns when it is ready. ctx bounds the start only; on Linux
// the process ends with this one, elsewhere with Stop or Kill.
func StartService(ctx context.Context, cfg ServiceConfig) (*Service, error) {
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, err
	}
	s := &Service{cfg: cfg}
	var err error
	for range 3 { // somebody may take the port between the look and the start
		if s.Addr, err = freeAddr(ctx); err != nil {
			return nil, err
		}
		if err = s.Start(ctx); err == nil {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(s.file("out"))
	if err != nil {
		return nil, errors.Join(err, s.Kill())
	}
	s.Admin = string(adminKey.Find(text))
	return s, nil
}

// freeAddr draws a port below those that Linux gives to outgoing connections, so that nobody takes
// it during a restart.
func freeAddr(ctx context.Context) (string, error) {
	var last error
	for range 100 {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(20000+rand.IntN(12000)))
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
		if err == nil {
			return addr, l.Close()
		}
		last = err
	}
	return "", fmt.Errorf("no free port: %w", last)
}

func (s *Service) file(kind string) string { return filepath.Join(s.cfg.Dir, "service."+kind) }

// Start runs the process, again after Kill or Stop, and waits until it is ready.
func (s *Service) Start(ctx context.Context) error {
	if err := s.launch(ctx); err != nil {
		return fmt.Errorf("start the service: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := s.ready(ctx); err != nil {
		return errors.Join(fmt.Errorf("start the service: %w\n%s", err, s.Tail()), s.Kill())
	}
	return nil
}

// launch starts the process and watches it until it ends.
func (s *Service) launch(ctx context.Context) error {
	out, err := os.OpenFile(s.file("out"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	log, err := os.OpenFile(s.file("log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	args := append([]string{
		"serve", "--listen", s.Addr, "--store", s.cfg.Store, "--keys", s.cfg.Keys,
	}, s.cfg.Args...)
	if s.cfg.PeerSecret != "" {
		args = append(args, "--advertise=http://"+s.Addr, "--peer-secret-file="+s.cfg.PeerSecret)
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), s.cfg.Binary, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = s.cfg.Dir, out, log, processAttributes()

	done, started := make(chan struct{}), make(chan error)
	go func() {
		// Linux ties the child to the thread that started it, not to the process, so that thread is
		// kept for as long as the child runs.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
			close(done)
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	s.proc, s.done = cmd.Process, done
	return nil
}

// ready waits until the service says that it is.
func (s *Service) ready(ctx context.Context) error {
	k := conn{addr: s.Addr}
	defer k.close()
	for {
		if a, err := k.do(ctx, http.MethodGet, "/readyz", "", "", ""); err == nil &&
			a.Status == http.StatusOK {
			return nil
		}
		select {
		case <-s.done:
			return errors.New("it exited at once")
		case <-ctx.Done():
			return fmt.Errorf("it is not ready: %w", context.Cause(ctx))
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// Kill ends the process with SIGKILL and waits until it is gone.
func (s *Service) Kill() error {
	if s.proc == nil {
		return nil
	}
	if err := s.proc.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-s.done
	return nil
}

// Stop shuts the process down. One that takes too long is killed, which is an error.
func (s *Service) Stop() error {
	if s.proc == nil || s.proc.Signal(os.Interrupt) != nil {
		return s.Kill()
	}
	select {
	case <-s.done:
		return nil
	case <-time.After(stopTimeout):
		return errors.Join(errors.New("the service did not stop in time"), s.Kill())
	}
}

// PID is the process id.
func (s *Service) PID() int { return s.proc.Pid }

// Tail is the end of what the service logged.
func (s *Service) Tail() string {
	text, err := os.ReadFile(s.file("log"))
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-15):], []byte("\n")))
}
