package pgstore

import (
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/testkit"
)

func TestTheShapeOfTheSchemaIsWhatOpenWants(t *testing.T) {
	s := open(t, config(t))
	conn, err := s.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	has, err := shapeOf(t.Context(), conn.Conn(), s.cfg.Schema)
	if err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, "shape.txt", strings.Join(has, "\n")+"\n")
}
