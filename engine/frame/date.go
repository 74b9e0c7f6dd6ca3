package frame

import "time"

// The first and the last date, 0001-01-01 and 9999-12-31, as days since 1970-01-01:
// the dates that every format and reader of the data can represent.
const (
	MinDate = -719_162
	MaxDate = 2_932_896
)

const secondsPerDay = 24 * 60 * 60

// DateOf returns a day of the Gregorian calendar as days since 1970-01-01.
func DateOf(year int, month time.Month, day int) int64 {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / secondsPerDay
}

// Civil returns the year, month and day of a date in days since 1970-01-01.
func Civil(days int64) (year int, month time.Month, day int) {
	return time.Unix(days*secondsPerDay, 0).UTC().Date()
}

// AppendDate appends a date in days since 1970-01-01 as ISO 8601 writes it,
// YYYY-MM-DD.
func AppendDate(dst []byte, days int64) []byte {
	return time.Unix(days*secondsPerDay, 0).UTC().AppendFormat(dst, time.DateOnly)
}

// ParseDate reads a date of the form YYYY-MM-DD from the year 1 on. It returns false
// for anything else, such as 2023-02-29.
func ParseDate(text string) (days int64, ok bool) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || t.Year() < 1 {
		return 0, false
	}
	return t.Unix() / secondsPerDay, true
}
