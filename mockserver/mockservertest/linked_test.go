package mockservertest_test

import (
	"os/exec"
	"strings"
	"testing"
)

// The helpers bring nothing along that the mock does not, and the mock does not
// link them: it is for programs too.
func TestWhatIsLinked(t *testing.T) {
	deps := func(pkg string) []string {
		out, err := exec.Command("go", "list", "-deps", pkg).Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.Fields(string(out))
	}
	mock := make(map[string]bool)
	for _, dep := range deps("..") {
		mock[dep] = true
	}
	if mock["testing"] {
		t.Error("the mock links testing")
	}
	for _, dep := range deps(".") {
		first, _, _ := strings.Cut(dep, "/")
		if strings.Contains(first, ".") && !mock[dep] && !strings.HasSuffix(dep, "/mockservertest") && !strings.HasSuffix(dep, "/internal/wanted") {
			t.Errorf("%s is linked", dep)
		}
	}
}
