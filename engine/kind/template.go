package kind

import "github.com/personagen/personagen/engine/spec"

var templateKind = Kind{
	Name:    "template",
	Uses:    func(*spec.Field) []spec.Text { return nil },
	Compile: func(*Compiler, *spec.Field, *Field) {},
}
