package enrich

import "encoding/json"

// Answered is what a journal says of one field of a person.
type Answered struct {
	Field   string // "" in records of old versions, and of refused answers
	Text    string
	Items   []string
	Score   *int64
	Source  string // name of the model
	Refused string // why no answer was accepted, "" if one was
}

// ReadAnswered reads a record of a journal.
func ReadAnswered(value []byte) (Answered, error) {
	var r record
	if err := json.Unmarshal(value, &r); err != nil {
		return Answered{}, err
	}
	return Answered{r.Field, r.Text, r.Items, r.Score, r.Source, r.Refused}, nil
}
