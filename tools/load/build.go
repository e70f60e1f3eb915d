package load

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Root is the folder of the module that the caller stands in.
func Root(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	mod := strings.TrimSpace(string(out))
	if filepath.Base(mod) != "go.mod" {
		return "", fmt.Errorf("not within the module: run this in its folder, or name a program " +
			"with -binary")
	}
	return filepath.Dir(mod), nil
}

// Build builds the service into dir and returns the program's path. env is added to the
// environment. It builds with the settings of the caller, so that a `go test` which has compiled
// every package just now does not compile them again: with -trimpath or another CGO_ENABLED it
// would, twice over on a new machine. To measure another program, name it with -binary.
func Build(ctx context.Context, dir string, env ...string) (string, error) {
	return build(ctx, dir, "lunpai", ".", env)
}

// BuildTextbook builds the server that the service is compared with.
func BuildTextbook(ctx context.Context, dir string) (string, error) {
	return build(ctx, dir, "textbook", "./tools/textbook", nil)
}

func build(ctx context.Context, dir, name, pkg string, env []string) (string, error) {
	root, err := Root(ctx)
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, name)
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, pkg)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", name, err, out)
	}
	return binary, nil
}
