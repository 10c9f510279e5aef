package usercode_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/vismanet-go/background/internal/usercode"
)

func TestCodeThatDoesNotReturnIsAnError(t *testing.T) {
	failed := errors.New("failed")
	for name, tt := range map[string]struct {
		f     func() error
		want  string
		stack bool
	}{
		"nil":      {func() error { return nil }, "<nil>", false},
		"an error": {func() error { return failed }, "failed", false},
		"a panic":  {func() error { panic("a nil map") }, "the code panicked: a nil map", true},
		"a panic of nil": {
			func() error { panic(nil) }, "the code panicked: panic called with nil argument", true,
		},
		"Goexit": {func() error { runtime.Goexit(); return nil }, "the code ended its goroutine (runtime.Goexit) and did not return", false},
	} {
		t.Run(name, func(t *testing.T) {
			err := usercode.Call("the code", tt.f)
			if got := fmt.Sprint(err); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			line := fmt.Sprint(usercode.Logged(err)...)
			if got := strings.Contains(line, "usercode_test.go"); got != tt.stack {
				t.Errorf("logged with a stack: %t, want %t\n%s", got, tt.stack, line)
			}
		})
	}
}
