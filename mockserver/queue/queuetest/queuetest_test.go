package queuetest_test

import (
	"testing"

	"github.com/vismanet-go/background/mockserver/queue"
	"github.com/vismanet-go/background/mockserver/queue/queuetest"
)

func TestMemoryQueue(t *testing.T) {
	queuetest.Run(t, func(*testing.T) queue.Queue { return queue.NewMemory() })
}
