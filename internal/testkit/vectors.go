package testkit

import (
	"encoding/json"
	"io/fs"
	"testing"

	"github.com/vismanet-go/background/openapi/vectors"
)

// A Vector is a case of a file in openapi/vectors.
type Vector[I, W any] struct {
	Name, Why   string
	Input       I
	InputBase64 []byte
	Want        W
}

// A Body is the input of a vector that is a body, however it is written.
type Body []byte

// UnmarshalJSON reads the text of a body.
func (b *Body) UnmarshalJSON(data []byte) error {
	var text string
	err := json.Unmarshal(data, &text)
	*b = Body(text)
	return err
}

// A BodyIn is embedded in the input of a vector that has a body among its fields.
type BodyIn struct {
	Body       string
	BodyBase64 []byte
}

// Bytes returns the body, however it is written.
func (b BodyIn) Bytes() []byte {
	if b.BodyBase64 != nil {
		return b.BodyBase64
	}
	return []byte(b.Body)
}

// Vectors reads the cases of a file in openapi/vectors, by its name without .json.
func Vectors[I, W any](t testing.TB, name string) []Vector[I, W] {
	t.Helper()
	data, err := fs.ReadFile(vectors.FS(), name+".json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Version int
		Cases   []Vector[I, W]
	}
	if err := json.Unmarshal(data, &file); err != nil || file.Version != 1 || len(file.Cases) == 0 {
		t.Fatalf("vectors %s: version %d, %d cases, %v; want version 1 and cases", name, file.Version, len(file.Cases), err)
	}
	for i := range file.Cases {
		v := &file.Cases[i]
		if body, ok := any(&v.Input).(*Body); ok && v.InputBase64 != nil {
			*body = v.InputBase64
		}
	}
	return file.Cases
}
