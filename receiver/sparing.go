package receiver

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// maxWarnings is how many warnings a second a sparing logger writes.
const maxWarnings = 10

// sparing logs what anybody can make happen: a flood of requests must not
// become a flood of the log. It is safe for concurrent use.
type sparing struct {
	log *slog.Logger

	mu      sync.Mutex // guards the rest
	second  int64
	written int
	skipped int
}

// warn logs a warning, or counts it if there were many in this second; the
// count goes with the next one.
func (s *sparing) warn(ctx context.Context, msg string, attrs ...any) {
	s.mu.Lock()
	if now := time.Now().Unix(); now != s.second {
		s.second, s.written = now, 0
	}
	if s.written == maxWarnings {
		s.skipped++
		s.mu.Unlock()
		return
	}
	s.written++
	if s.skipped > 0 {
		attrs = append(attrs, "not_logged", s.skipped)
		s.skipped = 0
	}
	s.mu.Unlock()
	s.log.WarnContext(ctx, msg, attrs...)
}
