package vault

// CachedKeys is how many keys are remembered.
func CachedKeys(k *Keys) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.cache)
}
