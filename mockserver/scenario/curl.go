package scenario

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"
)

// Curl writes a scenario that [Record] has made as lines for a shell. They call the
// mock at $ERP, and have webhooks sent to $HOOK. The error matches [ErrNoCode] if a
// step is one that Record does not make.
func Curl(w io.Writer, s *Scenario) error {
	c := &curlWriter{company: s.Company}
	for line := range strings.SplitSeq(strings.TrimSpace(s.About), "\n") {
		c.line("# %s", line)
	}
	c.line("ERP=${ERP:-http://127.0.0.1:8787}")
	c.line("HOOK=${HOOK:-http://127.0.0.1:9000/}")
	var now time.Duration
	for i, step := range s.Steps {
		if err := codeless(&step); err != nil {
			return fmt.Errorf("steps[%d] %w", i, err)
		}
		if wait := step.At - now; wait >= time.Second {
			c.line("sleep %d", (wait+time.Second-1)/time.Second)
			now = step.At
		}
		if err := c.step(&step); err != nil {
			return fmt.Errorf("steps[%d] %w", i, err)
		}
	}
	_, err := io.WriteString(w, c.b.String())
	return err
}

// A curlWriter writes lines for a shell.
type curlWriter struct {
	b       strings.Builder
	company string // of steps that name none
}

func (c *curlWriter) line(format string, args ...any) { fmt.Fprintf(&c.b, format+"\n", args...) }

func (c *curlWriter) step(step *Step) error {
	switch {
	case step.Submit != nil:
		s := step.Submit
		header := map[string]string{"erp-api-background": s.Background}
		for name, value := range s.Header {
			header[name] = value
		}
		call := c.call(step, orGet(s.Method), quoted("$ERP", unescape(s.Path)), header, s.Body)
		switch {
		case s.As != "" && s.Expect.Broken:
			c.line("%s || true # the connection breaks before the id is known", call)
			c.line("%s=", variable(s.As))
		case s.As != "":
			c.line("%s=$(%s | tee /dev/stderr | sed -n 's|.*/v1/background/\\([0-9A-Fa-f-]*\\)\".*|\\1|p')", variable(s.As), call)
		default:
			c.line("%s || true # answered %d", call, s.Expect.Status)
		}
	case step.Call != nil:
		k := step.Call
		c.answered(c.call(step, orGet(k.Method), quoted("$ERP", unescape(k.Path)), k.Header, k.Body), k.Expect)
	case step.State != nil:
		c.answered(c.call(step, "GET", `"$ERP/v1/background/$`+variable(step.State.Of)+`"`, step.State.Header, nil), step.State.Expect)
	case step.Content != nil:
		c.answered(c.call(step, "GET", `"$ERP/v1/background/${`+variable(step.Content.Of)+`}/content"`, step.Content.Header, nil), step.Content.Expect)
	case step.Wait != nil:
		c.line("# %s ends: %s %d", step.Wait.Of, step.Wait.State, step.Wait.StatusCode)
	case step.Advance != nil && *step.Advance == 0:
	default:
		return ErrNoCode
	}
	return nil
}

// answered writes a call with what it was answered.
func (c *curlWriter) answered(call string, want Answer) {
	if want.Broken {
		c.line("%s || true # the connection breaks", call)
		return
	}
	c.line("%s # answered %d", call, want.Status)
}

func (c *curlWriter) call(step *Step, method, url string, header map[string]string, body any) string {
	parts := []string{"curl --silent --show-error"}
	if method != "GET" {
		parts = append(parts, "--request "+shellText(strings.ToUpper(method)))
	}
	parts = append(parts, url)
	if company := cmp.Or(step.Company, c.company, defaultCompany); company != defaultCompany && header["Ipp-Company-Id"] == "" {
		parts = append(parts, "--header "+shellText("ipp-company-id: "+company))
	}
	data, isJSON := bodyOf(body)
	if isJSON && header["Content-Type"] == "" {
		parts = append(parts, "--header 'Content-Type: application/json'")
	}
	for _, name := range sortedKeys(header) {
		if header[name] == "${hook}" {
			parts = append(parts, `--header "`+name+`: $HOOK"`)
			continue
		}
		parts = append(parts, "--header "+shellText(name+": "+unescape(header[name])))
	}
	if body != nil {
		parts = append(parts, "--data-binary "+shellText(unescape(string(data))))
	}
	return strings.Join(parts, " ")
}

// quoted joins a variable and a text.
func quoted(variable, text string) string { return `"` + variable + `"` + shellText(text) }

// shellText is a text that a shell takes as it stands.
func shellText(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
