package ginreceiver

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/vismanet-go/background/receiver"
)

// Mount routes POST requests to rcv: the path itself, with and without a
// slash at its end, for subscription mode, and everything below it for URL
// mode. GET, HEAD and OPTIONS, with which senders and gateways try an address
// out, get to rcv too, which answers 405 and names POST in Allow: at the path
// and one segment below it. The path is relative to r where r is a group, and
// the middleware of r runs before. The receiver takes capabilities out of
// c.Params too, before any middleware goes on after it.
//
// It panics where gin does: if one of the routes is taken; and if no request
// could match the path. At the root of an engine it takes every POST route,
// and leaves the other methods to the engine: set HandleMethodNotAllowed.
func Mount(r gin.IRoutes, path string, rcv *receiver.Receiver) {
	if strings.ContainsAny(path, "?# \t\r\n") || strings.Contains(path, "://") {
		panic(fmt.Sprintf("ginreceiver: Mount: the path %q is no path; want one such as %q", path, "/webhooks/erp"))
	}
	path = strings.TrimRight(path, "/")
	if !isRoot(r, path) {
		r.POST(path, handler(rcv.ServeHTTP))
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions} {
			for _, probed := range []string{path, path + "/", path + "/:capability"} {
				offer(r, method, probed, handler(rcv.ServeHTTP))
			}
		}
	}
	r.POST(path+"/*rest", func(c *gin.Context) {
		if c.Param("rest") == "/" {
			handler(rcv.ServeHTTP)(c)
			return
		}
		handler(rcv.ServeCapability)(c)
	})
}

// offer routes requests to h unless the user has a route there.
func offer(r gin.IRoutes, method, path string, h gin.HandlerFunc) {
	defer func() {
		_ = recover() // gin panics if the route is taken, and tells it in no other way
	}()
	r.Handle(method, path, h)
}

// isRoot reports whether path leads to "/", which gin cannot route beside
// "/*rest".
func isRoot(r gin.IRoutes, path string) bool {
	group, ok := r.(interface{ BasePath() string })
	return path == "" && (!ok || group.BasePath() == "/")
}

func handler(serve http.HandlerFunc) gin.HandlerFunc {
	return func(c *gin.Context) {
		redactParams(c)
		serve(c.Writer, c.Request)
	}
}

// Conceal returns a middleware that takes capabilities out of the request's
// path and parameters before any later middleware sees them; the mounted
// receiver still finds them. Use it first:
//
//	router := gin.New()
//	router.Use(ginreceiver.Conceal(), myLogger, gin.Recovery())
//
// On the engine it also covers webhooks that no route matches, which a mounted
// receiver never sees. A middleware that was there before it, such as the logger
// that [gin.Default] brings, has noted the path already and logs it.
func Conceal() gin.HandlerFunc {
	return conceal
}

func conceal(c *gin.Context) {
	redactParams(c)
	c.Request = receiver.Conceal(c.Request)
}

// Logger returns gin's logger with [Conceal] before it: it logs what
// [gin.Logger] logs, and capabilities as "[redacted]". Use it first and in
// place of gin's:
//
//	router := gin.New()
//	router.Use(ginreceiver.Logger(), gin.Recovery())
func Logger() gin.HandlerFunc {
	log := gin.Logger()
	return func(c *gin.Context) {
		conceal(c)
		log(c)
	}
}

func redactParams(c *gin.Context) {
	for i, p := range c.Params {
		c.Params[i].Value = receiver.Redact(p.Value)
	}
}
