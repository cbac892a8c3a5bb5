//! Dates as text. The simulator knows time as milliseconds since the epoch alone.

#![forbid(unsafe_code)]

const DAY: u64 = 86_400_000;
/// The end of the year 9999: later times are shown as this one.
const LAST: u64 = 253_402_300_799_999;

const MONTHS: [(&str, u64); 12] = [
    ("Jan", 31),
    ("Feb", 28),
    ("Mar", 31),
    ("Apr", 30),
    ("May", 31),
    ("Jun", 30),
    ("Jul", 31),
    ("Aug", 31),
    ("Sep", 30),
    ("Oct", 31),
    ("Nov", 30),
    ("Dec", 31),
];

/// `2026-08-01T09:30:00.123000000Z`: UTC to the nanosecond, as Anaplan's error bodies have it.
pub(crate) fn timestamp(ms: u64) -> String {
    let Moment { year, month, day, clock, fraction, .. } = Moment::of(ms);
    format!("{year:04}-{month:02}-{day:02}T{clock}.{fraction:03}000000Z")
}

/// `Sat, 01 Aug 2026 09:30:00 GMT`, as HTTP headers have it.
pub(crate) fn http_date(ms: u64) -> String {
    let Moment { year, month_name, day, weekday, clock, .. } = Moment::of(ms);
    format!("{weekday}, {day:02} {month_name} {year:04} {clock} GMT")
}

struct Moment {
    year: u64,
    month: u64,
    month_name: &'static str,
    day: u64,
    weekday: &'static str,
    clock: String,
    fraction: u64,
}

impl Moment {
    fn of(ms: u64) -> Self {
        let ms = ms.min(LAST);
        let days = ms / DAY;
        let weekday = match days % 7 {
            0 => "Thu",
            1 => "Fri",
            2 => "Sat",
            3 => "Sun",
            4 => "Mon",
            5 => "Tue",
            _ => "Wed",
        };
        let (mut year, mut day) = (1970_u64, days);
        while let Some(rest) = day.checked_sub(if is_leap(year) { 366 } else { 365 }) {
            year = year.saturating_add(1);
            day = rest;
        }
        let (mut month, mut month_name) = (1_u64, "Jan");
        for (name, length) in MONTHS {
            month_name = name;
            let length = if name == "Feb" && is_leap(year) { 29 } else { length };
            let Some(rest) = day.checked_sub(length) else {
                break;
            };
            month = month.saturating_add(1);
            day = rest;
        }
        let seconds = ms % DAY / 1_000;
        Self {
            year,
            month,
            month_name,
            day: day.saturating_add(1),
            weekday,
            clock: format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60),
            fraction: ms % 1_000,
        }
    }
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (ms, expected, header) in [
            (0, "1970-01-01T00:00:00.000000000Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_399_999, "2000-02-28T23:59:59.999000000Z", "Mon, 28 Feb 2000 23:59:59 GMT"),
            (951_782_400_000, "2000-02-29T00:00:00.000000000Z", "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_785_576_600_123, "2026-08-01T09:30:00.123000000Z", "Sat, 01 Aug 2026 09:30:00 GMT"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000000000Z", "Mon, 01 Mar 2100 00:00:00 GMT"),
            (1_798_761_599_000, "2026-12-31T23:59:59.000000000Z", "Thu, 31 Dec 2026 23:59:59 GMT"),
        ] {
            assert_eq!(timestamp(ms), expected);
            assert_eq!(http_date(ms), header);
        }
        assert_eq!(timestamp(u64::MAX), "9999-12-31T23:59:59.999000000Z");
    }
}
