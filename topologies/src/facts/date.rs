//! The date a run is set in.

use std::fmt;
use std::str::FromStr;

/// A day of the calendar. Rules and lists of Azure hold from a day on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// Year.
    pub year: u16,
    /// Month, from 1.
    pub month: u8,
    /// Day, from 1.
    pub day: u8,
}

/// Why a text is no date.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither a date like 2024-08-26 nor an era: 2020, 2021, 2026")]
pub struct DateError(pub String);

impl Date {
    /// The newest data of this version: the page of round trips between regions that the table was checked with.
    pub const DATA: Self = Self { year: 2026, month: 7, day: 30 };
}

/// The date of the data.
impl Default for Date {
    fn default() -> Self {
        Self::DATA
    }
}

/// Reads `2024-08-26`, or an era: `2020` and `2021` are the last days of these years, `2026` is the date of the data.
impl FromStr for Date {
    type Err = DateError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let last_day = |year| Self { year, month: 12, day: 31 };
        match text {
            "2020" => return Ok(last_day(2020)),
            "2021" => return Ok(last_day(2021)),
            "2026" => return Ok(Self::DATA),
            _ => {}
        }
        let error = || DateError(text.to_owned());
        let parts: Vec<&str> = text.split('-').collect();
        let [year, month, day] = parts[..] else { return Err(error()) };
        let read = |part: &str, digits: usize| {
            let all = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse::<u16>().ok().filter(|_| all)
        };
        let (Some(year), Some(month), Some(day)) = (read(year, 4), read(month, 2), read(day, 2)) else {
            return Err(error());
        };
        if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return Err(error());
        }
        // Both fit: checked above.
        Ok(Self { year, month: month as u8, day: day as u8 })
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:04}-{:02}-{:02}", self.year, self.month, self.day))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches: an era taken for a year that does not parse, days out of range, dates compared by day first.
    #[test]
    fn dates_and_eras_are_read() {
        for (text, expected) in [
            ("2020", Some("2020-12-31")),
            ("2026", Some("2026-07-30")),
            ("2024-08-26", Some("2024-08-26")),
            ("2024-13-01", None),
            ("2024-8-26", None),
            ("+024-08-26", None),
            ("2019", None),
            ("", None),
        ] {
            assert_eq!(text.parse::<Date>().ok().map(|date| date.to_string()).as_deref(), expected, "{text}");
        }
        assert!("2021".parse::<Date>().unwrap() < "2024-01-01".parse::<Date>().unwrap());
    }
}
