package repo_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/lunpai/lunpai/tools/mongod/mongotest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(mongotest.Runner{M: m}) }
