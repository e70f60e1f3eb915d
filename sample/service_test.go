package sample_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lunpai/lunpai/internal/slow"
	"github.com/lunpai/lunpai/sample"
	"github.com/lunpai/lunpai/workflow"
)

// TestReceptionBesideTheDesk: reception's commands are those that they would be in an office
// without a service desk, and so is what comes of them.
func TestReceptionBesideTheDesk(t *testing.T) {
	c := sample.Config{Seed: 3, From: "2024-03-01", To: "2024-03-20", Visits: 900}
	if slow.Wanted() {
		c = sample.Config{Seed: 1, From: "2024-01-01", To: "2024-04-30", Visits: 3000}
	}
	with := receptionOf(t, c, func(ctx context.Context, c sample.Config, do sample.Do) error {
		return sample.Run(ctx, c, do, nil)
	})
	without := receptionOf(t, c, sample.RunWithoutDesk)
	if len(with) == 0 || len(without) == 0 {
		t.Fatal("nothing happened")
	}
	for i := range min(len(with), len(without)) {
		if d := cmp.Diff(without[i], with[i]); d != "" {
			t.Fatalf("%d commands are the same, then (-without a desk +with):\n%s", i, d)
		}
	}
	if len(with) != len(without) {
		t.Errorf("%d commands of reception, without a desk %d", len(with), len(without))
	}
}

// receptionOf are reception's commands of an office, each with its moment and its outcome.
func receptionOf(
	t *testing.T, c sample.Config, run func(context.Context, sample.Config, sample.Do) error,
) (all []string) {
	t.Helper()
	y, _ := filler(t, c)
	err := run(t.Context(), c, func(
		ctx context.Context, env workflow.Envelope, cmd workflow.Command,
	) (*workflow.Commit, error) {
		commit, err := y.Do(ctx, env, cmd)
		if cmd.About().Scope == workflow.ScopeService {
			return commit, err
		}
		b, jerr := json.Marshal(cmd)
		if jerr != nil {
			return nil, jerr
		}
		outcome := "done"
		var f *workflow.Fault
		if errors.As(err, &f) {
			outcome = f.Code
		}
		all = append(all, fmt.Sprintf("%s %s %s %s %s", env.At, env.ID[:8], cmd.About().Kind, b,
			outcome))
		return commit, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
