package main

import (
	"context"
	"io"
	"os"

	"golang.org/x/term"
)

// openTerminal has single keys read, if listen runs on a terminal. What it returns
// makes the terminal what it was.
func (l *listener) openTerminal() (restore func()) {
	in, ok := l.control.app.stdin.(*os.File)
	out, alsoOK := l.out.(*os.File)
	if !ok || !alsoOK || !term.IsTerminal(int(in.Fd())) || !term.IsTerminal(int(out.Fd())) {
		return func() {}
	}
	state, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return func() {} // then it goes without keys
	}
	l.isTerminal = true
	return func() { _ = term.Restore(int(in.Fd()), state) }
}

func (l *listener) newline() string {
	if l.isTerminal {
		return "\r\n"
	}
	return "\n"
}

func (l *listener) keyHelp() string {
	if l.isTerminal {
		return "; r forwards the last one again, d shows its details, q quits"
	}
	return ""
}

// readKeys does what keys ask for, until the program ends.
func (l *listener) readKeys(ctx context.Context, quit func()) {
	if l.isTerminal {
		go l.obeyKeys(ctx, l.control.app.stdin, quit)
	}
}

// obeyKeys does what the keys in a stream ask for. In raw mode Ctrl-C and Ctrl-D
// are keys as well.
func (l *listener) obeyKeys(ctx context.Context, in io.Reader, quit func()) {
	const ctrlC, ctrlD = 3, 4
	key := make([]byte, 1)
	for ctx.Err() == nil {
		if _, err := in.Read(key); err != nil {
			return
		}
		l.mu.Lock()
		last := l.last
		l.mu.Unlock()
		switch {
		case key[0] == 'q' || key[0] == ctrlC || key[0] == ctrlD:
			quit()
			return
		case key[0] != 'r' && key[0] != 'd':
		case last == nil:
			l.print("there is no notification yet")
		case key[0] == 'd':
			l.print(last.details()...)
		case len(l.targets) == 0:
			l.print("there is nowhere to forward it: --forward-to URL names a target")
		default:
			l.print(append([]string{last.String() + ", again"}, texted(l.forward(ctx, last))...)...)
		}
	}
}
