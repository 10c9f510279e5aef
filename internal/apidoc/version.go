package apidoc

import "strings"

// Version is what a document says in its key openapi, without the last number:
// "3.0" or "3.1".
type Version string

// The versions that are understood.
const (
	V30 Version = "3.0"
	V31 Version = "3.1"
)

// Version returns the version of the document. It returns an [*Error] with a
// remedy for every other one, and for what is no OpenAPI document.
func (d *Document) Version() (Version, error) {
	if n := d.Root.Get("swagger"); n != nil {
		return "", n.Errorf("this is Swagger %s; want OpenAPI 3.0 or 3.1: convert it first, for example with `npx swagger2openapi`", shorten(n.Text))
	}
	n := d.Root.Get("openapi")
	if n == nil {
		return "", d.Root.Errorf("there is no key openapi; want an OpenAPI document of version 3.0 or 3.1")
	}
	switch {
	case !n.Is(String) && !n.Is(Number):
	case n.Text == "3.0" || strings.HasPrefix(n.Text, "3.0."):
		return V30, nil
	case n.Text == "3.1" || strings.HasPrefix(n.Text, "3.1."):
		return V31, nil
	}
	return "", n.Errorf("openapi is %q; want 3.0 or 3.1", shorten(n.Text))
}
