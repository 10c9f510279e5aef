// Package paths finds the path templates of an OpenAPI document that fit the path
// of a request.
//
// A template has segments such as "things", "{id}", "{name}.{format}" or
// "{id}:cancel". A parameter never stands for a slash, unless it is written {+name},
// {name*} or {name...}; a slash that is escaped is no slash. Concrete segments come
// before templated ones, and what is written exactly so before what differs in the
// case of its letters.
package paths
