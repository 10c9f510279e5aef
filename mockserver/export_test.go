package mockserver

import "github.com/vismanet-go/background/mockserver/internal/route"

// Spelled writes the names in a query as the built-in ERP reads them.
func Spelled(query string) string { return route.Spelled(query, queryNames()) }
