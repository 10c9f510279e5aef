package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"

	"github.com/vismanet-go/background/internal/cli"
)

// savedName is where lines of results are safe while they are written anew: what they
// say may be kept nowhere else, for the ERP keeps an answer for a day.
func savedName(results string) string { return results + ".saved" }

// saveOld writes the final lines that are to be written again behind others to a file
// of their own, with those that a run left there which did not get as far.
func (out *results) saveOld(name string, keys []string) error {
	data, err := os.ReadFile(savedName(name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for line := range bytes.Lines(data) {
		var r result
		if json.Unmarshal(line, &r) != nil || r.Row < 1 || r.Row > len(keys) || r.Key != keys[r.Row-1] {
			return cli.Usagef("%s holds results of another batch: move it away", savedName(name))
		}
		if _, known := out.old[r.Row]; !known && r.Row >= out.next {
			out.old[r.Row] = line
		}
	}
	if len(out.old) == 0 {
		return nil
	}
	f, err := os.OpenFile(savedName(name)+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	for _, line := range out.old {
		if err == nil {
			_, err = f.Write(line)
		}
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), savedName(name))
}
