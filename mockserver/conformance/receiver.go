package conformance

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"sync"
)

// killedAt2xx sends notifications at once, kills the receiver at the first 2xx, and
// holds that it knows each that it acknowledged.
func killedAt2xx(p *play) {
	const rounds, each = 3, 12
	var acknowledged []string
	for round := range rounds {
		var wg sync.WaitGroup
		var mu sync.Mutex // guards acknowledged
		victim := p.cand
		for i := range each {
			wg.Go(func() {
				id := guid(round*each + i)
				if p.post(message{body: about(id), sign: p.key(0)})/100 != 2 {
					return
				}
				victim.process.kill()
				mu.Lock()
				acknowledged = append(acknowledged, id)
				mu.Unlock()
			})
		}
		wg.Wait()
		victim.kill()
		p.start()
		stored := p.list()
		for _, id := range acknowledged {
			if !slices.Contains(stored, id) {
				p.stage.broke(ruleStored, fmt.Sprintf("it acknowledged the notification of %s, and did not know it after it was killed", id), "it to be stored before the 2xx")
				return
			}
		}
	}
	if len(acknowledged) == 0 {
		p.stage.broke(ruleStored, "it acknowledged nothing", "a 2xx to notifications with a valid signature")
	}
}

// openConnections leaves connections open at which nothing comes, and holds that a
// notification is taken.
func openConnections(p *play) {
	u, err := url.Parse(p.cand.Webhook)
	p.must(err)
	for range 50 {
		conn, err := net.Dial("tcp", u.Host)
		p.must(err)
		defer conn.Close()
		_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: 100\r\n", u.RequestURI(), u.Host)
		p.must(err)
	}
	p.goesOn()
}
