// Package workflow decides what happens in a sales office: who receives whom, what a reception
// costs and counts, whose customer it is. It is the one place with rules.
//
// # What it promises
//
// Decide is pure. It reads no clock, draws no id, does no I/O and logs nothing: the same board,
// envelope and command give the same commit, byte for byte, and the board stays as it was. A
// refusal is a *Fault, a code with arguments; its words stand in package explain. Everything that a
// commit changed, and why, stands in the commit: facts with the article that says so, and the
// complete image of every record. So a journal rebuilds the board, whatever the rules are by then.
//
// # The order of things
//
// A command passes these, and the first that objects refuses it:
//
//  1. Needs names the records that the board must hold; the caller loads them.
//  2. The role: About().May, and for a consultant own, which asks whether it is his.
//  3. Short texts: none may hold a phone.
//  4. The business day is opened, where the command's scope is the floor and the day is due.
//  5. decide, which carries the command out on a draft: copies of the records it changes.
//  6. A note for somebody who was erased is refused.
//  7. Whoever is free comes back to the line, and messages are delivered.
//  8. The draft is sealed: facts, images in the order of the table of records, the commit's number.
//
// # Where things stand
//
// A command is a file, named after it: its type, About, Needs, decide, what is its own, and what
// only it uses. Commands that are always changed together share one. Every command has a row in
// commands.go, every type of record one in records.go, every state machine is a Machine.
//
// What is new in a record, or a new command, raises the version that a commit asks of its readers:
// see MinReader in reader.go.
//
// A record is a file too: what is kept, and what can be told from it alone. The line is line.go and
// turn.go; who receives is plan.go and plan_help.go; what counts is count.go. A policy is data
// (policy.go); each value in which offices differ is a row in parameters.go.
//
// # Who may touch what
//
// Only decide, and what it calls, changes a record, and only a copy that edit or add gave it. Only
// Board.Put changes a board. Readers get the board's own records and must leave them as they are.
// Nothing here knows a store, an API or a language.
package workflow
