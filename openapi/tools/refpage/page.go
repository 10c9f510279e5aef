package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The page is cut again at these lines when only the document changes.
const (
	licencesStart = "<!-- Redoc, and what it contains, under these licences:\n"
	licencesEnd   = "\n-->\n"
	scriptStart   = "<script id=\"redoc-bundle\">\n"
	scriptEnd     = "\n</script>\n<script id=\"document\" type=\"application/json\">\n"
)

const pageHead = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s</title>
<style>body { margin: 0 }</style>
</head>
<body>
<main id="reference"></main>
<noscript>The same is in the file background.yaml, in words.</noscript>
`

// Redoc does not know x-background-result, so the page puts it into words; what
// it offers for download is the document as it is.
const pageTail = `
</script>
<script>
const text = document.getElementById('document').textContent
const shown = JSON.parse(text)
const results = new Set()

function schemaName(schema) {
  if (schema.type === 'array') return 'list of ' + schemaName(schema.items)
  const name = schema.$ref.split('/').pop()
  results.add(name)
  return '[' + name + '](#tag/Answers/' + name + ')'
}

function finalAnswers(responses) {
  let out = '\n\n**What the call finally answers**\n\n| status | | body | headers |\n|---|---|---|---|\n'
  for (const [status, named] of Object.entries(responses)) {
    const response = named.$ref ? shown.components.responses[named.$ref.split('/').pop()] : named
    const media = (response.content || {})['application/json']
    const headers = Object.keys(response.headers || {}).filter(name => !name.startsWith('X-RateLimit-'))
    out += '| ' + status + ' | ' + response.description.trim().replaceAll('\n', ' ') + ' | ' +
      (media ? schemaName(media.schema) : 'none') + ' | ' + headers.join(', ') + ' |\n'
  }
  return out
}

for (const item of Object.values(shown.paths)) {
  for (const operation of Object.values(item)) {
    if (operation['x-background-result']) operation.description += finalAnswers(operation['x-background-result'])
  }
}
shown.tags.push({
  name: 'Answers',
  description: 'Bodies that a queued call finally answers with, and what a notification holds.\n' +
    [...results, 'BackgroundNotification'].sort().map(name =>
      '\n# ' + name + '\n\n<SchemaDefinition schemaRef="#/components/schemas/' + name + '" />\n').join('')
})

Redoc.init(
  shown,
  {
    downloadUrls: [{title: 'JSON', url: URL.createObjectURL(new Blob([text], {type: 'application/json'}))}],
    expandResponses: '202',
    jsonSampleExpandLevel: 3,
    showExtensions: ['x-extensible-enum'],
    theme: {typography: {
      fontFamily: 'system-ui, sans-serif',
      headings: {fontFamily: 'system-ui, sans-serif'},
      code: {fontFamily: 'ui-monospace, monospace'}
    }}
  },
  document.getElementById('reference'))
</script>
</body>
</html>
`

// selfContained takes out of the bundle what it would fetch: a logo, and the
// source map that browsers' tools ask for.
func selfContained(script string) string {
	script, _, _ = strings.Cut(script, "\n//# sourceMappingURL=")
	script = strings.ReplaceAll(script, "https://cdn.redoc.ly/redoc/logo-mini.svg", "data:,")
	return strings.TrimSpace(script)
}

// render returns the page for a document.
func render(source []byte, b bundle) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(source, &doc); err != nil {
		return nil, err
	}
	var title struct {
		Info struct{ Title string }
	}
	if err := doc.Decode(&title); err != nil {
		return nil, err
	}
	licences := strings.ReplaceAll(b.licences, "--", "==") // "--" may not stand in a comment
	var out bytes.Buffer
	fmt.Fprintf(&out, pageHead, title.Info.Title)
	out.WriteString(licencesStart + strings.TrimSpace(trimLines(licences)) + licencesEnd)
	out.WriteString(scriptStart)
	out.WriteString(selfContained(b.script))
	out.WriteString(scriptEnd)
	if err := writeJSON(&out, &doc); err != nil {
		return nil, err
	}
	out.WriteString(pageTail)
	return out.Bytes(), nil
}

// inJSON is a document in JSON.
func inJSON(source []byte) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(source, &doc); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := writeJSON(&out, &doc); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// bundleOf cuts the bundle out of a page that render has written.
func bundleOf(page string) (bundle, error) {
	html, err := os.ReadFile(page)
	if err != nil {
		return bundle{}, fmt.Errorf("%w (build it with Redoc first)", err)
	}
	_, rest, ok1 := strings.Cut(string(html), licencesStart)
	licences, rest, ok2 := strings.Cut(rest, licencesEnd)
	_, rest, ok3 := strings.Cut(rest, scriptStart)
	script, _, ok4 := strings.Cut(rest, scriptEnd)
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return bundle{}, fmt.Errorf("%s: not a page of this program (build it with Redoc first)", page)
	}
	return bundle{script: script, licences: licences}, nil
}

func trimLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " \t\r")
	}
	return strings.Join(lines, "\n")
}

// writeJSON writes a YAML node as JSON, with the keys in their order: a
// reader of the page expects that of the document.
func writeJSON(out *bytes.Buffer, n *yaml.Node) error {
	switch n.Kind {
	case yaml.DocumentNode:
		return writeJSON(out, n.Content[0])
	case yaml.AliasNode:
		return writeJSON(out, n.Alias)
	case yaml.SequenceNode:
		out.WriteByte('[')
		for i, item := range n.Content {
			if i > 0 {
				out.WriteByte(',')
			}
			if err := writeJSON(out, item); err != nil {
				return err
			}
		}
		out.WriteByte(']')
		return nil
	case yaml.MappingNode:
		out.WriteByte('{')
		for i := 0; i < len(n.Content); i += 2 {
			if i > 0 {
				out.WriteByte(',')
			}
			key, err := json.Marshal(n.Content[i].Value)
			if err != nil {
				return err
			}
			out.Write(key)
			out.WriteByte(':')
			if err := writeJSON(out, n.Content[i+1]); err != nil {
				return err
			}
		}
		out.WriteByte('}')
		return nil
	default:
		var value any
		if err := n.Decode(&value); err != nil {
			return fmt.Errorf("line %d: %w", n.Line, err)
		}
		text, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("line %d: %w", n.Line, err)
		}
		out.Write(text)
		return nil
	}
}
