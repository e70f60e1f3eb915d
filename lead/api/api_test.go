package api

import (
	"testing"

	"github.com/lunpai/lunpai/lead/openapi"
)

func TestContract(t *testing.T) {
	s, err := openapi.Load()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := New(Config{}); err != nil {
		t.Error(err)
	}
}
