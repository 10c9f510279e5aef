package store

import "time"

// Ahead carries out a step on m as by a process whose clock is ahead.
func Ahead(m *Memory, by time.Duration, f func(Rules) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return f(Rules{Tx: aheadTx{&memoryTx{m: m}, by}})
}

type aheadTx struct {
	*memoryTx
	by time.Duration
}

func (tx aheadTx) Now() time.Time { return tx.memoryTx.Now().Add(tx.by) }
