// Package docs holds nothing but tests of the Markdown files: that their Go
// blocks are compiled code, and that what they link, run and name exists.
package docs
