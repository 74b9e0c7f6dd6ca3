package diag

import (
	"io"

	"github.com/personagen/personagen/engine/internal/plaintext"
)

// Writer writes text with every character made visible that would steer a terminal
// or the direction of the text around it, whoever the text is from. What the program
// itself sends to a terminal, colours and the clearing of a line, passes.
type Writer = plaintext.Writer

// NewWriter returns a Writer to w.
func NewWriter(w io.Writer, terminal bool) *Writer { return plaintext.NewWriter(w, terminal) }
