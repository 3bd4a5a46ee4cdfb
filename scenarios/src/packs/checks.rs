//! What a pack must be beyond its form.

use super::form::{Connect, End, Pack, Test};
use topologies::facts::Date;

/// Most lines of a pack, and ports of a line.
const MAX_LINES: usize = 500;
const MAX_PORTS: usize = 64;

/// Checks a pack.
///
/// # Errors
/// What is wrong, in a sentence.
pub(super) fn check(pack: &Pack) -> Result<(), String> {
    if pack.lines.len() > MAX_LINES {
        return Err(format!("a pack has at most {MAX_LINES} lines"));
    }
    for line in &pack.lines {
        let within = |text: String| format!("line `{}`: {text}", line.id);
        for day in [&line.since, &line.until].into_iter().flatten() {
            day.parse::<Date>().map_err(|_| within(format!("`{day}` is neither a day nor an era")))?;
        }
        for place in places(&line.test) {
            if !pack.places.contains_key(place) {
                let known: Vec<&str> = pack.places.keys().map(String::as_str).collect();
                return Err(within(format!("there is no place `{place}`; places are {}", known.join(", "))));
            }
        }
        if let Test::Connect(Connect { ports, .. }) = &line.test
            && (ports.is_empty() || ports.len() > MAX_PORTS || ports.contains(&0))
        {
            return Err(within(format!("`ports` takes 1 to {MAX_PORTS} ports from 1 to 65535")));
        }
    }
    Ok(())
}

/// The places that a test speaks of.
fn places(test: &Test) -> Vec<&str> {
    match test {
        Test::Connect(connect) => [&connect.from, &connect.to].into_iter().filter_map(End::place).collect(),
        Test::Resolves(resolves) => [&resolves.from, &resolves.to].into_iter().filter_map(End::place).collect(),
        Test::Setting(setting) => vec![&setting.of],
        Test::SameRegion(place) | Test::SameNetwork(place) => vec![place],
        Test::Permits(permits) => vec![&permits.on],
    }
}

impl End {
    /// The place that it is in.
    pub(super) fn place(&self) -> Option<&str> {
        match self {
            Self::Place(place) | Self::PublicPlace(place) => Some(place),
            _ => None,
        }
    }
}
