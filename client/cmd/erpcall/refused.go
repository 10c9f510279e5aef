package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/vismanet-go/background/internal/cli"
)

// refusedName is where the rows stand that the ERP refused.
func (out *results) refusedName() string { return out.in.name + ".refused.jsonl" }

// rewriteRefused has the file of refused rows hold those of the lines that stay.
func (out *results) rewriteRefused() error {
	if out.kept[refused] == 0 {
		if _, err := os.Stat(out.refusedName()); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err := out.openRefused(); err != nil { // as nobody else may have it
			return err
		}
		err := errors.Join(out.refused.Close(), os.Remove(out.refusedName()))
		out.refused = nil
		return err
	}
	stays := make(map[int]string)
	data, err := os.ReadFile(out.file.Name())
	if err != nil {
		return err
	}
	for line := range bytes.Lines(data) {
		var r result
		if json.Unmarshal(line, &r) == nil && r.Outcome == refused {
			stays[r.Row] = r.Message
		}
	}
	if err := out.openRefused(); err != nil {
		return err
	}
	return out.in.eachRow(1, func(r *row) error {
		if why, ok := stays[r.number]; ok {
			return out.appendRefused(r, why)
		}
		return nil
	})
}

// openRefused opens the file of refused rows, and empties it.
func (out *results) openRefused() (err error) {
	if out.refused, err = os.OpenFile(out.refusedName(), os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
		return err
	}
	if err := out.hold("the refused rows", out.refused); err != nil {
		return err
	}
	return out.refused.Truncate(0)
}

// checkMended refuses to write over refused rows of an earlier run that somebody has
// mended since.
func (out *results) checkMended() error {
	f, err := os.Open(out.refusedName())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	written := make(map[string]row)
	lines := bufio.NewReader(f)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break // what has no end was being written when the power failed
		}
		if err != nil {
			return err
		}
		var r row
		if json.Unmarshal(line, &r) != nil {
			return out.mended("a line of it is no row")
		}
		r.Why = ""
		written[r.Key] = r
	}
	return out.in.eachRow(1, func(r *row) error {
		was, ok := written[r.Key]
		if ok && !bytes.Equal(was.sent(), r.sent()) {
			return out.mended(fmt.Sprintf("row %d of %s says something else", r.number, out.in.name))
		}
		return nil
	})
}

func (out *results) mended(how string) error {
	return cli.Usagef("%s holds refused rows that were mended since (%s), and would be written anew: run it and move it away, or remove it", out.refusedName(), how)
}

// appendRefused adds a row, with the key under which it was refused: that is free.
func (out *results) appendRefused(r *row, why string) error {
	if out.refused == nil {
		if err := out.openRefused(); err != nil {
			return err
		}
	}
	again := *r
	again.Why = why
	enc := json.NewEncoder(out.refused)
	enc.SetEscapeHTML(false) // the same bytes are the same work
	return enc.Encode(again)
}
