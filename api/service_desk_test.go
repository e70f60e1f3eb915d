package api

// serviceDesk gives the office a service desk with one record of each kind; it returns the ids that
// the service made up. The ticket and the fault are A's. The manager exercises every function:
// nobody else has one.
func (o *office) serviceDesk(customer string) map[string]string {
	o.Helper()
	o.must(200, o.do("M", "POST", "/v1/sites/s/service", `{"from":"2024-03-04",`+
		`"areas":[{"code":"engineering","leader":"S"}],"holidays":["2024-03-04"]}`))
	ids := map[string]string{}
	for kind, body := range map[string]string{
		"ticket": `{"kind":"request","in_scope":false,"area":"engineering","note":"no light"}`,
		"fault": `{"occurred_at":"2024-03-04T00:30:00Z","place":"hall","symptoms":"dark",` +
			`"plan":"call the grid"}`,
		"arbitration": `{"lead":"business","opinions":{"business":"now"}}`,
	} {
		who := "A"
		if kind == "arbitration" {
			who = "M"
		}
		ids[kind] = o.must(201, o.do(who, "POST", "/v1/sites/s/"+kind+"s", body)).str(kind, "id")
	}
	o.must(201, o.do("M", "POST", "/v1/sites/s/projects",
		`{"project":"tower-1","delivered_on":"2024-02-01","customer":"`+customer+`"}`))
	o.must(200, o.do("M", "PUT", "/v1/sites/s/watches/2024-03-04", `{"staff":["A"]}`))
	return ids
}
