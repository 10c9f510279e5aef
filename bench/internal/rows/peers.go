package rows

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/vismanet-go/background/bench/internal/compare"
	"github.com/vismanet-go/background/bench/internal/load"
	"github.com/vismanet-go/background/bench/internal/proc"
)

// PeersDir is where `npm ci` has put the other mock servers; the command's
// flag sets it.
var PeersDir = ".cache/peers"

//go:embed peers/erp.yaml
var peersDocument []byte

//go:embed peers/mappings.json
var peersMappings []byte

// A peer is a mock server that is started by a command.
type peer struct {
	name    string
	post    string // path that POST is answered 200, 201 or 202 at
	status  int    // of that answer
	command func(ctx context.Context, dir string) (program string, args []string, err error)
}

var (
	oursPeer  = peer{"erpmock", "/v2/customerinvoice", http.StatusCreated, oursCommand}
	prismPeer = peer{"Prism 5.16.0", "/v2/customerinvoice", http.StatusAccepted, prismCommand}
	wirePeer  = peer{"WireMock 3.13.2", "/v2/customerinvoice", http.StatusAccepted, wireCommand}
)

// Peers are the rows with other mock servers.
func Peers() []compare.Row {
	rows := []compare.Row{
		{Name: "peers/start", What: "From the start of the process to the first 200 of an invoice; memory one second later."},
		{Name: "peers/get", What: "GET of an invoice in the foreground, 16 connections: the built-in ERP of erpmock, a document with two operations elsewhere."},
		{Name: "peers/post", What: "POST of an invoice in the foreground, 16 connections."},
		{Name: "peers/loop", What: "POST → 202 → callback received, 16 connections."},
	}
	for _, p := range []peer{oursPeer, prismPeer, wirePeer} {
		for i, run := range []func(context.Context, compare.Try, *Program, peer) (compare.Figures, error){peerStart, peerGet, peerPost, peerLoop} {
			rows[i].Contenders = append(rows[i].Contenders, compare.Contender{
				Name: p.name, Run: func(ctx context.Context, t compare.Try) (compare.Figures, error) {
					program, err := p.launch(ctx, t.Dir)
					if err != nil {
						return nil, err
					}
					defer program.Kill()
					return run(ctx, t, program, p)
				},
			})
		}
	}
	return append(rows, Documents(true)...)
}

func (p peer) launch(ctx context.Context, dir string) (*Program, error) {
	program, args, err := p.command(ctx, dir)
	if err != nil {
		return nil, err
	}
	return Launch(ctx, dir, invoicePath, program, args...)
}

func oursCommand(ctx context.Context, _ string) (string, []string, error) {
	program, err := Build(ctx, erpmock)
	return program, mockArgs(), err
}

func prismCommand(_ context.Context, dir string) (string, []string, error) {
	doc := filepath.Join(dir, "erp.yaml")
	if err := os.WriteFile(doc, peersDocument, 0o600); err != nil {
		return "", nil, err
	}
	return prismWith(doc)
}

func prismWith(doc string) (string, []string, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return "", nil, &compare.ErrLeftOut{Why: "needs node, on Debian: apt-get install nodejs"}
	}
	main, err := fromPeers("node_modules/@stoplight/prism-cli/dist/index.js")
	if err != nil {
		return "", nil, err
	}
	return node, []string{main, "mock", "-h", "127.0.0.1", "-p", "PORT", "-v", "error", doc}, nil
}

func wireCommand(_ context.Context, dir string) (string, []string, error) {
	java, err := exec.LookPath("java")
	if err != nil {
		return "", nil, &compare.ErrLeftOut{Why: "needs java, on Debian: apt-get install default-jre-headless"}
	}
	jar, err := fromPeers("node_modules/wiremock/build/wiremock-standalone-3.13.2.jar")
	if err != nil {
		return "", nil, err
	}
	root := filepath.Join(dir, "wiremock")
	if err := os.MkdirAll(filepath.Join(root, "mappings"), 0o700); err != nil {
		return "", nil, err
	}
	if err := os.WriteFile(filepath.Join(root, "mappings", "erp.json"), peersMappings, 0o600); err != nil {
		return "", nil, err
	}
	return java, []string{"-jar", jar, "--port", "PORT", "--bind-address", "127.0.0.1", "--root-dir", root, "--disable-banner", "--no-request-journal", "--disable-request-logging"}, nil
}

func fromPeers(file string) (string, error) {
	file, err := filepath.Abs(filepath.Join(PeersDir, file))
	if err == nil {
		_, err = os.Stat(file)
	}
	if err != nil {
		return "", &compare.ErrLeftOut{Why: "is not installed, `make bench-peers` gets it from npm"}
	}
	return file, nil
}

func peerStart(_ context.Context, t compare.Try, p *Program, _ peer) (compare.Figures, error) {
	time.Sleep(compare.Pick(t, time.Second, 100*time.Millisecond))
	use, err := proc.Of(p.Pid)
	return compare.Figures{
		{Name: startFigure, Value: load.Millis(p.Start)},
		{Name: "start CPU ms", Value: load.Millis(use.CPU)},
		{Name: rssFigure, Value: mib(use.RSS)},
	}, err
}

func peerGet(ctx context.Context, t compare.Try, p *Program, _ peer) (compare.Figures, error) {
	return plainCalls(ctx, t, p, func(int) load.Call { return load.Call{Method: http.MethodGet, Path: invoicePath} }, http.StatusOK)
}

func peerPost(ctx context.Context, t compare.Try, p *Program, how peer) (compare.Figures, error) {
	return plainCalls(ctx, t, p, func(n int) load.Call {
		c := newInvoice(n)
		c.Path = how.post
		return c
	}, how.status)
}

// plainCalls makes calls for a while, after some to warm up.
func plainCalls(ctx context.Context, t compare.Try, p *Program, call func(n int) load.Call, status int) (compare.Figures, error) {
	const senders = 16
	conns, stop, err := load.DialAll(ctx, p.Base, senders)
	if err != nil {
		return nil, err
	}
	defer stop()
	f := func(_ context.Context, sender, n int) error {
		_, err := conns[sender].Want(status, call(n))
		return err
	}
	if _, err := (load.Loop{Senders: senders, For: compare.Pick(t, 3*time.Second, 100*time.Millisecond)}).Run(ctx, f); err != nil {
		return nil, err
	}
	before, err := proc.Of(p.Pid)
	if err != nil {
		return nil, err
	}
	tally, err := load.Loop{Senders: senders, For: compare.Pick(t, 4*time.Second, 200*time.Millisecond)}.Run(ctx, f)
	if err != nil {
		return nil, err
	}
	after, err := proc.Of(p.Pid)
	return append(tally.Speed(),
		compare.Figure{Name: cpuFigure, Value: float64((after.CPU - before.CPU).Microseconds()) / float64(len(tally.Took))},
		compare.Figure{Name: "RSS after MiB", Value: mib(after.RSS)}), err
}

func peerLoop(ctx context.Context, t compare.Try, p *Program, how peer) (compare.Figures, error) {
	return roundTrips(ctx, t, p, func(sender, n int, hook string) load.Call {
		c := newInvoice(n)
		c.Path = how.post
		c.Header = fmt.Sprintf("erp-api-background: %s\r\nipp-company-id: %s\r\n", hook, strconv.Itoa(1001+sender))
		return c
	}, http.StatusAccepted)
}
