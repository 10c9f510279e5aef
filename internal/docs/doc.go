// Package docs holds nothing but the tests of the Markdown files: their Go
// blocks are compiled code, and what they link, run and name is there.
package docs
