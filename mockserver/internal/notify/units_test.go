package notify

import (
	"math"
	"slices"
	"testing"
	"time"
)

func TestRetryWaits(t *testing.T) {
	r := Retry{Attempts: 5, Interval: 5 * time.Second, MaxInterval: 10 * time.Minute, Timeout: 10 * time.Second}
	var got []time.Duration
	for n := 1; n <= 9; n++ {
		got = append(got, r.before(n))
	}
	s := time.Second
	want := []time.Duration{5 * s, 10 * s, 20 * s, 40 * s, 80 * s, 160 * s, 320 * s, 600 * s, 600 * s}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for n := range 200 {
		far := Retry{Interval: time.Hour, MaxInterval: math.MaxInt64 - 1}
		if got := far.before(n + 1); got < time.Hour {
			t.Errorf("before attempt %d: %v", n+2, got)
		}
	}
	if got := r.before(10_000); got != 10*time.Minute {
		t.Errorf("after 10 000 attempts: got %v, want 10m", got)
	}
}

func TestOnlyLoopbackAndPrivateTargets(t *testing.T) {
	for address, ok := range map[string]bool{
		"127.0.0.1:80": true, "[::1]:80": true, "10.1.2.3:1": true, "192.168.0.7:1": true, "172.16.0.1:443": true,
		"[fd00::1]:80": true, "[::ffff:127.0.0.1]:80": true, "100.64.0.1:80": true, "100.127.255.255:80": true,
		"100.63.255.255:80": false, "100.128.0.0:80": false,
		"8.8.8.8:53": false, "169.254.169.254:80": false, "0.0.0.0:80": false, "[::]:80": false, "[fe80::1]:80": false,
		"[::ffff:8.8.8.8]:80": false, "172.32.0.1:80": false, "nonsense": false,
	} {
		if err := privateOnly("tcp", address, nil); (err == nil) != ok {
			t.Errorf("%s: %v, want allowed: %v", address, err, ok)
		}
	}
}
