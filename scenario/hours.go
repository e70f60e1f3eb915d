package scenario

import (
	"errors"

	"github.com/lunpai/lunpai/workflow"
)

// Hours are the working hours of every day: ["09:00", "18:00"], or a list of such pairs where the
// office closes in between.
type Hours []workflow.Interval

var errHours = errors.New(`hours must be ["09:00", "18:00"] or a list of such pairs`)

// UnmarshalYAML reads one pair or a list of pairs.
func (h *Hours) UnmarshalYAML(unmarshal func(any) error) error {
	var pairs [][]string
	if unmarshal(&pairs) != nil {
		var pair []string
		if unmarshal(&pair) != nil {
			return errHours
		}
		pairs = [][]string{pair}
	}
	*h = nil
	for _, p := range pairs {
		if len(p) != 2 {
			return errHours
		}
		*h = append(*h, workflow.Interval{From: workflow.Clock(p[0]), To: workflow.Clock(p[1])})
	}
	return nil
}

// day are the hours of one weekday.
func (h Hours) day() workflow.DayHours {
	d := workflow.DayHours{From: h[0].From, To: h[0].To}
	if len(h) > 1 {
		d.More = h[1:]
	}
	return d
}
