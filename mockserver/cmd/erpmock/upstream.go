package main

import (
	"errors"
	"strconv"

	"github.com/vismanet-go/background/internal/cli"
	"github.com/vismanet-go/background/mockserver/admin"
	"github.com/vismanet-go/background/mockserver/upstream"
)

// behind is an API behind the mock, and the cassette of the calls to it.
type behind struct {
	api   upstream.Config
	trust trust
}

func (s *serving) upstreams() cli.Options {
	api, tape := &s.behind.api, &s.behind.api.Cassette
	return cli.Options{
		{Name: "no-erp", Usage: "leave the built-in ERP out, so that its paths too go to what is behind it; the background API is there all the same", Set: cli.YesOrNo(&s.mock.NoERP)},
		{Name: "upstream", Arg: "URL", Field: "URL", Usage: "pass on to this API what nothing else answers, in the foreground and in the background; the built-in ERP answers first, unless --no-erp leaves it out", Set: cli.Text(&api.URL)},
		{Name: "upstream-ca", Arg: "file", Repeats: true, Usage: "trust an API whose certificate is in this PEM file, or is signed by one in it, besides those that the system trusts", Set: cli.Texts(&s.behind.trust.files)},
		{Name: "upstream-insecure", Usage: "trust any certificate of the API", Set: cli.YesOrNo(&s.behind.trust.insecure)},
		{Name: "upstream-drop", Arg: "name", Field: "Drop", Repeats: true, Usage: "a header of calls that is not passed on; a star at its end stands for anything: ipp-*", Set: cli.Texts(&api.Drop)},
		{Name: "upstream-forwarded", Usage: "tell the API by X-Forwarded-For, -Host and -Proto who calls", Set: cli.YesOrNo(&api.Forwarded)},
		{Name: "upstream-repeat", Arg: "calls", Usage: "calls that may be made again, where nobody knows whether they were carried out: safe (GET, HEAD, OPTIONS, TRACE) or idempotent (PUT and DELETE too) (default safe)", Set: func(v string) error {
			switch v {
			case "safe":
				api.Repeat = upstream.RepeatSafe
			case "idempotent":
				api.Repeat = upstream.RepeatIdempotent
			default:
				return errors.New("want safe or idempotent")
			}
			return nil
		}},
		{Name: "upstream-repeat-key", Arg: "header", Field: "RepeatKey", Usage: "a header, such as Idempotency-Key, with which any call may be made again (default: none)", Set: cli.Text(&api.RepeatKey)},
		{Name: "upstream-max-content", Arg: "bytes", Field: "MaxContent", Initial: "33554432", Usage: "how large an answer in the background may be; a larger one ends as Failed", Set: func(v string) (err error) {
			if api.MaxContent, err = strconv.ParseInt(v, 10, 64); err != nil || api.MaxContent <= 0 {
				return errors.New("want a number of bytes above 0")
			}
			return nil
		}},
		{Name: "upstream-max-wait", Arg: "time", Field: "MaxWait", Initial: "5m", Usage: "how long a call in the background waits for rate limits of the API, at most; with 0 a refusal is the answer", Set: func(v string) error {
			err := cli.Duration(&api.MaxWait)(v)
			api.NoWait = api.MaxWait == 0
			return err
		}},
		{Name: "upstream-fail-on", Arg: "status", Field: "FailOn", Repeats: true, Usage: "a status of answers, such as 502, that makes an operation Failed (default: none, what is answered is Finished)", Set: func(v string) error {
			status, err := strconv.Atoi(v)
			if err != nil {
				return errors.New("want a status, such as 502")
			}
			api.FailOn = append(api.FailOn, status)
			return nil
		}},
		{Name: "upstream-finish-unanswered", Usage: "make an operation Finished with 502 or 504 that the API did not answer (default: Failed)", Set: cli.YesOrNo(&api.FinishUnanswered)},
		{Name: "record", Arg: "file", Field: "Cassette.Record", Usage: "append calls to the API and their answers to this cassette, without credentials", Set: cli.Text(&tape.Record)},
		{Name: "replay", Arg: "file", Field: "Cassette.Replay", Usage: "answer from this cassette, without an API; if --record names it as well, what is missing is asked for and recorded. The exit status is 1 if answers were not asked for", Set: cli.Text(&tape.Replay)},
		{Name: "match", Arg: "mode", Usage: "which recorded answer is taken: strict (query and body must be the same, each is given once) or loose (the one that comes closest, as often as asked for) (default strict)", Set: func(v string) error {
			if v != "strict" && v != "loose" {
				return errors.New("want strict or loose")
			}
			tape.Loose = v == "loose"
			return nil
		}},
		{Name: "redact", Arg: "name", Field: "Cassette.Redact", Repeats: true, Usage: "a header, or a field of queries and bodies, of which the value is not recorded, besides those that hold credentials", Set: cli.Texts(&tape.Redact)},
	}
}

// openUpstream returns what passes calls on, nil if there is nothing behind the mock.
func (s *serving) openUpstream() (*upstream.Upstream, error) {
	api := s.behind.api
	if api.URL == "" && api.Cassette.Record == "" && api.Cassette.Replay == "" {
		return nil, nil
	}
	var err error
	if api.TLS, err = s.behind.trust.config("upstream-ca"); err != nil {
		return nil, err
	}
	api.Logger = s.mock.Logger
	return upstream.New(api)
}

// unusedAnswers are the recorded answers that nobody has asked for, as the control lists
// them.
func unusedAnswers(api *upstream.Upstream) []admin.UnusedAnswer {
	list := []admin.UnusedAnswer{}
	for _, e := range api.Unused() {
		list = append(list, admin.UnusedAnswer{Line: e.Line, Method: e.Method, URL: e.URL})
	}
	return list
}
