package wire

import (
	"testing"
)

func TestWhatIsEncodedByHandIsTheSame(t *testing.T) {
	text := "an <error> & \"more\" \\ \n\u2028 ø\xff"
	for i, tt := range []struct {
		got  []byte
		want any
	}{
		{(&Accepted{}).Encode(), Accepted{}},
		{(&Accepted{ID: "1", StateLocation: text, ContentLocation: "http://b/?a&b"}).Encode(), Accepted{ID: "1", StateLocation: text, ContentLocation: "http://b/?a&b"}},
		{(&Notification{}).Encode(), Notification{}},
		{(&Notification{text, 201, "s", `"c"`}).Encode(), Notification{text, 201, "s", `"c"`}},
		{(&State{}).Encode(), State{}},
		{(&State{
			text, "Finished", -1, `"r"`, "null", `"f"`, "url", &text, &text, "uri", true, true, "null", map[string]string{"b": text, "a": ""},
		}).Encode(), State{
			text, "Finished", -1, `"r"`, "null", `"f"`, "url", &text, &text, "uri", true, true, "null", map[string]string{"b": text, "a": ""},
		}},
	} {
		if want := JSON(tt.want); string(tt.got) != string(want) {
			t.Errorf("%d: got  %s\nwant %s", i, tt.got, want)
		}
	}
}

func FuzzAppendText(f *testing.F) {
	f.Add("plain")
	f.Add("a\"\\\x00\u2028<>&\xff")
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := string(appendText(nil, s)), string(JSON(s)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}
