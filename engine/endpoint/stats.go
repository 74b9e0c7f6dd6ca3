package endpoint

import "maps"

// Stats counts what a client did.
type Stats struct {
	Requests int64          // ended, with or without an answer
	Answers  int64          // requests that ended in an answer
	Failures map[Kind]int64 // requests that ended in an error
	Attempts int64          // sent over the network
	Usage    Usage          // as far as the server reported it
	// Misreported counts attempts with numbers of tokens that cannot be: below what
	// was sent and received, negative or far beyond the bound of the request.
	// Their bound counts as spent.
	Misreported int64
	InFlight    int // now
	Limit       int // on calls in flight, now
}

// Stats returns the counts so far.
func (c *Client) Stats() Stats {
	inFlight, limit := c.gate.occupancy()
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.InFlight, s.Limit, s.Failures = inFlight, limit, maps.Clone(c.stats.Failures)
	return s
}

// count books a request that has ended.
func (c *Client) count(a *Answer, e *Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats.Requests++
	if e != nil {
		c.stats.Failures[e.Kind]++
	} else if a != nil {
		c.stats.Answers++
	}
}
