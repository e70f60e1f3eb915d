package sample

import (
	"context"

	"github.com/lunpai/lunpai/workflow"
)

// FromFestival is fromFestival.
var FromFestival = fromFestival

// RunWithoutDesk runs the office as Run does, but nobody adopts a service desk or works at it.
func RunWithoutDesk(ctx context.Context, c Config, do Do) error {
	o, err := newOffice(c, func(
		env workflow.Envelope, cmd workflow.Command,
	) (*workflow.Commit, error) {
		return do(ctx, env, cmd)
	})
	if err != nil {
		return err
	}
	o.service = nil
	return o.live()
}
