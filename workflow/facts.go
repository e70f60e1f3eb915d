package workflow

// FactKind names what was decided, in the past tense.
type FactKind string
