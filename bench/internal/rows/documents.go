package rows

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/vismanet-go/background/bench/internal/compare"
	"github.com/vismanet-go/background/bench/internal/load"
	"github.com/vismanet-go/background/bench/internal/proc"
	"github.com/vismanet-go/background/internal/gendoc"
)

// A specified mock answers by an OpenAPI document.
type specified struct {
	name    string
	command func(ctx context.Context, dir, document string) (program string, args []string, err error)
}

var (
	firstStart = specified{"erpmock --spec", erpmockWith}
	againStart = specified{"erpmock --spec, started before", func(ctx context.Context, dir, document string) (string, []string, error) {
		program, args, err := erpmockWith(ctx, dir, document)
		if err != nil {
			return "", nil, err
		}
		before, err := Launch(ctx, dir, invoicePath, program, slices.Clone(args)...)
		if err == nil {
			err = before.Stop()
		}
		return program, args, err
	}}
	prismSpecified = specified{"Prism 5.16.0", func(_ context.Context, _, document string) (string, []string, error) {
		return prismWith(document)
	}}
)

// erpmockWith has a cache directory of its own, in dir.
func erpmockWith(ctx context.Context, dir, document string) (string, []string, error) {
	program, err := Build(ctx, erpmock)
	env := []string{"XDG_CACHE_HOME=" + filepath.Join(dir, "cache"), program}
	return "/usr/bin/env", append(append(env, mockArgs()...), "--spec", document), err
}

// Documents are the rows of a mock that answers by a document of an ERP's size,
// beside Prism if that is asked for.
func Documents(prism bool) []compare.Row {
	start := compare.Row{
		Name: "document/start",
		What: "A document of 508 operations and 1 687 schemas, 3.5 MB: from the start of the process to the first 200; memory one second later.",
		Goals: []compare.Goal{
			{Of: firstStart.name, Figure: startFigure, AtMost: 2500},
			{Of: againStart.name, Figure: startFigure, AtMost: 300},
		},
	}
	get := compare.Row{
		Name:  "document/get",
		What:  "Its GETs in turn, 16 connections, after each was called.",
		Goals: []compare.Goal{{Of: firstStart.name, Figure: cpuFigure, AtMost: 250, Smoke: 2500}},
	}
	starting, getting := []specified{firstStart, againStart}, []specified{firstStart}
	if prism {
		starting, getting = append(starting, prismSpecified), append(getting, prismSpecified)
		start.Goals = append(start.Goals, compare.Goal{Of: firstStart.name, To: prismSpecified.name, Figure: startFigure, AtMost: 0.3},
			compare.Goal{Of: firstStart.name, To: prismSpecified.name, Figure: rssFigure, AtMost: 0.7})
		get.Goals = append(get.Goals, compare.Goal{Of: firstStart.name, To: prismSpecified.name, Figure: cpuFigure, AtMost: 0.2})
	}
	for _, m := range starting {
		start.Contenders = append(start.Contenders, compare.Contender{Name: m.name, Run: m.start})
	}
	for _, m := range getting {
		get.Contenders = append(get.Contenders, compare.Contender{Name: m.name, Run: m.get})
	}
	return []compare.Row{start, get}
}

// launch starts the mock with a document of an ERP's size, and returns the paths
// that it has GETs of.
func (m specified) launch(ctx context.Context, dir string) (*Program, []string, error) {
	text := gendoc.ERP(gendoc.V30, 1).JSON
	document := filepath.Join(dir, "erp.json")
	if err := os.WriteFile(document, text, 0o600); err != nil {
		return nil, nil, err
	}
	paths, err := getsOf(text)
	if err != nil {
		return nil, nil, err
	}
	program, args, err := m.command(ctx, dir, document)
	if err != nil {
		return nil, nil, err
	}
	p, err := Launch(ctx, dir, paths[0], program, args...)
	return p, paths, err
}

var inBraces = regexp.MustCompile(`\{[^}]*\}`)

// getsOf returns the paths of a document that have a GET, with their parameters
// filled in.
func getsOf(document []byte) (paths []string, err error) {
	var d struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(document, &d); err != nil {
		return nil, err
	}
	for path, item := range d.Paths {
		if item["get"] != nil {
			paths = append(paths, inBraces.ReplaceAllString(path, "7"))
		}
	}
	slices.Sort(paths)
	return paths, nil
}

func (m specified) start(ctx context.Context, t compare.Try) (compare.Figures, error) {
	p, _, err := m.launch(ctx, t.Dir)
	if err != nil {
		return nil, err
	}
	defer p.Kill()
	time.Sleep(compare.Pick(t, time.Second, 100*time.Millisecond))
	use, err := proc.Of(p.Pid)
	return compare.Figures{
		{Name: startFigure, Value: load.Millis(p.Start)},
		{Name: "start CPU ms", Value: load.Millis(use.CPU)},
		{Name: rssFigure, Value: mib(use.RSS)},
	}, err
}

func (m specified) get(ctx context.Context, t compare.Try) (compare.Figures, error) {
	p, paths, err := m.launch(ctx, t.Dir)
	if err != nil {
		return nil, err
	}
	defer p.Kill()
	conn, err := load.Dial(ctx, p.Base)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	paths = compare.Pick(t, paths, paths[:3])
	size := 0
	for _, path := range paths { // each once, as what is asked for first takes longer
		body, err := conn.Want(http.StatusOK, load.Call{Method: http.MethodGet, Path: path})
		if err != nil {
			return nil, err
		}
		size += len(body)
	}
	figures, err := plainCalls(ctx, t, p, func(n int) load.Call { return load.Call{Method: http.MethodGet, Path: paths[n%len(paths)]} }, http.StatusOK)
	return append(figures, compare.Figure{Name: "answer bytes", Value: float64(size) / float64(len(paths))}), err
}
