package mongostore

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/lunpai/lunpai/repo"
)

// ErrIndexes: a unique index that makes an append a compare-and-set is missing or could not be
// verified. Appends are refused. The error's text names the index and the remedy.
var ErrIndexes = errors.New("journal without its unique index")

// Server error codes that matter here.
const (
	codeBadValue     = 2
	codeUnauthorized = 13
	codeValidation   = 121
	codeDuplicateKey = 11000
)

// failure is a driver's or server's error without its text, which may hold values of documents and
// filters.
type failure struct {
	op    string // what was tried, and on which ids
	class string
	code  int   // the server's, 0 when it gave none
	cause error // a context's error or nil
}

func (f *failure) Error() string {
	if f.code != 0 {
		return fmt.Sprintf("mongodb: %s: %s (code %d)", f.op, f.class, f.code)
	}
	return fmt.Sprintf("mongodb: %s: %s", f.op, f.class)
}

func (f *failure) Unwrap() error { return f.cause }

// fail wraps a driver's error; nil stays nil, and an error of this package or of repo keeps its
// text.
func fail(op string, err error) error {
	var known *failure
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known), errors.Is(err, repo.ErrCorrupt), errors.Is(err, repo.ErrClosed):
		return fmt.Errorf("%s: %w", op, err)
	}
	f := &failure{op: op, code: serverCode(err)}
	switch {
	case errors.Is(err, mongo.ErrClientDisconnected):
		f.class = "closed meanwhile" // not ErrClosed: the call had begun
	case errors.Is(err, context.Canceled):
		f.class, f.cause = "cancelled", context.Canceled
	case mongo.IsTimeout(err):
		f.class, f.cause = "timeout", context.DeadlineExceeded
	case f.code != 0:
		f.class = codeClass(f.code)
	case mongo.IsNetworkError(err):
		f.class = "network"
	default:
		f.class = "no server, or an error of the driver"
	}
	return f
}

// serverCode is the first code that a server's answer carries, 0 when there is none.
func serverCode(err error) int {
	var se mongo.ServerError
	if errors.As(err, &se) {
		for _, code := range se.ErrorCodes() {
			if code != 0 {
				return code
			}
		}
	}
	return 0
}

func codeClass(code int) string {
	switch code {
	case codeDuplicateKey:
		return "duplicate key"
	case codeUnauthorized, 18:
		return "not authorised"
	case 91, 189, 10107, 10058, 11600, 11602, 13435, 13436:
		return "not primary"
	case 50, 262:
		return "timeout"
	case 64, 79, 100:
		return "write concern not satisfied"
	case codeValidation:
		return "document validation"
	default:
		return "server error"
	}
}

// unknown is the answer to an append when nobody can say whether it was written.
func unknown(err error) error {
	if errors.Is(err, repo.ErrUnknown) {
		return err
	}
	return fmt.Errorf("%w: %w", repo.ErrUnknown, err)
}
