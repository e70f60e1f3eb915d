package workflow

// Decide is the one decision function: what the board and the policy in force say to a command. It is pure: the same
// board, envelope and command give the same commit, byte for byte, and the board is not changed. A refusal is a *Fault.
func Decide(b *Board, env Envelope, cmd Command) (*Commit, *Fault) {
	panic("not yet")
}
