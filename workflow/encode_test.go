package workflow

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"reflect"
	"testing"
	"time"
)

// TestEncodeIsPlain: Encode gives the bytes that encoding/json gives, whatever stands in a record,
// a command or a commit. The chain of a journal is made over these bytes.
func TestEncodeIsPlain(t *testing.T) {
	for seed := range uint64(50) {
		encodeAll(t, seed)
	}
}

func FuzzEncodeIsPlain(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) { encodeAll(t, seed) })
}

// encodeAll compares both on one value of each type that is stored.
func encodeAll(t *testing.T, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	types := []reflect.Type{reflect.TypeFor[Commit](), reflect.TypeFor[oddities]()}
	for _, c := range Collections {
		blank, err := Blank(c)
		if err != nil {
			t.Fatal(err)
		}
		types = append(types, reflect.TypeOf(blank).Elem())
	}
	for _, c := range commands {
		types = append(types, reflect.TypeOf(c).Elem())
	}
	for _, of := range types {
		v := reflect.New(of)
		fillAny(r, v.Elem(), 4)
		plain, err := appendPlain(nil, v.Interface())
		quick, err2 := Encode(v.Interface())
		if (err == nil) != (err2 == nil) {
			t.Fatalf("seed %d, %s: encoding/json says %v, Encode %v", seed, of, err, err2)
		}
		if err == nil && !bytes.Equal(plain, quick) {
			t.Fatalf("seed %d, %s:\nencoding/json %s\nEncode        %s", seed, of, plain, quick)
		}
	}
}

// oddities is what no record has today.
type oddities struct {
	inner
	Twice   string           `json:"twice,omitempty"`
	Skipped string           `json:"-"`
	Self    *oddities        `json:"self,omitempty"`
	Floats  []float64        `json:"floats"`
	Bytes   []byte           `json:"bytes,omitempty"`
	Four    [4]int8          `json:"four"`
	Numbers map[string]int   `json:"numbers,omitempty"`
	Any     any              `json:"any"`
	Raw     json.RawMessage  `json:"raw,omitempty"`
	Late    time.Time        `json:"late,omitzero"`
	Whole   Ref              `json:"whole,omitzero"`
	More    map[string][]Ref `json:"more"`
	hidden  int              //nolint:unused // it must not be seen
}

type inner struct {
	Once  string `json:"once"`
	Small uint16 `json:"small,omitempty"`
}

// fillAny fills v with what is likely to be written differently: nothing at all, odd strings, odd
// times.
func fillAny(r *rand.Rand, v reflect.Value, depth int) {
	if r.IntN(4) == 0 || !v.CanSet() {
		return
	}
	switch p := v.Addr().Interface().(type) {
	case *time.Time:
		*p = []time.Time{
			time.UnixMilli(r.Int64N(1 << 41)).UTC(),
			time.Unix(r.Int64N(1<<31), r.Int64N(1e9)).UTC(),
			time.Unix(0, 0).In(time.FixedZone("", 8*3600)), time.Unix(1<<40, 0).UTC(),
		}[min(3, r.IntN(40)/12)]
		return
	case *json.RawMessage:
		*p = json.RawMessage([]string{`{"a":1}`, ` [ 1 , "<" ] `, `"` + "\u2028" + `"`}[r.IntN(3)])
		return
	case *any:
		*p = []any{1.5, "<x>", nil, map[string]any{"b": 1, "a": []int{}}}[r.IntN(4)]
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString([]string{
			"", "plain", "客户", "a<b>&c", "\u2028", "\u2029x", "\"\\", "\n\x01\x7f", "\xff",
			"é\xe2\x80", "\ufffd", "😀",
		}[r.IntN(12)])
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt([]int64{0, -1, 7, 100}[r.IntN(4)])
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uint:
		v.SetUint(uint64(r.IntN(200)))
	case reflect.Float64:
		v.SetFloat(r.NormFloat64())
	case reflect.Pointer:
		if depth > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fillAny(r, v.Elem(), depth-1)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), r.IntN(3), 3))
		for i := range v.Len() {
			fillAny(r, v.Index(i), depth-1)
		}
	case reflect.Array:
		for i := range v.Len() {
			fillAny(r, v.Index(i), depth-1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range r.IntN(4) {
			key, of := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fillAny(r, key, 0)
			fillAny(r, of, depth-1)
			v.SetMapIndex(key, of)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fillAny(r, v.Field(i), depth)
		}
	default:
	}
}

// BenchmarkEncode encodes the records of the golden commits.
func BenchmarkEncode(b *testing.B) {
	text, err := os.ReadFile("testdata/commits.jsonl")
	if err != nil {
		b.Fatal(err)
	}
	var all []Record
	for line := range bytes.Lines(text) {
		var c Commit
		if err := json.Unmarshal(line, &c); err != nil {
			b.Fatal(err)
		}
		records, err := c.Records()
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, records...)
	}
	for name, encode := range map[string]func(any) ([]byte, error){
		"ours":  Encode,
		"plain": func(v any) ([]byte, error) { return appendPlain(nil, v) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := encode(all[i%len(all)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
