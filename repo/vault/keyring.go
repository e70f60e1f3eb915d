package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/google/uuid"

	"github.com/lunpai/lunpai/repo"
)

// Keyring holds the secrets that personal data depend on: one key to look phones up, one to
// encrypt. It is kept in one file that only its owner may read. Without it the names, phones and
// notes of a store are lost, and nothing else.
type Keyring struct {
	ID   string
	hmac []byte
	aead cipher.AEAD
}

// keyringFile is the file's content.
type keyringFile struct {
	ID     string `json:"id"`
	HMAC   []byte `json:"hmac"`
	Cipher []byte `json:"cipher"`
}

// CreateKeyring makes a keyring in a new file with mode 0600; it fails when the file is there.
func CreateKeyring(path string) (*Keyring, error) {
	f := keyringFile{ID: uuid.NewString(), HMAC: make([]byte, 32), Cipher: make([]byte, 32)}
	if _, err := rand.Read(f.HMAC); err != nil {
		return nil, fmt.Errorf("create keyring: %w", err)
	}
	if _, err := rand.Read(f.Cipher); err != nil {
		return nil, fmt.Errorf("create keyring: %w", err)
	}
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("create keyring: %w", err)
	}
	if err := writeNew(path, append(text, '\n')); err != nil {
		return nil, fmt.Errorf("create keyring: %w", err)
	}
	return f.open()
}

// LoadKeyring reads a keyring; fs.ErrNotExist when there is no file. A file that others may read is
// refused.
func LoadKeyring(path string) (*Keyring, error) {
	text, err := readPrivate(path)
	if err != nil {
		return nil, fmt.Errorf("load keyring: %w", err)
	}
	var f keyringFile
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, fmt.Errorf("load keyring: %s is not a keyring: %w", path, err)
	}
	return f.open()
}

// OpenKeyring loads the keyring, or makes one when there is none yet.
func OpenKeyring(path string) (*Keyring, error) {
	k, err := LoadKeyring(path)
	if errors.Is(err, fs.ErrNotExist) {
		return CreateKeyring(path)
	}
	return k, err
}

func (f keyringFile) open() (*Keyring, error) {
	if f.ID == "" || len(f.HMAC) != 32 || len(f.Cipher) != 32 {
		return nil, errors.New("open keyring: the file does not hold two keys of 32 bytes")
	}
	block, err := aes.NewCipher(f.Cipher)
	if err != nil {
		return nil, fmt.Errorf("open keyring: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("open keyring: %w", err)
	}
	return &Keyring{ID: f.ID, hmac: f.HMAC, aead: aead}, nil
}

// sum is a keyed hash of parts, unambiguous about where each ends.
func (k *Keyring) sum(parts ...[]byte) string {
	h := hmac.New(sha256.New, k.hmac)
	for _, p := range parts {
		var n [8]byte
		for i, l := 0, len(p); i < 8; i, l = i+1, l>>8 {
			n[i] = byte(l)
		}
		h.Write(n[:])
		h.Write(p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// seal encrypts text, bound to the id of the record it stands in.
func (k *Keyring) seal(id string, text []byte) ([]byte, error) {
	nonce := make([]byte, k.aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return k.aead.Seal(nonce, nonce, text, []byte(id)), nil
}

// unseal decrypts what seal made for the same id.
func (k *Keyring) unseal(id string, sealed []byte) ([]byte, error) {
	n := k.aead.NonceSize()
	if len(sealed) < n {
		return nil, fmt.Errorf("%w: sealed record %s is too short", repo.ErrCorrupt, id)
	}
	text, err := k.aead.Open(nil, sealed[:n], sealed[n:], []byte(id))
	if err != nil {
		return nil, fmt.Errorf("%w: record %s was sealed under another key or changed",
			repo.ErrCorrupt, id)
	}
	return text, nil
}
