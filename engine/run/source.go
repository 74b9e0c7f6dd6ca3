package run

import (
	"github.com/personagen/personagen/engine/frame"
	"github.com/personagen/personagen/engine/internal/enrich"
	"github.com/personagen/personagen/engine/internal/generate"
	"github.com/personagen/personagen/engine/internal/narrate"
)

// source makes persons and fills in their texts, for one goroutine. It
// implements release.Source.
type source struct {
	generator *generate.Worker
	narrator  *narrate.Worker // nil when it has nothing to write
	texts     *enrich.Reader  // of the journal; nil when no model writes
}

func (r *run) source() *source {
	s := &source{generator: r.generator.Worker()}
	if r.narrator != nil {
		s.narrator = r.narrator.Worker()
	}
	if r.model != nil {
		s.texts = r.model.reader()
	}
	return s
}

// Batch implements release.Source.
func (s *source) Batch(first int64, n int) (*frame.Batch, error) {
	if s.narrator != nil {
		// A text must not open like those of the same hundred before it.
		if from := s.narrator.From(first); from < first {
			before, err := s.generator.Batch(from, int(first-from))
			if err != nil {
				return nil, err
			}
			s.narrator.Meet(before)
		}
	}
	b, err := s.generator.Batch(first, n)
	if err == nil && s.narrator != nil {
		s.narrator.Fill(b)
	}
	if err == nil && s.texts != nil {
		err = s.texts.Fill(b)
	}
	return b, err
}
