package run

import (
	"fmt"

	"github.com/personagen/personagen/engine/bundle"
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
	read      bool            // the plan is that of a bundle
	err       error           // why there is no generator
}

func (r *run) source() (s *source) {
	s = &source{read: bundle.Is(r.Spec)}
	defer s.useless(&s.err)
	s.generator = r.generator.Worker()
	if r.narrator != nil {
		s.narrator = r.narrator.Worker()
	}
	if r.model != nil {
		s.texts = r.model.reader()
	}
	return s
}

// useless turns a panic into an error if the plan is that of a bundle, which anybody
// may have changed and sealed again. What plan.Validate does not find must not end the
// program.
func (s *source) useless(err *error) {
	if !s.read {
		return
	}
	if fault := recover(); fault != nil {
		*err = fmt.Errorf("the plan of the bundle cannot be used; make the bundle again: %v", fault)
	}
}

// Batch implements release.Source.
func (s *source) Batch(first int64, n int) (b *frame.Batch, err error) {
	if s.err != nil {
		return nil, s.err
	}
	defer s.useless(&err)
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
	b, err = s.generator.Batch(first, n)
	if err == nil && s.narrator != nil {
		s.narrator.Fill(b)
	}
	if err == nil && s.texts != nil {
		err = s.texts.Fill(b)
	}
	return b, err
}
