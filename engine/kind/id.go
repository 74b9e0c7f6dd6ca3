package kind

import "github.com/personagen/personagen/engine/spec"

var idKind = Kind{
	Name:    "id",
	Uses:    func(*spec.Field) []spec.Text { return nil },
	Compile: func(*Compiler, *spec.Field, *Field) {},
}
