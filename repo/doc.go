// Package repo keeps sites: the contract of a store, and the Engine that decides on top of it.
//
// # The way of a command
//
// engine: [Engine.Do] queues the command with its site's writer and waits for the answer. A site
// has one writer in this process; any number of processes may write to it.
//
// queue: the writer takes what has gathered (up to [MaxPageCommits] jobs) as a batch and answers
// every job of it, page after page. One goroutine works at a site as long as there is something to
// do; a panic there stops this site only.
//
// decide: readyBoard makes sure that the site's board stands on the journal. decidePage hands
// command after command to workflow.Decide, each on the board as the one before left it, until the
// page is full. What a command needs beyond the board is read first. A refusal is given only after
// catching up, when the journal does not hold the command, and the store has confirmed that this is
// the truth.
//
// land: the commits become a page and go to the committer, which appends the pages of all sites
// together. Landed: the callers are answered and the watchers told. Another instance was quicker:
// the board is rolled back, catches up, and the commands are decided again. Nobody knows: the page
// is settled, by reading its slot and sending the same page again, before anything else is decided
// at the site.
//
// catchup: the board follows what other instances appended, page by page, each checked against the
// hash of the one before. When the head is not the page that the board stands on, the board is
// dropped and loaded anew: the open documents, then the journal from their mark on. A chain that is
// broken, or a commit of a newer program, makes the site read-only.
//
// # Around it
//
// watch signals that commits landed. timers gives the commands whose time has come. clock refuses
// commands while the machine's clock is wrong. filler writes a new site in full pages. verify,
// copy: the whole store.
//
// Names and free text are not kept here: package vault alone touches the collections [People] and
// [Notes] (docs/decisions/026-the-vault-apart.md).
package repo
