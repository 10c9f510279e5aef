package compare

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
)

// Host is where and with what a report was made.
type Host struct {
	CPU     string
	Cores   int
	System  string
	Go      string
	Modules map[string]string // versions of what is compared
}

// compared are the modules whose versions a report names.
var compared = []string{
	"github.com/riverqueue/river", "github.com/riverqueue/river/riverdriver/riversqlite", "github.com/riverqueue/river/riverdriver/riverpgxv5",
	"github.com/dbos-inc/dbos-transact-golang", "github.com/ThreeDotsLabs/watermill-sql/v4", "github.com/jackc/pgx/v5",
	"github.com/gin-gonic/gin", "modernc.org/sqlite",
	"github.com/Azure/azure-sdk-for-go/sdk/azcore", "cloud.google.com/go/longrunning", "github.com/hashicorp/go-retryablehttp",
}

func readHost() Host {
	h := Host{CPU: "unknown", Cores: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(), Modules: make(map[string]string)}
	for line := range strings.Lines(read("/proc/cpuinfo")) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			h.CPU = strings.TrimSpace(strings.TrimLeft(name, " \t:"))
			break
		}
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return h
	}
	for _, m := range info.Deps {
		for _, path := range compared {
			if m.Path == path {
				h.Modules[path] = m.Version
			}
		}
	}
	return h
}

// loadAverage is that of the last minute, 0 where the system does not tell.
func loadAverage() float64 {
	first, _, _ := strings.Cut(read("/proc/loadavg"), " ")
	v, err := strconv.ParseFloat(first, 64)
	if err != nil {
		return 0
	}
	return v
}

func read(file string) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	return string(data)
}
