// Package analytics holds docs/analytics.md to its word. Its tests let mongosh and pymongo answer
// the fifteen questions on a made-up year, and compare every answer with one that plain Go works
// out from the journal; they look into the plan of each query, compare the two languages of the
// page, and its tables of fields with the types of package workflow.
//
// mongosh and pymongo come from `make mongod`.
package analytics
