package main

import (
	"context"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/fault"
	"github.com/vismanet-go/background/mockserver/queue/sqlitequeue"
)

// The ways in which --mock-fault has the mock misbehave.
const (
	faultLostAnswer = "lost-answer"
	faultRefuse     = "refuse"
	faultFail       = "fail"
	faultLimit      = "limit"
	faultSlow       = "slow"
)

func mockFaults() []string {
	return []string{faultLostAnswer, faultRefuse, faultFail, faultLimit, faultSlow}
}

// mockExecTime is long enough for people to see that an operation runs.
const mockExecTime = 1500 * time.Millisecond

// openMock starts a mock of the ERP in this process. What it was told stays in dir.
func openMock(ctx context.Context, dir, name string, log *slog.Logger) (*mockserver.Server, func(), error) {
	q, err := sqlitequeue.Open(ctx, sqlitequeue.Config{Dir: filepath.Join(dir, "mock-erp"), Logger: log})
	if err != nil {
		return nil, nil, err
	}
	cfg := mockserver.Config{Queue: q, ExecTime: mockserver.Fixed(mockExecTime), Workers: 16, Faults: mockRules(name)}
	if name == faultSlow {
		cfg.ExecTime = mockserver.Fixed(20 * time.Second)
	}
	srv, err := mockserver.New(cfg)
	if err != nil {
		_ = q.Close()
		return nil, nil, err
	}
	return srv, func() {
		_ = srv.Close()
		_ = q.Close()
	}, nil
}

// mockRules are the rules of a fault.
func mockRules(name string) []fault.Rule {
	once := fault.Rule{Name: name, On: fault.OnIntake, Times: 1}
	switch name {
	case faultLostAnswer:
		once.Do = fault.Answer{Process: true, Drop: true}
	case faultRefuse:
		once.Do = fault.Answer{Status: http.StatusBadRequest, Body: `{"message":"The customer is on hold."}`}
	case faultLimit:
		once.Do = fault.Answer{Status: http.StatusTooManyRequests, RetryAfter: 5 * time.Second}
	case faultFail:
		once.On, once.Do = fault.OnQueue, fault.Queue{Fail: "The period is closed."}
	default:
		return nil
	}
	return []fault.Rule{once}
}
