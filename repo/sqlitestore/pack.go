package sqlitestore

import (
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/s2"

	"github.com/lunpai/lunpai/repo"
)

// A body is stored packed. Its first byte says how; the hash of a page is over the text, so nothing
// depends on how well or by which program it was packed.
const (
	formatText byte = '['  // the text itself: every body is a JSON array
	formatS2   byte = 0x01 // S2 (https://github.com/klauspost/compress) with dictionary 1
)

// maxBody is the longest text that is unpacked. A page holds 256 KiB and one commit; whatever
// claims to be longer is damaged.
const maxBody = 16 << 20

// dictionary1 is what bodies usually consist of: made-up commits of each kind, the frequent ones
// last. It must never change, or what was packed with it cannot be read. A better one gets a format
// of its own.
//
//go:embed dictionary1.txt
var dictionary1 []byte

var dictionary = sync.OnceValue(func() *s2.Dict { return s2.MakeDict(dictionary1, nil) })

// pack is a body as it is stored.
func pack(body []byte) []byte {
	if len(body) > maxBody {
		return body
	}
	out := make([]byte, 1, 1+s2.MaxEncodedLen(len(body)))
	out[0] = formatS2
	// Encode uses what it is given when it is long enough
	packed := dictionary().Encode(out[1:cap(out)], body)
	if len(packed)+1 >= len(body) {
		return body
	}
	return append(out[:1:1], packed...)
}

var errPacked = errors.New("the packed body is damaged")

// unpack is the text of a stored body.
func unpack(stored []byte) ([]byte, error) {
	if len(stored) == 0 || stored[0] == formatText {
		return stored, nil
	}
	if stored[0] != formatS2 {
		return nil, fmt.Errorf("%w: format %d", errPacked, stored[0])
	}
	n, err := s2.DecodedLen(stored[1:])
	if err != nil || n > maxBody {
		return nil, fmt.Errorf("%w: length %d, %v", errPacked, n, err) //nolint:errorlint // said
	}
	text, err := dictionary().Decode(make([]byte, n), stored[1:])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPacked, err)
	}
	return text, nil
}

// entriesOf reads the plain fields of a page from its body.
func entriesOf(body []byte) (es []repo.Entry, err error) {
	err = json.Unmarshal(body, &es)
	return es, err
}

// digest is a hash as it is stored: 32 bytes, none for "".
func digest(hash string) ([]byte, error) {
	b, err := hex.DecodeString(hash)
	if err != nil || hex.EncodeToString(b) != hash {
		return nil, fmt.Errorf("%w: %q is no hash of a page", repo.ErrCorrupt, hash)
	}
	return b, nil
}
