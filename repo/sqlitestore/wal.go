package sqlitestore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// errLog: the log is damaged.
var errLog = errors.New("the log is damaged")

// readLog follows the write-ahead log as SQLite will, and looks beyond the frame where SQLite
// stops. There may be the rest of one transaction that was being written when the power failed. Two
// or more mean that they were flushed, so the frame was whole once.
// https://sqlite.org/fileformat2.html#walformat
func readLog(f io.Reader) error {
	const header, frameHeader = 32, 24
	var h [header]byte
	if _, err := io.ReadFull(f, h[:]); err != nil {
		return ended(err)
	}
	if h == [header]byte{} { // made, never flushed
		return nil
	}
	sum := newLogSum(h[3])
	sum.add(h[:24])
	page := int(binary.BigEndian.Uint32(h[8:]))
	if binary.BigEndian.Uint32(h[:])&^1 != 0x377f0682 || !sum.is(h[24:]) || page < 512 ||
		page > 65536 {
		return fmt.Errorf("%w at its beginning", errLog)
	}
	frame := make([]byte, frameHeader+page)
	broken, after := 0, 0
	for n := 1; ; n++ {
		if _, err := io.ReadFull(f, frame); err != nil {
			return ended(err)
		}
		same := string(frame[8:16]) == string(h[16:24])
		if broken == 0 {
			sum.add(frame[:8])
			sum.add(frame[frameHeader:])
			if same && sum.is(frame[16:]) {
				continue
			}
			broken = n
		}
		if same && binary.BigEndian.Uint32(frame[4:]) != 0 {
			after++
		}
		if after > 1 {
			return fmt.Errorf("%w at frame %d, and frames that were flushed follow", errLog, broken)
		}
	}
}

// ended turns the end of a file into no error.
func ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// logSum is the running sum of a log.
type logSum struct {
	word   func([]byte) uint32
	s0, s1 uint32
}

// newLogSum takes the last byte of the magic number, which tells the byte order.
func newLogSum(magic byte) *logSum {
	if magic&1 == 1 {
		return &logSum{word: binary.BigEndian.Uint32}
	}
	return &logSum{word: binary.LittleEndian.Uint32}
}

func (s *logSum) add(text []byte) {
	for ; len(text) >= 8; text = text[8:] {
		s.s0 += s.word(text) + s.s1
		s.s1 += s.word(text[4:]) + s.s0
	}
}

func (s *logSum) is(text []byte) bool {
	return binary.BigEndian.Uint32(text) == s.s0 && binary.BigEndian.Uint32(text[4:]) == s.s1
}
