//! Date functions. The clock is the environment's.

use super::super::session::Session;
use super::super::stop::{Answer, wrong};
use super::{Function, integer, pure, scoped, text};
use crate::json::Data;

pub(super) const FUNCTIONS: &[Function] = &[
    scoped("utcNow", 0, 1, |session: &mut Session, _, a| {
        let note = "utcNow() gives the instant set in the surroundings, not the clock's";
        session.assume("arm.utc-now", "utcNow", note, None);
        let instant = Instant::from_epoch(session.environment.now_s);
        let pattern = if a.is_empty() { "yyyyMMddTHHmmssZ" } else { text(a, 0)? };
        Ok(instant.format(pattern).into())
    }),
    pure("dateTimeAdd", 2, 3, |a| {
        let instant = read(text(a, 0)?)?.after(text(a, 1)?)?;
        Ok(instant.format(if a.len() > 2 { text(a, 2)? } else { "yyyy-MM-ddTHH:mm:ssZ" }).into())
    }),
    pure("dateTimeFromEpoch", 1, 1, |a| {
        Ok(Instant::from_epoch(checked(integer(a, 0)?)?).format("yyyy-MM-ddTHH:mm:ssZ").into())
    }),
    pure("dateTimeToEpoch", 1, 1, |a| Ok(Data::from(read(text(a, 0)?)?.epoch()))),
];

/// A date and time of day, UTC.
#[derive(Clone, Copy)]
struct Instant {
    year: i64,
    month: i64,
    day: i64,
    second_of_day: i64,
}

const DAY_S: i64 = 86_400;

/// Keeps seconds within the years 1 to 9999, as .NET does.
fn checked(seconds: i64) -> Answer<i64> {
    let years = -62_135_596_800..=253_402_300_799;
    if years.contains(&seconds) { Ok(seconds) } else { Err(wrong("the date is outside of the years 1 to 9999")) }
}

impl Instant {
    /// Days to a date in the proleptic Gregorian calendar, by counting in eras of 400 years from 1 March.
    fn from_epoch(seconds: i64) -> Self {
        let days = seconds.div_euclid(DAY_S) + 719_468;
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * shifted + 2) / 5 + 1,
            second_of_day: seconds.rem_euclid(DAY_S),
        }
    }

    fn epoch(self) -> i64 {
        let year = self.year - i64::from(self.month <= 2);
        let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let shifted = (self.month + 9) % 12;
        let day_of_year = (153 * shifted + 2) / 5 + self.day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        (era * 146_097 + day_of_era - 719_468) * DAY_S + self.second_of_day
    }

    /// Adds an ISO 8601 duration such as `P1Y2M3DT4H5M6S` or `-PT9H`.
    fn after(self, duration: &str) -> Answer<Self> {
        /// More of any unit leads out of the calendar.
        const MOST: i64 = 1_000_000_000_000;
        let refused = || wrong(format!("{duration:?} is no duration such as PT1H or P3DT2H"));
        let (sign, rest) = duration.strip_prefix('-').map_or((1, duration), |rest| (-1, rest));
        let mut rest = rest.strip_prefix('P').ok_or_else(refused)?;
        let (mut months, mut seconds, mut in_time) = (0_i64, 0_i64, false);
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('T') {
                (rest, in_time) = (after, true);
                continue;
            }
            let end = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(refused)?;
            let count: i64 = rest[..end].parse().ok().filter(|count| *count <= MOST).ok_or_else(refused)?;
            let unit = rest[end..].chars().next().ok_or_else(refused)?;
            rest = &rest[end + unit.len_utf8()..];
            match (unit, in_time) {
                ('Y', false) => months += count * 12,
                ('M', false) => months += count,
                ('W', false) => seconds += count * 7 * DAY_S,
                ('D', false) => seconds += count * DAY_S,
                ('H', true) => seconds += count * 3_600,
                ('M', true) => seconds += count * 60,
                ('S', true) => seconds += count,
                _ => return Err(refused()),
            }
        }
        let month = self.year * 12 + self.month - 1 + sign * months;
        let (year, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
        if !(1..=9_999).contains(&year) {
            return Err(wrong("the date is outside of the years 1 to 9999"));
        }
        let next_month = Self { year: year + month / 12, month: month % 12 + 1, day: 1, second_of_day: 0 };
        let first = Self { year, month, day: 1, second_of_day: 0 };
        let days = (next_month.epoch() - first.epoch()) / DAY_S;
        let moved = Self { year, month, day: self.day.min(days), ..self };
        Ok(Self::from_epoch(checked(moved.epoch() + sign * seconds)?))
    }

    /// A .NET date pattern, standard (`d`, `s`, `u`, `o`) or made of `yyyy MM dd HH mm ss` and text.
    fn format(self, pattern: &str) -> String {
        let pattern = match pattern {
            "d" => "M/d/yyyy",
            "s" => "yyyy-MM-ddTHH:mm:ss",
            "u" => "yyyy-MM-dd HH:mm:ssZ",
            "o" | "O" => "yyyy-MM-ddTHH:mm:ss.fffffffZ",
            other => other,
        };
        let (hour, minute, second) =
            (self.second_of_day / 3_600, self.second_of_day / 60 % 60, self.second_of_day % 60);
        let mut out = String::new();
        let mut rest = pattern;
        while let Some(letter) = rest.chars().next() {
            let run: String = rest.chars().take_while(|next| *next == letter).collect();
            rest = &rest[run.len()..];
            let width = run.chars().count();
            let value = match letter {
                'y' => {
                    if width <= 2 {
                        self.year % 100
                    } else {
                        self.year
                    }
                }
                'M' => self.month,
                'd' => self.day,
                'H' => hour,
                'h' => (hour + 11) % 12 + 1,
                'm' => minute,
                's' => second,
                'f' => {
                    out.extend(std::iter::repeat_n('0', width));
                    continue;
                }
                't' => {
                    out.push_str(if hour < 12 { "AM" } else { "PM" });
                    continue;
                }
                '\'' => continue,
                _ => {
                    out.push_str(&run);
                    continue;
                }
            };
            out.push_str(&format!("{value:0width$}"));
        }
        out
    }
}

/// Reads `yyyy-MM-dd`, with a time after `T` or a blank, with `Z` or an offset or neither; and `yyyyMMddTHHmmssZ`.
fn read(text: &str) -> Answer<Instant> {
    let refused = || wrong(format!("{text:?} is no date such as 2026-01-31T12:00:00Z"));
    let (day, time) = text.split_once(['T', ' ']).unwrap_or((text, ""));
    let (time, offset_s) = match time.find(['Z', '+', '-']) {
        Some(at) => (&time[..at], offset(&time[at..]).ok_or_else(refused)?),
        None => (time, 0),
    };
    let digits = |part: &str| part.chars().filter(char::is_ascii_digit).collect::<String>();
    let (day, time) = (digits(day), format!("{:0<6}", digits(time.split('.').next().unwrap_or_default())));
    if day.len() != 8 || time.len() != 6 {
        return Err(refused());
    }
    let number = |part: &str| part.parse::<i64>().map_err(|_| refused());
    let (hour, minute, second) = (number(&time[..2])?, number(&time[2..4])?, number(&time[4..])?);
    let date =
        Instant { year: number(&day[..4])?, month: number(&day[4..6])?, day: number(&day[6..])?, second_of_day: 0 };
    let back = Instant::from_epoch(date.epoch());
    let real = (back.year, back.month, back.day) == (date.year, date.month, date.day) && date.year > 0;
    if !real || hour > 23 || minute > 59 || second > 59 {
        return Err(refused());
    }
    Ok(Instant::from_epoch(date.epoch() + hour * 3_600 + minute * 60 + second - offset_s))
}

/// Seconds of `Z`, `+02:00`, `-0530`.
fn offset(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let digits: String = text.get(1..)?.chars().filter(char::is_ascii_digit).collect();
    let minutes = digits.get(..2)?.parse::<i64>().ok()? * 60 + digits.get(2..4)?.parse::<i64>().ok()?;
    Some(if text.starts_with('-') { -minutes * 60 } else { minutes * 60 })
}
