package cli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/vismanet-go/background/internal/cli"
)

// A greeter is a program to try: it has a default command, options of all kinds and
// a secret.
func greeter(environ ...string) (p *cli.Program, out, errs *bytes.Buffer) {
	out, errs = new(bytes.Buffer), new(bytes.Buffer)
	p = &cli.Program{
		Name: "greet", Short: "greets people", Package: "example.test/greet", Section: "cmd/greet",
		Sources: "Options are variables too.", Exits: "The exit status is 0 or not.",
		Stdout: out, Stderr: errs, Environ: environ,
	}
	p.TakesArguments = func(args []string) bool { return len(args) > 0 && args[0] == "ALL" }
	p.Commands = func() []*cli.Command {
		var name string
		var times int
		var loud bool
		var pause time.Duration
		var titles []string
		options := cli.Options{
			{Name: "name", Short: "n", Arg: "name", Usage: "who is greeted", Initial: "you", Set: cli.Text(&name)},
			{Name: "times", Group: "How", Arg: "n", Usage: "how often", Initial: "1", Set: cli.Number(&times)},
			{Name: "loud", Group: "How", Usage: "shout", Set: cli.YesOrNo(&loud)},
			{Name: "pause", Group: "How", Arg: "time", Usage: "between two", Set: cli.Duration(&pause)},
			{Name: "title", Group: "How", Arg: "title", Repeats: true, Usage: "before the name", Set: cli.Texts(&titles)},
			{Name: "secret", Arg: "word", Secret: true, Usage: "not told", Set: func(v string) error {
				if v != "open" {
					return errors.New("want the right one")
				}
				return nil
			}},
			{Name: "dry", FlagOnly: true, Usage: "say nothing", Set: cli.YesOrNo(new(bool))},
		}
		return []*cli.Command{
			{
				Use: "hello [ALL]", Short: "greet", Long: "Greets.", Options: options, Args: cobra.MaximumNArgs(1),
				Run: func(_ context.Context, args []string) error {
					fmt.Fprintf(out, "%s|%d|%v|%v|%v|%v\n", name, times, loud, pause, titles, args)
					return nil
				},
			},
			{
				Use: "leave", Short: "say goodbye", Long: "Says goodbye.",
				Actions: []cli.Action{
					{Use: "now", Does: "at once", Run: func(context.Context, []string) error { return &cli.Status{Code: 7} }},
					{Use: "at TIME", Does: "later", Run: func(context.Context, []string) error {
						return &cli.Status{Code: 8, Err: errors.New("too late\n  greet leave now")}
					}},
				},
			},
			{Use: "fail", Short: "fail", Long: "Fails.", Run: func(context.Context, []string) error { return errors.New("it failed\ntwice") }},
			p.DocsCommand(),
		}
	}
	return p, out, errs
}

func TestValuesComeFromFlagsThenVariables(t *testing.T) {
	for _, tt := range []struct {
		environ []string
		args    string
		want    string
	}{
		{nil, "", "you|1|false|0s|[]|[]"},
		{nil, "hello --name her --times=3 --loud --pause 90s --title a --title b", "her|3|true|1m30s|[a b]|[]"},
		{nil, "-n her", "her|1|false|0s|[]|[]"},
		{nil, "-times 2 -loud=false", "you|2|false|0s|[]|[]"},
		{nil, "ALL --times 2", "you|2|false|0s|[]|[ALL]"},
		{[]string{"GREET_NAME=them", "GREET_TITLE=a b", "GREET_LOUD=true", "GREET_DRY=x", "GREET_NOTHING=1"}, "--times 2", "them|2|true|0s|[a b]|[]"},
		{[]string{"GREET_NAME=them"}, "--name her", "her|1|false|0s|[]|[]"},
	} {
		p, out, errs := greeter(tt.environ...)
		if status := p.Run(t.Context(), strings.Fields(tt.args)); status != 0 || strings.TrimSpace(out.String()) != tt.want {
			t.Errorf("%v %q: got %d, %s%s, want %s", tt.environ, tt.args, status, out, errs, tt.want)
		}
		if unknown := strings.Contains(fmt.Sprint(tt.environ), "NOTHING"); unknown != strings.Contains(errs.String(), "GREET_NOTHING is set and means nothing here") {
			t.Errorf("%v: got %q", tt.environ, errs)
		}
	}
}

func TestWhatIsWrongIsToldInTheWordsOfTheUser(t *testing.T) {
	for args, want := range map[string]string{
		"helloo":                      `greet: there is no command "helloo"; did you mean hello?`,
		"xyz":                         `greet: there is no command "xyz"; greet --help lists what there is`,
		"hello --nmae x":              "greet: there is no flag --nmae; did you mean --name?",
		"hello --zzzzzz":              "greet: there is no flag --zzzzzz; greet hello --help lists them",
		"hello -z":                    "greet: there is no flag -z; greet hello --help lists them",
		"hello --times x":             `greet: --times "x": want a whole number`,
		"hello --times":               "greet: --times: a value is missing: want a n: how often",
		"hello --secret hush":         "greet: --secret: want the right one",
		"hello a b":                   "greet: want greet hello [ALL]; greet help hello says more",
		"leave":                       "",
		"leave at":                    "greet: want greet leave at TIME: it takes 1 arguments, and got 0",
		"leave nwo":                   `greet: want greet leave [now | at TIME]; there is no "nwo"; did you mean now?`,
		"leave at 5":                  "greet: too late\n  greet leave now",
		"fail":                        "greet: it failed\ngreet: twice",
		"fail x":                      `greet: want greet fail; "x" is one argument too many: flags begin with --`,
		"hello --pause 5":             `greet: --pause "5": want a time such as "1m30s"`,
		"hello --loud=perhaps --dry=": `greet: --loud "perhaps": want true or false`,
	} {
		p, _, errs := greeter()
		status := p.Run(t.Context(), strings.Fields(args))
		wantStatus := map[string]int{"leave": 7, "leave at 5": 8, "fail": 1}[args]
		if wantStatus == 0 {
			wantStatus = 2
		}
		if got := strings.TrimRight(errs.String(), "\n"); got != want || status != wantStatus {
			t.Errorf("%s: got %d and\n%s\nwant %d and\n%s", args, status, got, wantStatus, want)
		}
	}
}

func TestHelpAndReferenceHaveEveryCommandAndOption(t *testing.T) {
	p, out, _ := greeter()
	texts := []string{p.Markdown()}
	var pages string
	for _, page := range p.ManPages() {
		pages += strings.ReplaceAll(page, `\-`, "-")
	}
	texts = append(texts, pages)
	p.Run(t.Context(), []string{"--help"})
	p.Run(t.Context(), []string{"leave", "--help"})
	for _, text := range append(texts, out.String()) {
		for _, want := range []string{"hello", "leave", "fail", "docs", "-n, --name NAME", "who is greeted (default you)", "--title TITLE", "may be repeated", "at TIME", "at once"} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
	}
	if strings.Contains(pages, "\n.-") || !strings.Contains(pages, ".TH GREET-LEAVE 1") {
		t.Errorf("got the pages\n%s", pages)
	}
}
