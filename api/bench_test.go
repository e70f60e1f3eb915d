package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/lunpai/lunpai/explain"
)

// BenchmarkVisit takes one visitor from the door to the register in five requests, in this process
// and to the disk.
func BenchmarkVisit(b *testing.B) {
	o := newOffice(b, setup{})
	h := http.Header{
		"Authorization": {"Bearer " + o.tokens["desk"]},
		"Content-Type":  {"application/json"},
	}
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

// BenchmarkBody measures what a body costs: take reads and checks it in one pass, the reference
// does what was done before, in three.
func BenchmarkBody(b *testing.B) {
	for _, k := range takings(b) {
		if k.id != "identifyVisit" && k.id != "registerVisit" && k.id != "createSite" {
			continue
		}
		text := []byte(map[string]string{
			"identifyVisit": `{"kind":"new","party":2,"purpose":"first_home",` +
				`"person":{"name":"Zhang Wei","phone":"13800138000","notice":true}}`,
			"registerVisit": `{"serve":true,"topic":"sales",` +
				`"person":{"name":"Zhang Wei","phone":"13800138000"},` +
				`"form":{"channel":"passing_by","purpose":"first_home","district":"north",` +
				`"layout":"3br","area_sqm":110,"budget_from":200000000,"budget_to":300000000,` +
				`"intent":"a","remark":"calls back on Friday"}}`,
			"createSite": bodies["createSite"],
		}[k.id])
		b.Run(k.id+"/take", func(b *testing.B) {
			for b.Loop() {
				if p := take(text, explain.En, k.sends, reflect.New(k.body).Interface()); p != nil {
					b.Fatal(p)
				}
			}
		})
		b.Run(k.id+"/reference", func(b *testing.B) {
			for b.Loop() {
				if code := reference(text, k.schema, reflect.New(k.body).Interface()); code != "" {
					b.Fatal(code)
				}
			}
		})
	}
}
