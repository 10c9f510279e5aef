package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/vismanet-go/background/client"
)

// verifiers are what --verify names.
func verifiers() map[string]client.Verifier {
	return map[string]client.Verifier{"invoice-released": {Path: releasedPath, Check: released}}
}

func verifierNames() []string { return slices.Sorted(maps.Keys(verifiers())) }

// releasedPath is where an invoice is read whose release was asked for.
func releasedPath(v client.Verification) (string, error) {
	path, found := strings.CutSuffix(v.Path, "/action/release")
	if !found {
		return "", fmt.Errorf("%s is no release action", v.Path)
	}
	return path, nil
}

// released confirms the release of an invoice by its status.
func released(_ client.Verification, resp *http.Response) error {
	var invoice struct{ Status string }
	if err := json.NewDecoder(resp.Body).Decode(&invoice); err != nil {
		return err
	}
	switch invoice.Status {
	case "Open", "Closed":
		return nil
	case "Balanced":
		return client.ErrNotYet
	}
	return fmt.Errorf("the invoice is %s", invoice.Status)
}
