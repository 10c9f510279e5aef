package ginreceiver_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/gin-gonic/gin/binding"

	"github.com/vismanet-go/background/internal/hook"
	"github.com/vismanet-go/background/receiver/ginreceiver"
	"github.com/vismanet-go/background/store"
)

// What is not the receiver's goes where the user sent it.
func TestMountLeavesTheUsersOtherHandlersAlone(t *testing.T) {
	rcv, _ := newReceiver(t)
	router := gin.New()
	router.UseRawPath, router.HandleMethodNotAllowed = true, true
	router.NoRoute(func(c *gin.Context) { c.String(http.StatusTeapot, "no route") })
	router.NoMethod(func(c *gin.Context) { c.String(http.StatusConflict, "no method") })
	api := router.Group("/api", func(c *gin.Context) { c.Header("X-Api", "1") })
	hooks := api.Group("/v1").Group("/hooks")
	hooks.GET("/erp", func(c *gin.Context) { c.String(http.StatusOK, "a page about it") })
	hooks.OPTIONS("/*any", func(c *gin.Context) { c.Status(http.StatusNoContent) })
	ginreceiver.Mount(hooks, "erp", rcv)
	hooks.GET("/erp/status", func(c *gin.Context) { c.String(http.StatusOK, "how it is") })
	hooks.POST("/other/:id", func(c *gin.Context) { c.String(http.StatusAccepted, c.Param("id")) })

	tests := []struct {
		method, target, key string
		want                int
	}{
		{"POST", "/api/v1/hooks/erp", key, 200},
		{"POST", "/api/v1/hooks/erp/" + capability(), "", 200},
		{"POST", "/api/v1/hooks/erp/a%2Fb", "", 404}, // the receiver's answer, as any unknown capability gets it
		{"GET", "/api/v1/hooks/erp", "", 200},
		{"GET", "/api/v1/hooks/erp/status", "", 200},
		{"GET", "/api/v1/hooks/erp/" + capability(), "", 405},
		{"HEAD", "/api/v1/hooks/erp", "", 405},
		{"OPTIONS", "/api/v1/hooks/erp", "", 204},
		{"PUT", "/api/v1/hooks/erp", "", 409},
		{"POST", "/api/v1/hooks/other/7", "", 202},
		{"POST", "/api/v1/hooks", "", 418},
		{"POST", "/elsewhere/" + capability(), "", 418},
	}
	for _, tt := range tests {
		if got := do(router, tt.method, tt.target, tt.key); got != tt.want {
			t.Errorf("%s %s: got %d, want %d", tt.method, hook.Redact(tt.target), got, tt.want)
		}
	}
}

func TestABodyThatAMiddlewareHasBoundIsAskedForAgain(t *testing.T) {
	for name, bind := range map[string]gin.HandlerFunc{
		"ShouldBindJSON":     func(c *gin.Context) { _ = c.ShouldBindJSON(new(map[string]any)) },
		"ShouldBindBodyWith": func(c *gin.Context) { _ = c.ShouldBindBodyWith(new(map[string]any), binding.JSON) },
		"GetRawData":         func(c *gin.Context) { _, _ = c.GetRawData() },
	} {
		for _, target := range []string{"/webhooks/erp", "/webhooks/erp/" + capability()} {
			rcv, st := newReceiver(t)
			router := gin.New()
			router.Use(bind)
			ginreceiver.Mount(router, "/webhooks/erp", rcv)
			if got := post(router, target, key); got != 503 {
				t.Errorf("%s, %s: got %d, want 503", name, hook.Redact(target), got)
			}
			if list, err := st.List(t.Context(), store.NoTenant, store.Query{}); err != nil || len(list) != 0 {
				t.Errorf("%s: got %d stored, %v; want none", name, len(list), err)
			}
		}
	}
}

func TestMountRefusesWhatIsNoPath(t *testing.T) {
	for _, path := range []string{"https://hooks.example/erp", "/erp?x=1", "/erp#x", "POST /erp", "/erp\n"} {
		func() {
			defer func() {
				if text, _ := recover().(string); !strings.Contains(text, "is no path") {
					t.Errorf("Mount(%q): got the panic %q, want one that says that it is no path", path, text)
				}
			}()
			rcv, _ := newReceiver(t)
			ginreceiver.Mount(gin.New(), path, rcv)
		}()
	}
	rcv, _ := newReceiver(t)
	router := gin.New()
	ginreceiver.Mount(router, "webhooks", rcv) // which gin takes for a path, not for a host
	if got := post(router, "/webhooks", key); got != 200 {
		t.Errorf("without a slash: got %d, want 200", got)
	}
}

func TestMountAtTheRoot(t *testing.T) {
	for _, path := range []string{"", "/"} {
		rcv, _ := newReceiver(t)
		router := gin.New()
		ginreceiver.Mount(router, path, rcv)
		for target, want := range map[string]int{"/": 200, "/" + capability(): 200, "/x": 404} {
			if got := post(router, target, key); got != want {
				t.Errorf("Mount(%q): got %d for %s, want %d", path, got, hook.Redact(target), want)
			}
		}
	}
}
