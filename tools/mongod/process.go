package mongod

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// process is one run of the program.
type process struct {
	*os.Process
	done  chan struct{} // closed when the process has ended
	state *os.ProcessState
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

func (s *Server) args() []string {
	args := []string{
		"--dbpath", filepath.Join(s.config.Dir, "data"),
		"--port", strconv.Itoa(s.config.Port),
		"--bind_ip", "127.0.0.1",
		"--nounixsocket",
		"--wiredTigerCacheSizeGB", strconv.FormatFloat(s.config.CacheGB, 'f', -1, 64),
		// Nobody reads the diagnostic data of a test, and writing it costs.
		"--setParameter", "diagnosticDataCollectionEnabled=false",
		// Failure points (configureFailPoint) make errors that no kill can make on demand.
		"--setParameter", "enableTestCommands=1",
		// A member that is told to stop waits 15 seconds for its clients otherwise.
		"--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100",
	}
	if s.config.ReplSet != "" {
		args = append(args, "--replSet", s.config.ReplSet, "--oplogSize",
			strconv.Itoa(s.config.OplogMB))
	}
	return append(args, s.config.Args...)
}

// launch starts the process and watches it until it ends.
func (s *Server) launch(ctx context.Context) (*process, error) {
	log, err := os.OpenFile(s.LogFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	// Not bound to ctx: the server outlives the call that starts it.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), s.config.Binary, s.args()...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = processAttributes()

	proc := &process{done: make(chan struct{})}
	started := make(chan error)
	go func() {
		// Linux ties the child to the thread that started it, not to the process, so that thread is
		// kept for as long as the child runs.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer log.Close()
		err := cmd.Start()
		proc.Process = cmd.Process
		started <- err
		if err != nil {
			return
		}
		_ = cmd.Wait() // how it ended is in ProcessState
		proc.state = cmd.ProcessState
		close(proc.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return proc, nil
}

// logTail returns the last lines of the server's log, for errors.
func (s *Server) logTail() string {
	const limit = 16 << 10
	file, err := os.Open(s.LogFile())
	if err != nil {
		return err.Error()
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.Size() > limit {
		_, _ = file.Seek(-limit, io.SeekEnd)
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if extra := len(lines) - logTailLines; extra > 0 {
		lines = lines[extra:]
	}
	return "end of " + s.LogFile() + ":\n" + strings.Join(lines, "\n")
}
