package main

import (
	"errors"
	"strconv"

	"github.com/vismanet-go/background/mockserver/upstream"
)

// behind is an API behind the mock, and the cassette of the calls to it.
type behind struct {
	api   upstream.Config
	trust trust
}

func (s *serving) upstreams() options {
	api, tape := &s.behind.api, &s.behind.api.Cassette
	return options{
		{name: "no-erp", usage: "leave the built-in ERP out, so that its paths too go to what is behind it; the background API is there all the same", set: yesOrNo(&s.mock.NoERP)},
		{name: "upstream", arg: "URL", field: "URL", usage: "pass on to this API what nothing else answers, in the foreground and in the background; the built-in ERP answers first, unless --no-erp leaves it out", set: text(&api.URL)},
		{name: "upstream-ca", arg: "file", repeats: true, usage: "trust an API whose certificate is in this PEM file, or is signed by one in it, besides those that the system trusts", set: texts(&s.behind.trust.files)},
		{name: "upstream-insecure", usage: "trust any certificate of the API", set: yesOrNo(&s.behind.trust.insecure)},
		{name: "upstream-drop", arg: "name", field: "Drop", repeats: true, usage: "a header of calls that is not passed on; a star at its end stands for anything: ipp-*", set: texts(&api.Drop)},
		{name: "upstream-forwarded", usage: "tell the API by X-Forwarded-For, -Host and -Proto who calls", set: yesOrNo(&api.Forwarded)},
		{name: "upstream-repeat", arg: "calls", usage: "calls that may be made again, where nobody knows whether they were carried out: safe (GET, HEAD, OPTIONS, TRACE) or idempotent (PUT and DELETE too) (default safe)", set: func(v string) error {
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
		{name: "upstream-repeat-key", arg: "header", field: "RepeatKey", usage: "a header, such as Idempotency-Key, with which any call may be made again (default: none)", set: text(&api.RepeatKey)},
		{name: "upstream-max-content", arg: "bytes", field: "MaxContent", initial: "33554432", usage: "how large an answer in the background may be; a larger one ends as Failed", set: func(v string) (err error) {
			if api.MaxContent, err = strconv.ParseInt(v, 10, 64); err != nil || api.MaxContent <= 0 {
				return errors.New("want a number of bytes above 0")
			}
			return nil
		}},
		{name: "upstream-max-wait", arg: "time", field: "MaxWait", initial: "5m", usage: "how long a call in the background waits for rate limits of the API, at most; with 0 a refusal is the answer", set: func(v string) error {
			err := duration(&api.MaxWait)(v)
			api.NoWait = api.MaxWait == 0
			return err
		}},
		{name: "upstream-fail-on", arg: "status", field: "FailOn", repeats: true, usage: "a status of answers, such as 502, that makes an operation Failed (default: none, what is answered is Finished)", set: func(v string) error {
			status, err := strconv.Atoi(v)
			if err != nil {
				return errors.New("want a status, such as 502")
			}
			api.FailOn = append(api.FailOn, status)
			return nil
		}},
		{name: "upstream-finish-unanswered", usage: "make an operation Finished with 502 or 504 that the API did not answer (default: Failed)", set: yesOrNo(&api.FinishUnanswered)},
		{name: "record", arg: "file", field: "Cassette.Record", usage: "append calls to the API and their answers to this cassette, without credentials", set: text(&tape.Record)},
		{name: "replay", arg: "file", field: "Cassette.Replay", usage: "answer from this cassette, without an API; if --record names it as well, what is missing is asked for and recorded. The exit status is 1 if answers were not asked for", set: text(&tape.Replay)},
		{name: "match", arg: "mode", usage: "which recorded answer is taken: strict (query and body must be the same, each is given once) or loose (the one that comes closest, as often as asked for) (default strict)", set: func(v string) error {
			if v != "strict" && v != "loose" {
				return errors.New("want strict or loose")
			}
			tape.Loose = v == "loose"
			return nil
		}},
		{name: "redact", arg: "name", field: "Cassette.Redact", repeats: true, usage: "a header, or a field of queries and bodies, of which the value is not recorded, besides those that hold credentials", set: texts(&tape.Redact)},
	}
}

// open returns what passes calls on, nil if there is nothing behind the mock.
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
