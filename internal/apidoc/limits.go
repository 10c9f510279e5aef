package apidoc

import (
	"cmp"
	"fmt"
	"io"
)

// Limits bound what is read. A field that is zero has the default in its
// comment.
type Limits struct {
	// Bytes is the size of all files together. Default: 64 MiB.
	Bytes int
	// Depth is how deep values are nested. Default: 500.
	Depth int
	// Nodes is the number of values in all files together; keys are none.
	// Default: 3 million.
	Nodes int
	// Aliased is how many of them may be copies that aliases and merge keys of
	// YAML make. Default: 300 000.
	Aliased int
	// Files is the number of files that references may lead to. Default: 1 000.
	Files int
}

func (l Limits) withDefaults() Limits {
	return Limits{
		Bytes:   cmp.Or(l.Bytes, 64<<20),
		Depth:   cmp.Or(l.Depth, 500),
		Nodes:   cmp.Or(l.Nodes, 3_000_000),
		Aliased: cmp.Or(l.Aliased, 300_000),
		Files:   cmp.Or(l.Files, 1000),
	}
}

// Validate reports a negative limit.
func (l Limits) Validate() error {
	for name, value := range map[string]int{"Bytes": l.Bytes, "Depth": l.Depth, "Nodes": l.Nodes, "Aliased": l.Aliased, "Files": l.Files} {
		if value < 0 {
			return fmt.Errorf("apidoc: Limits.%s is %d; want 0 for the default, or more", name, value)
		}
	}
	return nil
}

// ReadAll reads what [Parse] is given, and no more of it than the limit allows.
// The name is that of the file, for errors.
func ReadAll(name string, r io.Reader, limits Limits) ([]byte, error) {
	limit := limits.withDefaults().Bytes
	data, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil {
		return nil, &Error{File: name, Msg: err.Error()}
	}
	if len(data) > limit {
		return nil, tooLarge(name, limit)
	}
	return data, nil
}

func tooLarge(name string, limit int) error {
	return &Error{File: name, Msg: fmt.Sprintf("larger than the limit of %d bytes", limit)}
}
