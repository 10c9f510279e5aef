package main

import (
	"net"
	"strconv"
	"testing"
)

// localhost is both loopbacks with one port, so that it does not matter which of
// them a client takes it for.
func TestLocalhostIsBothLoopbacks(t *testing.T) {
	six, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("this machine has no IPv6: ", err)
	}
	defer six.Close()
	list, err := listen(t.Context(), "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range list {
		defer l.Close()
	}
	if len(list) != 2 || portOf(list[0]) != portOf(list[1]) || list[0].Addr().(*net.TCPAddr).IP.To4() == nil {
		t.Errorf("got %v, want both with one port", list)
	}
	if l, err := listen(t.Context(), "localhost:"+strconv.Itoa(portOf(six))); err == nil {
		t.Errorf("got %v, want an error: the port is taken on one of them", l)
	}
	one, err := listen(t.Context(), "127.0.0.1:0")
	if err != nil || len(one) != 1 {
		t.Fatalf("got %v, %v; want one", one, err)
	}
	_ = one[0].Close()
}
