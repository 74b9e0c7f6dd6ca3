package enrich

import (
	"fmt"
	"slices"
)

// recoverBatches takes up what earlier runs have left.
func (s *batcher) recoverBatches() error {
	entries, err := s.ledger.open()
	if err != nil {
		return err
	}
	if err := s.ledger.tidy(entries); err != nil {
		return err
	}
	for _, e := range entries {
		if err := s.recoverEntry(e); err != nil {
			return err
		}
	}
	return nil
}

func (s *batcher) recoverEntry(e entry) error {
	if e.State == sending { // at most the file was uploaded, which costs nothing
		return s.closeEntry(e)
	}
	if e.BaseURL != s.client.BaseURL() || !slices.Contains(s.models, e.Model) || e.Population != s.options.Population {
		return fmt.Errorf("%w: for model %s at %s, perhaps for other persons; run that again first, or discard its answers by removing the folder %s", ErrOtherBatches, e.Model, e.BaseURL, s.ledger.dir)
	}
	if e.State == creating {
		b, err := s.clientOf(e.Model).LostBatch(s.life, e.File, e.Name)
		if err != nil {
			return err
		}
		if b == nil {
			e.Cost = e.Worst // a process that still lives may make it
			return s.closeEntry(e)
		}
		e.State, e.ID = submitted, b.ID
		if err := s.ledger.save(e); err != nil {
			return err
		}
	}
	s.note("batch %d (%s) of an earlier run, with %s, is at the provider", e.Number, e.ID, requests(e.Requests))
	s.open = append(s.open, &openBatch{entry: e, reserved: s.client.Budget().ReserveSent(e.Worst)})
	return s.setAllAsked(e, true)
}
