package client_test

import (
	"fmt"
	"time"

	"github.com/vismanet-go/background/client"
)

// overnight is for work that nobody waits for: it is polled when nearly all of it
// has ended, and then every half hour.
func overnight(p client.PollInfo) time.Duration {
	if p.Polls == 0 && p.Learned != nil {
		return p.Learned.Quantile(0.95)
	}
	return 30 * time.Minute
}

func ExampleSchedule() {
	c, err := client.New(client.Config{BaseURL: "https://api.finance.visma.net", Schedule: overnight})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	fmt.Println(overnight(client.PollInfo{Polls: 1}))
	// Output: 30m0s
}
