package sqlitestore

import (
	"os"
	"runtime"
	"time"
)

// mark is what the log looked like before a look at what has changed. Every
// change is written to the log, whose time of change tells of it for less than
// asking SQLite.
type mark struct {
	size    int64
	changed time.Time
	at      time.Time // of the mark, by the clock on the wall
}

// coarse is more than the file systems with the coarsest times round to. What
// is written into a log that was changed later ago gives it another time.
const coarse = 3 * time.Second

// markLog returns the zero mark if it cannot tell.
func markLog(path string) mark {
	if runtime.GOOS != "linux" { // elsewhere the time may change later than the file
		return mark{}
	}
	st, err := os.Stat(path + "-wal")
	if err != nil {
		return mark{}
	}
	return mark{st.Size(), st.ModTime(), time.Now().Round(0)}
}

// still reports whether nothing was written between two marks.
func (m mark) still(since mark) bool {
	return !since.at.IsZero() && since.at.Sub(since.changed) > coarse &&
		m.size == since.size && m.changed.Equal(since.changed) &&
		!m.at.Before(since.at) // a clock that was set back may repeat a time
}
