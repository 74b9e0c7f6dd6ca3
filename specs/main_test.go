package specs_test

import (
	"fmt"
	"os"
	"testing"
)

// cache is a folder of compiled specs that all tests of this package share, so that each
// spec is compiled and fitted once.
var cache string

func TestMain(m *testing.M) {
	var err error
	if cache, err = os.MkdirTemp("", "specs"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(cache)
	os.Exit(code)
}
