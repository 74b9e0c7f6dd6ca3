package kind

import "github.com/personagen/personagen/engine/spec"

var numberKind = Kind{
	Name:    "number",
	Uses:    func(*spec.Field) []spec.Text { return nil },
	Compile: func(*Compiler, *spec.Field, *Field) {},
}
