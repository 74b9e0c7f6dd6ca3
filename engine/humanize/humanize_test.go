package humanize

import "testing"

func TestFormats(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Thousands(0), "0"},
		{Thousands(999), "999"},
		{Thousands(1000), "1,000"},
		{Thousands(-1234567), "-1,234,567"},
		{Thousands(-123), "-123"},
		{Number(1234.5), "1,234.5"},
		{Number(0.25), "0.25"},
		{Number(-2000), "-2,000"},
		{Count(1, "person", "persons"), "1 person"},
		{Count(int64(0), "person", "persons"), "0 persons"},
		{Count(2000, "person", "persons"), "2,000 persons"},
		{Some([]string{"a", "b"}), "a, b"},
		{Some([]string{"1", "2", "3", "4", "5", "6", "7"}), "1, 2, 3, 4, 5, 6, 7"},
		{Some([]string{"1", "2", "3", "4", "5", "6", "7", "8"}), "1, 2, 3, 4, 5, 6 and 2 more"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
