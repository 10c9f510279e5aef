//go:build race

package main

// raced says that the race detector is at work, under which SQLite, translated
// from C, is too slow for a load worth the name.
const raced = true
