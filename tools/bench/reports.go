package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/lunpai/lunpai/report"
	"github.com/lunpai/lunpai/tools/load"
)

const (
	reportSite    = "riverside"
	visitsAYear   = 30_000
	reportRepeats = 3 // the median of so many is reported
)

// reportTimes are what one report took.
type reportTimes struct {
	rows   int
	took   map[string]time.Duration // by store, and of the view
	memory map[string]int64         // of the service at most
}

const viewTimes = "view"

// measureReports fills stores with years of a made-up office and times every report over all of it:
// through the API, from the request to the last row, with a service that was just started; and the
// view of its name, read to its end by a client.
func measureReports(ctx context.Context, o *config, dir string, out io.Writer) error {
	for _, years := range o.reports {
		times := map[string]*reportTimes{}
		for _, name := range report.Names() {
			times[name] = &reportTimes{took: map[string]time.Duration{}, memory: map[string]int64{}}
		}
		for _, kind := range o.stores {
			folder := filepath.Join(dir, fmt.Sprintf("%s-%d", kind, years))
			if err := o.reportsOf(ctx, kind, years, folder, times); err != nil {
				return fmt.Errorf("%s, %d years: %w", kind, years, err)
			}
		}
		fmt.Fprintf(out, "\n%d visits in %d years; seconds (median of %d) and MiB of the service "+
			"at most (VmHWM)\n\n| report | rows |", years*visitsAYear, years, reportRepeats)
		for _, kind := range o.stores {
			fmt.Fprintf(out, " %s, API |", names[kind])
		}
		fmt.Fprint(out, " view |\n|---|--:|")
		for range len(o.stores) + 1 {
			fmt.Fprint(out, "--:|")
		}
		fmt.Fprintln(out)
		for _, name := range report.Names() {
			t := times[name]
			fmt.Fprintf(out, "| %s | %d |", name, t.rows)
			for _, kind := range o.stores {
				fmt.Fprintf(out, " %.2f s · %.0f MiB |", t.took[kind].Seconds(),
					mib(t.memory[kind]))
			}
			if view, ok := t.took[viewTimes]; ok {
				fmt.Fprintf(out, " %.2f s |\n", view.Seconds())
			} else {
				fmt.Fprintln(out, " |")
			}
		}
	}
	return nil
}

// reportsOf measures one store.
func (o *config) reportsOf(
	ctx context.Context, kind string, years int, dir string, times map[string]*reportTimes,
) (err error) {
	store, err := load.StartStore(ctx, kind, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close(), os.RemoveAll(dir)) }()
	if err := o.generate(ctx, store.URI("bench"), years); err != nil {
		return err
	}
	s, err := load.StartService(ctx, load.ServiceConfig{
		Binary: o.binary, Store: store.URI("bench"), Keys: filepath.Join(dir, "keys.json"),
		Dir:  filepath.Join(dir, "service"),
		Args: []string{"--no-log-requests"},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	key, err := analystKey(ctx, s)
	if err != nil {
		return err
	}
	for _, name := range report.Names() {
		fmt.Fprintf(o.log, "%s, %d years: %s\n", kind, years, name)
		t := times[name]
		if t.took[kind], err = median(func() error {
			rows, err := fetchReport(ctx, s.Addr, key, name)
			t.rows = rows
			return err
		}); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		u, err := s.Usage()
		if err != nil {
			return err
		}
		t.memory[kind] = u.Peak
		if err := errors.Join(s.Stop(),
			s.Start(ctx)); err != nil { // the next one's memory is its own
			return err
		}
	}
	if kind == load.SQLite {
		return nil
	}
	return timeViews(ctx, store.URI("bench"), times)
}

// generate lets the program fill a store.
func (o *config) generate(ctx context.Context, uri string, years int) error {
	c := exec.CommandContext(ctx, o.binary, "generate", "--store", uri, "--site", reportSite,
		"--visits", strconv.Itoa(years*visitsAYear),
		"--from", fmt.Sprintf("%d-01-01", 2025-years), "--to", "2024-12-31")
	c.Stdout, c.Stderr = o.log, o.log
	return c.Run()
}

// analystKey makes a key that reads reports.
func analystKey(ctx context.Context, s *load.Service) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost,
		"http://"+s.Addr+"/v1/sites/"+reportSite+"/keys",
		bytes.NewReader([]byte(`{"role":"analyst"}`)))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+s.Admin)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	var a struct{ Key struct{ Token string } }
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil || a.Key.Token == "" {
		return "", fmt.Errorf("make a key: %s, %w", res.Status, err)
	}
	return a.Key.Token, nil
}

// fetchReport reads a report to its end and counts its rows.
func fetchReport(ctx context.Context, addr, key, name string) (rows int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet,
		"http://"+addr+"/v1/sites/"+reportSite+"/reports/"+name+"?format=ndjson", http.NoBody)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", "Bearer "+key)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return 0, errors.New(res.Status)
	}
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		rows++
	}
	return rows, lines.Err()
}

// timeViews reads every view to its end.
func timeViews(ctx context.Context, uri string, times map[string]*reportTimes) (err error) {
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Disconnect(context.WithoutCancel(ctx))) }()
	for name, t := range times {
		if name == "visits" {
			continue // is no view
		}
		t.took[viewTimes], err = median(func() error {
			cursor, err := client.Database("bench").Collection(name).Find(ctx,
				bson.D{{Key: "site", Value: reportSite}})
			if err != nil {
				return err
			}
			defer cursor.Close(ctx)
			for cursor.Next(ctx) { // the rows are only fetched
			}
			return cursor.Err()
		})
		if err != nil {
			return fmt.Errorf("view %s: %w", name, err)
		}
	}
	return nil
}

// median times f some times over.
func median(f func() error) (time.Duration, error) {
	var all []time.Duration
	for range reportRepeats {
		start := time.Now()
		if err := f(); err != nil {
			return 0, err
		}
		all = append(all, time.Since(start))
	}
	slices.Sort(all)
	return all[len(all)/2], nil
}
