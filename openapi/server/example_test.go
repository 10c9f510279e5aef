package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/vismanet-go/background/openapi"
	"github.com/vismanet-go/background/openapi/server"
)

// gone answers every question for a queued call; the rest is left out here.
type gone struct {
	server.ServerInterface
}

func (gone) GetBackgroundContent(w http.ResponseWriter, _ *http.Request, id server.RequestID, _ server.GetBackgroundContentParams) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusGone)
	json.NewEncoder(w).Encode(openapi.ErrorMessage{Message: "The response of " + id + " has been removed."})
}

// How do I serve the contract?
func ExampleHandler() {
	handler := server.Handler(gone{})
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/background/5c1f0f0e/content", nil))
	fmt.Print(w.Code, " ", w.Body)
	// Output: 410 {"message":"The response of 5c1f0f0e has been removed."}
}
