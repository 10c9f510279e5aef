package mockserver

import (
	"cmp"
	"context"
	"time"
)

// queueFault asks the rules at the acceptance of an operation.
func (s *Server) queueFault(op *operation) QueueFault {
	if !s.faults.wants(OnQueue) {
		return QueueFault{}
	}
	d, name := s.faults.decide(op.event(OnQueue), op.Received)
	f, ok := d.(QueueFault)
	if ok {
		s.log.Debug("execution disturbed", "rule", name, "id", op.ID)
	}
	return f
}

// event describes an operation to the rules.
func (op *operation) event(on Point) *Event {
	return &Event{Point: on, Company: op.Company, Method: op.Method, Path: pathBelowBase(op.Path), Operation: op.Operation}
}

// wrap disturbs the run of an operation.
func (f QueueFault) wrap(run func(context.Context) outcome) func(context.Context) outcome {
	if f == (QueueFault{Hold: f.Hold}) {
		return run
	}
	return func(ctx context.Context) outcome {
		for range f.Deaths {
			if Sleep(ctx, cmp.Or(f.Lease, 30*time.Second)) != nil {
				return connectionLost()
			}
		}
		if f.Fail != "" && !f.Late {
			return outcome{failure: f.Fail}
		}
		out := run(ctx)
		if f.Twice {
			out = run(ctx)
		}
		if f.Fail != "" {
			return outcome{failure: f.Fail}
		}
		return out
	}
}
