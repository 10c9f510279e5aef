package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// checked loads and validates a view. Where that fails for the source as well,
// it returns what is wrong as a note: the view is no worse.
func checked(out, source []byte) (note string, err error) {
	failed := loads(out)
	switch failed {
	case nil:
		return "", nil
	case errLong:
		return "kin-openapi takes the view: " + failed.Error(), nil
	}
	own := loads(source)
	if own == nil {
		return "", fmt.Errorf("the view does not load, though the document does; please report this: %s", short(failed))
	}
	return "kin-openapi does not take the document, with or without the view: " + short(own), nil
}

// patience is for how long a view is validated. Where hundreds of schemas refer
// to each other in circles, kin-openapi follows every way through them.
const patience = 30 * time.Second

// loads reports why kin-openapi does not take a document, and errLong if it did
// not find out in time. Examples may be wrong.
func loads(data []byte) error {
	doc, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- doc.Validate(context.Background(), openapi3.DisableExamplesValidation()) }()
	select {
	case err := <-done:
		return err
	case <-time.After(patience): // it cannot be stopped, but the program ends soon
		return errLong
	}
}

var errLong = fmt.Errorf("it loads, but is not validated after %v", patience)

// short returns the beginning of an error, which may quote a schema.
func short(err error) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	if len(text) > 300 {
		return strings.ToValidUTF8(text[:300], "") + "…"
	}
	return text
}
