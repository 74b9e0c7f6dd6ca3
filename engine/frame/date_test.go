package frame_test

import (
	"testing"
	"time"

	"github.com/personagen/personagen/engine/frame"
)

func TestDate(t *testing.T) {
	for days := int64(frame.MinDate); days <= frame.MaxDate; days += 17 {
		text := string(frame.AppendDate(nil, days))
		if got, ok := frame.ParseDate(text); !ok || got != days {
			t.Fatalf("day %d is %s, which is read as %d", days, text, got)
		}
		if got := frame.DateOf(frame.Civil(days)); got != days {
			t.Fatalf("day %d becomes %d", days, got)
		}
	}
	for days, want := range map[int64]string{frame.MinDate: "0001-01-01", frame.MaxDate: "9999-12-31", 0: "1970-01-01", -1: "1969-12-31", 11_016: "2000-02-29"} {
		if got := string(frame.AppendDate(nil, days)); got != want {
			t.Errorf("day %d: got %s, want %s", days, got, want)
		}
	}
	if got, want := frame.DateOf(2023, time.February, 29), frame.DateOf(2023, time.March, 1); got != want {
		t.Errorf("29 February 2023 is %d, want 1 March, %d", got, want)
	}
	for _, text := range []string{"", "2023-02-29", "0000-12-31", "10000-01-01", "2024-4-8", "2024-04-08T00:00:00Z", "20240408", "-001-01-01"} {
		if days, ok := frame.ParseDate(text); ok {
			t.Errorf("%q is read as day %d", text, days)
		}
	}
}
