package kind

import "github.com/personagen/personagen/engine/spec"

var listKind = Kind{
	Name:    "list",
	Uses:    func(*spec.Field) []spec.Text { return nil },
	Compile: func(*Compiler, *spec.Field, *Field) {},
}
