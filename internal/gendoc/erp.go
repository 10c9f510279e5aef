package gendoc

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// What a document of [ERP] has.
const (
	ERPOperations = 508
	ERPActions    = 79
	ERPSchemas    = 1687
)

// ERP returns a document of the size and the shape of an ERP's own: resources
// with lists that are paged, documents by number, updates whose fields are
// wrapped in a value, actions, lines and attachments. It has exactly
// [ERPOperations], of which [ERPActions] are actions, and [ERPSchemas].
func ERP(v Version, seed uint64) Document {
	g := &erp{v: v, rand: rand.New(rand.NewPCG(seed, 1)), have: make(map[string]bool)}
	g.shared()
	for i := 0; g.operations < ERPOperations; i++ {
		g.resource(i)
	}
	for i := 0; len(g.schemas) < ERPSchemas; i++ {
		g.add(fmt.Sprintf("%sRowDto", word(g.rand)+itoa(i)), g.object(6+g.rand.IntN(14), false))
	}
	return Document{Name: "erp-" + string(v), JSON: indented(document(v, "ERP", g.paths, M("schemas", g.schemas)))}
}

type erp struct {
	v          Version
	rand       *rand.Rand
	paths      Map
	schemas    Map
	have       map[string]bool // the names of schemas
	small      []string        // the names of those that refer to what is shared only
	refers     []string        // the names that a field may refer to
	operations int
	actions    int
}

func (g *erp) add(name string, schema Map) string {
	if !g.have[name] && len(g.schemas) < ERPSchemas {
		g.have[name] = true
		g.schemas = append(g.schemas, Pair{name, schema})
	}
	return name
}

// shared adds what all resources refer to, with recursion in two ways: a branch
// has its parent, and a note has answers, which are notes.
func (g *erp) shared() {
	for name, schema := range pairs(M(
		"DtoValueOfString", wrapped(text(60)),
		"DtoValueOfDecimal", wrapped(M("type", "number", "format", "double")),
		"DtoValueOfInt32", wrapped(M("type", "integer", "format", "int32")),
		"DtoValueOfBoolean", wrapped(M("type", "boolean")),
		"DtoValueOfDateTime", wrapped(M("type", "string", "format", "date-time")),
		"DtoValueOfStatus", wrapped(enum("Open", "Hold", "Balanced", "Released", "Closed", "Voided")),
		"NumberDescriptionDto", M("type", "object", "properties", M("number", text(10), "description", text(60))),
		"BranchDto", M("type", "object", "required", []any{"number"}, "properties",
			M("number", text(10), "name", text(60), "parent", ref("BranchDto"), "address", ref("AddressDto"))),
		"NoteDto", M("type", "object", "properties", M("text", text(200), "answers", M("type", "array", "items", ref("NoteDto")))),
		"AddressDto", M("type", "object", "properties", M("addressLine1", text(60), "postalCode", text(10), "city", text(50),
			"country", M("type", "string", "pattern", "^[A-Z]{2}$"), "coordinates", M("type", "array", "minItems", 2, "maxItems", 2, "items", M("type", "number", "minimum", -180, "maximum", 180)))),
		"MetadataDto", M("type", "object", "properties", M("totalCount", integer(), "maxPageSize", integer())),
		"ErrorDto", M("type", "object", "required", []any{"message"}, "properties", M("message", text(200), "errorCode", M("type", "integer"),
			"fields", M("type", "object", "additionalProperties", M("type", "array", "items", M("type", "string"))))),
	)) {
		g.add(name, schema.(Map))
	}
	g.refers = []string{"NumberDescriptionDto", "BranchDto", "NoteDto", "AddressDto"}
	g.small = g.refers
}

// resource adds one resource: its list, its documents, its lines and actions,
// and the schemas of all that.
func (g *erp) resource(i int) {
	name := word(g.rand) + word(g.rand) + itoa(i)
	base := "/v1/" + lower(name)
	kind := name + "Dto"
	shared := g.refers
	for j := range 6 + g.rand.IntN(4) {
		g.small = append(g.small, g.add(fmt.Sprintf("%s%sDto", name, parts[j]), g.object(3+g.rand.IntN(8), false)))
	}
	g.refers = g.small
	defer func() { g.refers = shared }()
	g.add(name+"LineDto", g.object(12+g.rand.IntN(12), false))
	g.add(name+"LineUpdateDto", g.object(10+g.rand.IntN(10), true))
	g.add(kind, M("allOf", []any{ref(name + "IdDto"), g.object(14+g.rand.IntN(26), false).
		with("lines", M("type", "array", "items", ref(name+"LineDto")))}))
	g.add(name+"UpdateDto", g.object(12+g.rand.IntN(24), true).with("lines", M("type", "array", "items", ref(name+"LineUpdateDto"))))
	g.add(name+"IdDto", M("type", "object", "required", []any{"internalId", "number"}, "properties", M(
		"internalId", M("type", "integer", "format", "int32", "minimum", 1, "readOnly", true),
		"number", M("type", "string", "minLength", 1, "maxLength", 15),
		"timeStamp", M("type", "string", "readOnly", true), "lastModifiedDateTime", M("type", "string", "format", "date-time", "readOnly", true))))
	g.add(name+"Page", M("type", "object", "properties", M("pageNumber", integer(), "pageSize", integer(), "totalCount", integer(),
		"records", M("type", "array", "items", ref(kind)), "metadata", ref("MetadataDto"))))

	number := parameter("path", "number", M("type", "string"))
	line := parameter("path", "lineNumber", integer())
	list := M("type", "array", "items", ref(kind))
	if i%3 == 0 {
		list = ref(name + "Page")
	}
	g.operation(base, "get", name+"_GetAll", []any{
		parameter("query", "pageNumber", integer()), parameter("query", "pageSize", integer()),
		parameter("query", "lastModifiedDateTime", text(30)), parameter("query", "lastModifiedDateTimeCondition", enum(">", "<", ">=", "<=")),
		parameter("query", "status", enum("Open", "Hold", "Released")), parameter("query", "orderBy", text(40)),
	}, nil, "200", list)
	g.operation(base, "post", name+"_Create", nil, ref(name+"UpdateDto"), "201", nil)
	g.operation(base+"/{number}", "get", name+"_Get", []any{number, parameter("query", "expandNote", M("type", "boolean"))}, nil, "200", ref(kind))
	g.operation(base+"/{number}", "put", name+"_Put", []any{number}, ref(name+"UpdateDto"), "204", nil)
	if i%3 == 1 {
		g.operation(base+"/{number}", "delete", name+"_Delete", []any{number}, nil, "204", nil)
	}
	if i%2 == 0 {
		g.operation(base+"/{number}/lines/{lineNumber}", "get", name+"_GetLine", []any{number, line}, nil, "200", ref(name+"LineDto"))
		g.operation(base+"/{number}/attachment", "post", name+"_Attach", []any{number}, M("type", "string", "format", "binary"), "201", nil)
	}
	for j := 0; j < 2 && g.actions < ERPActions; j++ {
		action := actions[(i+j)%len(actions)]
		result := g.add(name+action+"ActionResultDto", M("type", "object", "properties", M("actionId", M("type", "string", "format", "uuid"), "actionResult", text(200))))
		body := g.add(name+action+"ActionDto", g.object(2+g.rand.IntN(5), true))
		if g.operation(base+"/{number}/action/"+lower(action), "post", name+"_"+action, []any{number}, ref(body), "200", ref(result)) {
			g.actions++
		}
	}
}

var (
	parts   = []string{"Account", "Contact", "Tax", "Term", "Project", "Warehouse", "Discount", "Class", "Group", "Method"}
	actions = []string{"Release", "Cancel", "Void", "Reverse", "Hold", "WriteOff"}
)

// operation adds one unless there are enough. With the last ones only as many
// are left as actions are to come.
func (g *erp) operation(path, method, id string, parameters []any, body any, status string, answer any) bool {
	action := strings.Contains(path, "/action/")
	if left := ERPOperations - g.operations; left <= 0 || !action && left <= ERPActions-g.actions {
		return false
	}
	g.operations++
	parameters = append(parameters, parameter("header", "erp-api-background", text(200)))
	o := M("tags", []any{strings.Split(id, "_")[0]}, "summary", "Does "+id, "description", strings.Repeat("What "+id+" does, at some length. ", 4),
		"operationId", id, "parameters", parameters)
	if body != nil {
		media := "application/json"
		if m := body.(Map); m[len(m)-1].Value == "binary" {
			media = "application/octet-stream"
		}
		o = append(o, Pair{"requestBody", M("required", true, "content", M(media, M("schema", body)))})
	}
	ok := M("description", "Done.")
	if answer != nil {
		ok = append(ok, Pair{"content", M("application/json", M("schema", answer), "text/json", M("schema", answer))})
	}
	if status == "201" {
		ok = append(ok, Pair{"headers", M("Location", M("required", true, "schema", M("type", "string", "format", "uri")))})
	}
	problem := func(why string) Map {
		return M("description", why, "content", M("application/json", M("schema", ref("ErrorDto"))))
	}
	o = append(o, Pair{"responses", M(status, ok, "400", problem("Not valid."), "401", problem("Not authorised."), "404", problem("Not found."))})
	for i := range g.paths {
		if g.paths[i].Key == path {
			g.paths[i].Value = append(g.paths[i].Value.(Map), Pair{method, o})
			return true
		}
	}
	g.paths = append(g.paths, Pair{path, M(method, o)})
	return true
}

// object makes an object of n fields; in an update each is wrapped in a value.
func (g *erp) object(n int, update bool) Map {
	properties := make(Map, 0, n)
	for i := range n {
		properties = properties.put(Pair{lower(word(g.rand) + word(g.rand)), g.field(i, update)})
	}
	return M("type", "object", "description", "Fields of a document.", "properties", properties)
}

func (g *erp) field(i int, update bool) Map {
	const described = "What the field is for, as its page says it."
	if update {
		kinds := []string{"String", "String", "String", "Decimal", "Int32", "Boolean", "DateTime", "Status"}
		return ref("DtoValueOf" + kinds[g.rand.IntN(len(kinds))])
	}
	switch g.rand.IntN(12) {
	case 0:
		return M("type", "number", "format", "double", "description", described)
	case 1:
		return M("type", "integer", "format", "int32", "minimum", 0, "maximum", 100_000, "description", described)
	case 2:
		return M("type", "boolean", "description", described)
	case 3:
		return nullable(g.v, M("type", "string", "format", "date-time", "description", described))
	case 4:
		return M("type", "string", "format", "date", "description", described)
	case 5:
		return enum("Open", "Hold", "Released", "Closed").With("description", described)
	case 6:
		return M("type", "string", "format", "uuid", "description", described)
	case 7:
		return M("type", "string", "pattern", "^[A-Z]{2}[0-9]{4,8}$", "description", described)
	case 8:
		return M("type", "array", "items", ref(g.refers[g.rand.IntN(len(g.refers))]))
	case 9, 10:
		return ref(g.refers[g.rand.IntN(len(g.refers))])
	default:
		return nullable(g.v, text(20+10*(i%5)).With("description", described))
	}
}

// with adds a property to a schema of type object.
func (m Map) with(name string, schema Map) Map {
	for i := range m {
		if m[i].Key == "properties" {
			m[i].Value = m[i].Value.(Map).put(Pair{name, schema})
		}
	}
	return m
}

func wrapped(schema Map) Map { return M("type", "object", "properties", M("value", schema)) }
func text(longest int) Map   { return M("type", "string", "maxLength", longest) }
func integer() Map           { return M("type", "integer", "format", "int32") }
func enum(words ...any) Map  { return M("type", "string", "enum", words) }

func parameter(in, name string, schema Map) Map {
	return M("name", name, "in", in, "required", in == "path", "schema", schema)
}

// nullable has a schema take null as well, in the version's way.
func nullable(v Version, schema Map) Map {
	if v == V30 {
		return schema.With("nullable", true)
	}
	return schema.With("type", []any{schema[0].Value, "null"})
}

var words = strings.Fields(`Account Address Agreement Allocation Amount Asset Attachment Attribute Balance Bank Batch Branch Budget
	Carrier Cash Category Charge Class Code Commission Contact Contract Cost Credit Currency Customer Date Debit Delivery Department
	Deposit Dimension Discount Document Due Employee Entry Exchange External Finance Freight General Group Intercompany Inventory
	Invoice Item Journal Kit Ledger Line Location Lot Method Net Number Order Owner Package Payment Payroll Period Posting Price
	Product Project Purchase Quantity Rate Reason Receipt Reference Release Reminder Report Return Revision Salary Sales Segment
	Serial Shipment Source Status Stock Subaccount Supplier Task Tax Term Total Transaction Transfer Unit Vat Vendor Warehouse Zone`)

func word(r *rand.Rand) string { return words[r.IntN(len(words))] }
func lower(name string) string { return strings.ToLower(name[:1]) + name[1:] }

// pairs yields the members of a Map in their order.
func pairs(m Map) func(yield func(string, any) bool) {
	return func(yield func(string, any) bool) {
		for _, p := range m {
			if !yield(p.Key, p.Value) {
				return
			}
		}
	}
}
