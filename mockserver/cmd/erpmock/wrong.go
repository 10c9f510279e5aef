package main

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
)

// listening says why an address cannot be listened on.
func listening(address string, err error) error {
	hint := ""
	if _, port, wrong := net.SplitHostPort(address); wrong != nil {
		hint = "; want host:port, such as 127.0.0.1:8787"
	} else if errors.Is(err, syscall.EADDRINUSE) {
		hint = "; with 0 in place of " + port + " any free port is taken, and --port-file tells which"
	}
	return fmt.Errorf("--listen %q: %w%s", address, err, hint)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
