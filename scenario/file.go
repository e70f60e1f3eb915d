// Package scenario reads rehearsals of a morning at a sales office and runs them: given a line,
// customers and absences, each step is a command, and what is expected of it is compared with what
// was decided.
package scenario

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/goccy/go-yaml"

	"github.com/lunpai/lunpai/workflow"
)

// File is a scenario file.
type File struct {
	Meta      Meta       `yaml:"meta"`
	Defaults  Defaults   `yaml:"defaults"`
	Scenarios []Scenario `yaml:"scenarios"`
}

// Meta describes a file.
type Meta struct {
	Version        int      `yaml:"version"`
	Zone           string   `yaml:"tz"`
	GlobalReadings []string `yaml:"global_readings"`
}

// Defaults hold for every scenario of the file.
type Defaults struct {
	Date            string            `yaml:"date"`
	Hours           Hours             `yaml:"hours"`
	Roles           map[string]string `yaml:"roles"`
	VacancyGraceMin *int              `yaml:"vacancy_grace_min"`
}

// Scenario is one rehearsal.
type Scenario struct {
	ID          string   `yaml:"id"`
	Title       string   `yaml:"title"`
	Policy      string   `yaml:"policy"`
	Rules       []string `yaml:"rules"`
	Contestable bool     `yaml:"contestable"`
	ReliesOn    []string `yaml:"relies_on"`
	Date        string   `yaml:"date"`
	Given       Given    `yaml:"given"`
	Steps       []Step   `yaml:"steps"`

	Zone     string   `yaml:"-"`
	Defaults Defaults `yaml:"-"`
}

// Given is the office before the first step.
type Given struct {
	Line      []string            `yaml:"line"`
	Teams     map[string][]string `yaml:"teams"`
	Away      map[string]string   `yaml:"away"`
	Hours     Hours               `yaml:"hours"`
	Holidays  []string            `yaml:"holidays"`
	Duty      []Duty              `yaml:"duty"`
	Customers map[string]Customer `yaml:"customers"`
	Roles     map[string]string   `yaml:"roles"`
	// Parameters change single parameters of the policy: {"count.unstated": "when_sales"}.
	Parameters map[string]any `yaml:"parameters"`

	// Employees are staff outside sales; whoever is named anywhere else is staff, too.
	Employees []string `yaml:"employees"`
	// TechStaff are employees of technical service.
	TechStaff []string `yaml:"tech_staff"`
	// Departments are those of people, by label.
	Departments map[string]string `yaml:"departments"`
	// Areas are fields of matters, by code, with those in charge.
	Areas map[string]Area `yaml:"areas"`
	// Service is the service desk that an office has beside its line from the first day on: single
	// parameters, and holidays, which are statutory days that need a watch.
	Service map[string]any `yaml:"service"`
}

// Area is a field of matters.
type Area struct {
	Leader string `yaml:"leader"`
	Deputy string `yaml:"deputy"`
}

// Duty is a duty shift.
type Duty struct {
	From  string `yaml:"from"`
	To    string `yaml:"to"`
	Staff string `yaml:"staff"`
}

// Customer is a customer the office already knows.
type Customer struct {
	Owner       string `yaml:"owner"`
	LastContact string `yaml:"last_contact"`
	Status      string `yaml:"status"`
}

// Step is one command and what is expected of it.
type Step struct {
	At     string         `yaml:"at"`
	Do     string         `yaml:"do"`
	Args   map[string]any `yaml:"-"`
	Expect map[string]any `yaml:"expect"`
	Number int            `yaml:"-"` // from 1
	Zone   string         `yaml:"-"`
	Date   string         `yaml:"-"` // the day on which it is played
}

// UnmarshalYAML keeps everything except at, do and expect as arguments.
func (s *Step) UnmarshalYAML(unmarshal func(any) error) error {
	var all map[string]any
	if err := unmarshal(&all); err != nil {
		return err
	}
	s.Args = maps.Clone(all)
	s.At, _ = all["at"].(string)
	s.Do, _ = all["do"].(string)
	s.Expect, _ = all["expect"].(map[string]any)
	for _, k := range []string{"at", "do", "expect"} {
		delete(s.Args, k)
	}
	return nil
}

// Read reads a scenario file and gives each scenario the file's defaults.
func Read(r io.Reader) (*File, error) {
	var f File
	if err := yaml.NewDecoder(r).Decode(&f); err != nil {
		return nil, fmt.Errorf("read scenarios: %w", err)
	}
	if f.Meta.Zone == "" {
		f.Meta.Zone = "Asia/Shanghai"
	}
	for i := range f.Scenarios {
		s := &f.Scenarios[i]
		s.Zone, s.Defaults = f.Meta.Zone, f.Defaults
		if s.Date == "" {
			s.Date = f.Defaults.Date
		}
		if s.Date == "" {
			s.Date = "2024-03-04"
		}
		if len(s.Given.Hours) == 0 {
			s.Given.Hours = f.Defaults.Hours
		}
		if len(s.Given.Hours) == 0 {
			s.Given.Hours = Hours{{From: "09:00", To: "18:00"}}
		}
		if len(s.Given.Roles) == 0 {
			s.Given.Roles = f.Defaults.Roles
		}
		for k := range s.Steps {
			s.Steps[k].Number, s.Steps[k].Zone = k+1, s.Zone
		}
		if len(s.Given.Roles) == 0 {
			s.Given.Roles = map[string]string{
				"S": "supervisor", "M": "manager",
				"L": "shift_leader",
			}
		}
		if s.Policy == "" {
			s.Policy = "p1"
		}
	}
	return &f, nil
}

// arguments of a step, by type

func (s *Step) str(k string) string {
	switch v := s.Args[k].(type) {
	case nil:
		return ""
	case string:
		return v
	default:
		return fmt.Sprint(v)
	}
}

func (s *Step) role() workflow.Role { return workflow.Role(s.str("as")) }

func (s *Step) flag(k string) bool { b, _ := s.Args[k].(bool); return b }

func (s *Step) list(k string) []string { return asList(s.Args[k]) }

func (s *Step) has(k string) bool { _, ok := s.Args[k]; return ok }

func asList(v any) []string {
	items, _ := v.([]any)
	out := make([]string, 0, len(items))
	for _, i := range items {
		out = append(out, fmt.Sprint(i))
	}
	return out
}

func sorted(ss []string) []string { return slices.Sorted(slices.Values(ss)) }
