// Package supplierinvoice is generated from ../supplierinvoice.yaml, the
// foreground view of a part of ../erp.json.
package supplierinvoice
