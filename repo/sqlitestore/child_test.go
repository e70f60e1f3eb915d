package sqlitestore

func child() bool { return false }
