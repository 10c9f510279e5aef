package erp

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/vismanet-go/background/mockserver/internal/call"
	"github.com/vismanet-go/background/openapi"
)

// An attachment is the latest revision of a file. It is not changed, but
// replaced.
type attachment struct {
	openapi.Attachment
	ContentType       string `json:"contentType"`
	Data              []byte `json:"data"`
	SendToAutoInvoice bool   `json:"sendToAutoInvoice,omitempty"`
}

func (b *book) putAttachment(a *attachment) {
	b.attachments[a.ID] = a
	b.note(attachmentKey + a.ID)
}

// attachToInvoice serves POST /v1/customerinvoice/{number}/attachment.
func (e *ERP) attachToInvoice(w http.ResponseWriter, r *http.Request) {
	e.attach(w, r, func(inv *invoice) (*[]*openapi.Attachment, *refusal) { return &inv.doc.Attachments, nil })
}

// attachToLine serves POST /v1/customerinvoice/{number}/{line}/attachment.
func (e *ERP) attachToLine(w http.ResponseWriter, r *http.Request) {
	e.attach(w, r, func(inv *invoice) (*[]*openapi.Attachment, *refusal) {
		n, err := strconv.Atoi(r.PathValue("line"))
		i := lineIndex(&inv.doc, n)
		if err != nil || i < 0 {
			return nil, &refusal{http.StatusNotFound, "Line '" + r.PathValue("line") + "' was not found."}
		}
		inv.doc.InvoiceLines = slices.Clone(inv.doc.InvoiceLines)
		return &inv.doc.InvoiceLines[i].Attachments, nil
	})
}

// attach enters the file of a request among those that an invoice has in some
// place. One with the name of another is its next revision.
func (e *ERP) attach(w http.ResponseWriter, r *http.Request, place func(*invoice) (*[]*openapi.Attachment, *refusal)) {
	file, bad := readFile(r)
	c, b, unlock := e.open(r)
	defer unlock()
	inv, f := b.find(r.PathValue("number"), ifMatch(r))
	if f == nil {
		f = bad
	}
	var list *[]*openapi.Attachment
	if f == nil {
		list, f = place(inv)
	}
	if f != nil {
		e.refuse(w, f)
		return
	}
	*list = slices.Clone(*list)
	i := slices.IndexFunc(*list, func(a *openapi.Attachment) bool { return a.Name == file.Name })
	if i < 0 {
		file.ID, i = e.cfg.NewID("attachment", c.Company), len(*list)
		*list = append(*list, nil)
	} else {
		file.ID, file.Revision = (*list)[i].ID, (*list)[i].Revision
	}
	file.Revision++
	(*list)[i] = &file.Attachment
	inv.doc.LastModifiedDateTime = e.now(c.Company)
	b.putAttachment(file)
	b.put(inv)
	e.setETag(w, inv.doc.TimeStamp)
	w.Header().Set("Location", c.Base+"/v1/attachment/"+call.Segment(file.ID))
	w.WriteHeader(http.StatusCreated)
}

// readFile is the first file of a form.
func readFile(r *http.Request) (*attachment, *refusal) {
	form, err := r.MultipartReader()
	if err != nil {
		return nil, badRequest("The request is no form with a file (multipart/form-data).")
	}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, badRequest("The form has no file.")
		}
		if err != nil {
			return nil, badRequest("The form could not be read: %v.", err)
		}
		if part.FileName() == "" {
			continue
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return nil, badRequest("The form could not be read: %v.", err)
		}
		kind := part.Header.Get("Content-Type")
		if kind == "" {
			kind = "application/octet-stream"
		}
		return &attachment{Attachment: openapi.Attachment{Name: part.FileName()}, ContentType: kind, Data: data}, nil
	}
}

// getAttachment serves GET /v1/attachment/{id}: the file itself.
func (e *ERP) getAttachment(w http.ResponseWriter, r *http.Request) {
	_, b, unlock := e.open(r)
	a := b.attachments[r.PathValue("id")]
	unlock()
	if a == nil {
		e.refuse(w, noAttachment(r))
		return
	}
	w.Header().Set("Content-Type", a.ContentType)
	w.Header().Set("Content-Disposition", disposition(a.Name))
	_, _ = w.Write(a.Data) // the client may be gone
}

func noAttachment(r *http.Request) *refusal {
	return &refusal{http.StatusNotFound, "Attachment '" + r.PathValue("id") + "' was not found."}
}

// disposition offers a file by its name.
func disposition(name string) string {
	if text := mime.FormatMediaType("attachment", map[string]string{"filename": name}); text != "" {
		return text
	}
	return "attachment; filename*=UTF-8''" + url.PathEscape(name)
}

// updateAttachment serves PUT /v1/attachment/{id}.
func (e *ERP) updateAttachment(w http.ResponseWriter, r *http.Request) {
	var u struct {
		SendToAutoInvoice *openapi.BooleanValue `json:"sendToAutoinvoice"`
	}
	bad := e.decode(r, &u)
	_, b, unlock := e.open(r)
	defer unlock()
	a := b.attachments[r.PathValue("id")]
	if a == nil {
		bad = noAttachment(r)
	}
	if bad != nil {
		e.refuse(w, bad)
		return
	}
	own := *a
	set(&own.SendToAutoInvoice, u.SendToAutoInvoice)
	b.putAttachment(&own)
	w.WriteHeader(http.StatusNoContent)
}
