//go:build unix

package crashtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/vismanet-go/background/client"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/store"
)

// work is an operation of an application that uses the outbox.
type work struct {
	reference string
	sequence  string
	customer  string
}

// works are what is handed over, in this order: one by itself, a sequence whose second
// one is refused and sent again, a sequence whose first one fails and is skipped, and
// one that is withdrawn.
var works = []work{
	{"plain", "", "10045"},
	{"s1", "s", "10045"},
	{refused, "s", "10045"},
	{"s3", "s", "10045"},
	{failing, "t", "no such customer"},
	{"t2", "t", "10045"},
	{withdrawn, "", "10045"},
}

const (
	refused   = "s2"
	failing   = "t1"
	withdrawn = "gone"
)

// refuseOnce has the ERP refuse the first attempt of one.
var refuseOnce = fault.Rule{
	On: fault.OnIntake, Times: 1, Match: func(e fault.Event) bool { return e.Request.URL.Query().Get("reference") == refused },
	Do: fault.Answer{Status: http.StatusUnprocessableEntity, Body: `{"message":"the period is closed"}`},
}

// body is the request's, with words that are nowhere else.
func (w work) body() string {
	note := `{"note":{"value":"` + strings.Repeat("the body of "+w.reference+" ", 4) + `"},`
	return note + strings.Replace(invoice[1:], "10045", w.customer, 1)
}

func (w work) request() *http.Request {
	r, err := http.NewRequest("POST", "/v2/customerinvoice?reference="+w.reference, strings.NewReader(w.body()))
	if err != nil {
		panic(err)
	}
	r.Header.Set("Content-Type", "application/json")
	return r
}

func (w work) options() client.SubmitOptions {
	return client.SubmitOptions{Key: w.reference, Kind: "invoice", Sequence: w.sequence, Metadata: map[string]string{"reference": w.reference}}
}

// errStuck says that something waits for a person who knows what the ERP has taken.
var errStuck = errors.New("something is uncertain")

// handOver is what the application does whenever it begins, however far it came before:
// it hands everything over, withdraws what is not to be sent, and has the rest run to
// its end, or as far as it can.
func (a *app) handOver(ctx context.Context) error {
	for _, w := range works {
		op, err := a.client.Enqueue(ctx, w.request(), w.options())
		if err != nil {
			return err
		}
		if w.reference == withdrawn {
			err := op.Withdraw(ctx, "ordered by mistake")
			if rec, _ := a.store.Get(ctx, tenant, op.Ref()); rec.Phase != store.Rejected {
				return fmt.Errorf("it was withdrawn, and is %s: %w", rec.Phase, err)
			}
		}
		a.fuse.pass("code/enqueued/" + w.reference)
	}
	run, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- a.client.Run(run) }()
	err := a.mind(ctx)
	a.fuse.pass("code/minded")
	stop()
	err = errors.Join(err, <-ended)
	if errors.Is(err, errStuck) && a.Want != wantHandled {
		return nil
	}
	return err
}

// mind resumes what has stopped until everything is as it is to be, or something is
// uncertain. It looks past the points, because nobody knows how often it has to.
func (a *app) mind(ctx context.Context) error {
	var last error
	for {
		recs, err := a.store.List(ctx, tenant, store.Query{})
		if err != nil {
			return err
		}
		moving, stuck, all := 0, 0, ""
		for _, rec := range recs {
			reference := rec.Metadata["reference"]
			all += fmt.Sprintf(" %s %s (%s),", reference, rec.Phase, rec.Reason)
			switch {
			case rec.Phase == store.Uncertain:
				stuck++
			case rec.Phase == store.Queued && rec.Blocked, ended(&rec):
			case rec.Phase == store.Dead:
				moving++
				how := client.Retry
				if reference == failing {
					how = client.Skip
				}
				if err := a.resume(ctx, rec.Key, how); err != nil {
					last = fmt.Errorf("%s: %w", reference, err)
				}
			default:
				moving++
			}
		}
		switch {
		case moving == 0 && stuck == 0:
			return nil
		case moving == 0 && a.Want != wantHandled:
			return errStuck
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it has come no further than%s: %w", all, errors.Join(ctx.Err(), last))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// resume has a sequence go on. Another process may have been quicker, which is seen at
// the next look.
func (a *app) resume(ctx context.Context, key string, how client.Resume) error {
	op, err := a.client.OperationByKey(ctx, key)
	if err != nil {
		return err
	}
	err = op.ResumeSequence(ctx, how, "somebody has looked at it")
	a.fuse.pass("code/" + string(how))
	return err
}

// ended reports whether a record is as it is to be in the end.
func ended(rec *store.Record) bool {
	switch rec.Metadata["reference"] {
	case withdrawn:
		return rec.Phase == store.Rejected
	case failing:
		return rec.Phase == store.Dead && rec.Place == 0
	}
	return rec.Phase == store.Acknowledged
}

// note is the effect of an operation: a line in the ledger. One that has failed is a
// dead letter.
func (a *app) note(ctx context.Context, done client.Completion) error {
	reference := done.Metadata["reference"]
	if failed, ok := errors.AsType[*client.OperationError](done.Err); ok {
		if _, err := fmt.Fprintf(a.ledger, "%s %d\n", reference, failed.StatusCode); err != nil {
			return err
		}
		return client.Discard(done.Err)
	}
	line, err := told(ctx, done)
	if err == nil {
		_, err = a.ledger.WriteString(reference + " " + line + "\n")
	}
	return err
}

// takeOver is the process that comes after. A person tells it what the ERP has taken of
// what is uncertain; where the ERP notifies, that tells of it. Without a person it goes
// on with what it can.
func (a *app) takeOver(ctx context.Context) error {
	if a.Want != wantHandled {
		return a.handOver(ctx)
	}
	recs, err := a.store.List(ctx, tenant, store.Query{})
	for _, rec := range recs {
		if err != nil {
			return err
		}
		if rec.Phase != store.Sending && rec.Phase != store.Uncertain {
			continue
		}
		err = a.tell(ctx, rec)
	}
	if err == nil {
		err = a.handOver(ctx)
	}
	return err
}

// tell is the person.
func (a *app) tell(ctx context.Context, rec store.Record) error {
	id, taken := a.Taken[rec.Metadata["reference"]]
	if taken && a.notify != "" {
		return nil
	}
	if err := a.await(ctx, rec.Ref, store.Uncertain); err != nil {
		return err
	}
	op, err := a.client.OperationByKey(ctx, rec.Key)
	if err != nil {
		return err
	}
	word := client.NotAccepted("it is not there")
	if taken {
		word = client.AcceptedAs(id)
	}
	return op.Resolve(ctx, word)
}
