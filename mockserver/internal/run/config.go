// Package run takes operations from the queue and has them carried out.
package run

import (
	"log/slog"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/background"
	"github.com/vismanet-go/background/mockserver/internal/vtime"
	"github.com/vismanet-go/background/mockserver/journal"
	"github.com/vismanet-go/background/mockserver/profile"
	"github.com/vismanet-go/background/mockserver/queue"
)

// Config is what operations are run by.
type Config struct {
	Log     *slog.Logger
	Pool    *vtime.Pool
	Clocks  *vtime.Clocks
	Journal *journal.Recorder
	Store   queue.Queue
	Profile func(company string) profile.Profile

	Workers     int         // of a company, on all servers together
	MaxRunning  int         // of all companies, on this server; 0: no limit
	MaxAttempts int         // after so many workers that stopped a job is given up
	Order       queue.Order // in which the jobs of a company start
	ExecTimeout time.Duration
	Retention   time.Duration

	// Work prepares a job.
	Work func(*queue.Job) Work

	// Ended hears of an operation that has just ended.
	Ended func(op *background.Operation, g *vtime.Generation)

	// Resume goes on with the notification of an operation that another
	// process has left.
	Resume func(op *background.Operation)
}
