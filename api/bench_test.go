package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// BenchmarkVisit takes one visitor from the door to the register in five requests, in this process
// and to the disk.
func BenchmarkVisit(b *testing.B) {
	o := newOffice(b, setup{})
	h := http.Header{"Authorization": {"Bearer " + o.tokens["desk"]},
		"Content-Type": {"application/json"}}
	post := func(path, body string) string {
		r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, path,
			strings.NewReader(body))
		r.Header = h
		w := httptest.NewRecorder()
		w.Body = &bytes.Buffer{}
		o.api.ServeHTTP(w, r)
		if w.Code >= 300 {
			b.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		var a struct{ Visit struct{ ID string } }
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
			b.Fatal(err)
		}
		return "/v1/sites/s/visits/" + a.Visit.ID
	}
	b.ReportAllocs()
	for b.Loop() {
		v := post("/v1/sites/s/visits", `{"party":2,"channel":"passing_by"}`)
		post(v+"/identify", `{"kind":"new"}`)
		post(v+"/assign", ``)
		post(v+"/serve", `{"topic":"sales"}`)
		post(v+"/register",
			`{"form":{"channel":"passing_by","purpose":"first_home","layout":"3br"}}`)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/5/1000, "µs/request")
}
