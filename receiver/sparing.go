package receiver

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// maxLines is how many lines a second a sparing logger writes.
const maxLines = 10

// sparing logs what anybody can make happen: a flood of requests must not
// become a flood of the log. It is safe for concurrent use.
type sparing struct {
	out *slog.Logger

	mu      sync.Mutex // guards the rest
	second  int64
	written int
	skipped int
}

// log writes a line, or counts it if there were many in this second; the count
// goes with the next one.
func (s *sparing) log(ctx context.Context, level slog.Level, msg string, attrs ...any) {
	s.mu.Lock()
	if now := time.Now().Unix(); now != s.second {
		s.second, s.written = now, 0
	}
	if s.written == maxLines {
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
	s.out.Log(ctx, level, msg, attrs...)
}
