package main

import (
	"bytes"
	"os"
	"testing"
)

func TestThePictureIsThatOfTheSchedule(t *testing.T) {
	want, err := os.ReadFile("../../docs/img/schedule.svg")
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := draw(&got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Error("docs/img/schedule.svg shows another schedule: in bench, go run ./schedule > ../docs/img/schedule.svg")
	}
}
