package spell

import "testing"

func TestNearest(t *testing.T) {
	names := []string{"intake", "state", "content", "foreground", "exec-time", "port-file", "on", "do", "status", "retryAfter"}
	for word, want := range map[string]string{
		"intaek": "intake", "Intake": "intake", "foregroud": "foreground", "exectime": "exec-time", "exec_time": "exec-time",
		"prot-file": "port-file", "retry_after": "retryAfter", "RetryAfter": "retryAfter", "stauts": "status", "sttus": "status",
		"lunch": "", "": "", "xy": "", "o": "on",
	} {
		if got := Nearest(word, names); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
	if got := Hint("stauts", names); got != "; did you mean status?" {
		t.Errorf("got %q", got)
	}
	if got := Hint("lunch", names) + Hint("status", names); got != "" {
		t.Errorf("got %q, want nothing", got)
	}
}
