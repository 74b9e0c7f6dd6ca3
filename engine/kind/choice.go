package kind

import "github.com/personagen/personagen/engine/spec"

var choiceKind = Kind{
	Name:    "choice",
	Uses:    func(*spec.Field) []spec.Text { return nil },
	Compile: func(*Compiler, *spec.Field, *Field) {},
}
