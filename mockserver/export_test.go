package mockserver

// Spelled writes the names in a query as the built-in ERP reads them.
func Spelled(query string) string { return spelled(query, queryNames()) }
