package ginreceiver_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/vismanet-go/background/receiver"
	"github.com/vismanet-go/background/receiver/ginreceiver"
	"github.com/vismanet-go/background/store"
)

// How do I mount the receiver in my gin router?
func ExampleMount() {
	rcv, err := receiver.New(receiver.Config{
		Store:       store.NewMemory(store.MemoryConfig{}),
		SigningKeys: []string{"c2lnbi1rZXktZm9yLXRlc3Rz"}, // from the developer portal
	})
	if err != nil {
		panic(err)
	}
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.Use(gin.Recovery()) // and ginreceiver.Logger() in place of gin's
	ginreceiver.Mount(router.Group("/webhooks"), "/erp", rcv)

	// What the dispatcher sends:
	request := httptest.NewRequest(http.MethodPost, "/webhooks/erp", strings.NewReader(`{"note":"Blåbær"}`))
	request.Header.Set("x-vwd-signature-v1", "XN5CSko6S2VgI+Ct/YxJJj+vLiOY0pjCIgFolxCx91E=")
	answer := httptest.NewRecorder()
	router.ServeHTTP(answer, request)
	fmt.Println(answer.Code)
	// Output:
	// 200
}
