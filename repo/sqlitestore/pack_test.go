package sqlitestore

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/klauspost/compress/s2"
)

// TestDictionaryStays: a dictionary that has been used can never change. A better one is a new
// format.
func TestDictionaryStays(t *testing.T) {
	sum := sha256.Sum256(dictionary1)
	if is := hex.EncodeToString(sum[:]); is !=
		"344682ceca951d14a647a8520535b687ad2c57ab28430c72de106c6bb674db62" {
		t.Errorf("dictionary 1 is %s: stores could not be read any more", is)
	}
	// what the first program packed
	const packed = "01cd011500011ea149bafb0d7e50346239256ac629365e0700762edd0c0e160b15000f085d7d5d"
	stored, err := hex.DecodeString(packed)
	must(t, err)
	text, err := unpack(stored)
	if want := sampleBody; err != nil || string(text) != want {
		t.Errorf("unpacked %s, %v", text, err)
	}
}

const sampleBody = `[{"seq":1,"id":"a","at":"2026-11-28T18:33:09.017Z","by":{"key":"k",` +
	`"role":"front_desk"},"kind":"arrive_visit","command":{},"subject":{"collection":"visits",` +
	`"id":"v"},"facts":[],"min_reader":2,"images":[]}]`

// TestPack: what is packed is unpacked to the same bytes, long or short, well or badly packed.
func TestPack(t *testing.T) {
	noise := make([]byte, 100_000)
	dice := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(dice.Uint32())
	}
	noise[0] = '['
	for _, body := range [][]byte{
		[]byte(`[]`), []byte(sampleBody), []byte(strings.Repeat(sampleBody, 3000)), noise,
		bytes.Repeat([]byte("["), maxBody+1), dictionary1,
		append([]byte(`[`), dictionary1[5000:9000]...),
	} {
		stored := pack(body)
		text, err := unpack(stored)
		if err != nil || !bytes.Equal(text, body) {
			t.Errorf("%d bytes came back as %d, %v", len(body), len(text), err)
		}
		if len(stored) > len(body) {
			t.Errorf("%d bytes are stored as %d", len(body), len(stored))
		}
	}
	if n := len(pack([]byte(sampleBody))); n > len(sampleBody)/2 {
		t.Errorf("a usual commit of %d bytes is stored as %d: is the dictionary used?",
			len(sampleBody), n)
	}
}

// FuzzUnpack: whatever is stored, unpacking it fails or gives a text of bounded length.
func FuzzUnpack(f *testing.F) {
	f.Add(pack([]byte(sampleBody)))
	f.Add([]byte{formatS2})
	f.Add([]byte{7, 1, 2})
	f.Add(append([]byte{formatS2}, s2.EncodeBetter(nil, make([]byte, maxBody+1))...))
	f.Fuzz(func(t *testing.T, stored []byte) {
		text, err := unpack(stored)
		if err == nil && len(text) > max(maxBody, len(stored)) {
			t.Errorf("%d bytes became %d", len(stored), len(text))
		}
	})
}
