package queuetest_test

import (
	"testing"

	"github.com/vismanet-go/background/mockserver"
	"github.com/vismanet-go/background/mockserver/queuetest"
)

func TestMemoryQueue(t *testing.T) {
	queuetest.Run(t, func(*testing.T) mockserver.Queue { return mockserver.NewMemoryQueue() })
}
