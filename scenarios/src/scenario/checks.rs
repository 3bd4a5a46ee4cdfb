//! What the types of a scenario do not say: values that are texts in the file and something stricter in the run.

use super::{
    Action, Assumed, Flow, FlowExpectation, FlowProtocol, FlowVerdict, MAX_PARALLEL, MAX_REPEAT, Places, Ports,
    Scenario, plain,
};
use crate::codes;
use crate::yaml;
use sim_core::assumption::Assumption;
use sim_core::net::{Addr, Prefix};
use sim_core::source::Span;
use std::collections::BTreeMap;
use topologies::diagnostic::Diagnostic;
use topologies::facts::Date;

/// Everything that is wrong with the values, in the order of the file's parts. A date comes back if the era is one.
pub(super) fn check(scenario: &Scenario, places: &Places, text: &str) -> Result<Date, Vec<Diagnostic>> {
    let mut checks = Checks(Vec::new());
    let date = checks.era(scenario, places);
    checks.assumed(scenario, places);
    checks.repeat(scenario.repeat, places.repeat);
    checks.unsure(scenario, places);
    checks.actors(scenario, places);
    checks.flows(scenario, places);
    checks.timeline(scenario, places);
    for place in &places.free {
        checks.plain_number(*place, text);
    }
    if checks.0.is_empty() { Ok(date) } else { Err(checks.0) }
}

struct Checks(Vec<Diagnostic>);

impl Checks {
    fn wrong(&mut self, place: Option<Span>, message: String, help: &str) {
        let diagnostic = Diagnostic { span: place, ..Diagnostic::error("scenario.value", message) };
        self.0.push(diagnostic.help(help));
    }

    fn era(&mut self, scenario: &Scenario, places: &Places) -> Date {
        let Some(era) = &scenario.era else { return Date::DATA };
        era.parse().unwrap_or_else(|error| {
            self.0.push(Diagnostic { span: places.era, ..Diagnostic::error("scenario.value", format!("{error}")) });
            Date::DATA
        })
    }

    fn assumed(&mut self, scenario: &Scenario, places: &Places) {
        for (name, value) in &scenario.assume {
            if let Err(message) = Assumed::default().set(name, &plain(value)) {
                self.wrong(places.assume.get(name).copied(), message, "`vnetsim assumptions` lists what there is");
            }
        }
    }

    fn unsure(&mut self, scenario: &Scenario, places: &Places) {
        for (n, name) in scenario.unsure.iter().enumerate() {
            if !name.eq_ignore_ascii_case("all") && Assumption::named(name).is_none() {
                let message = format!("there is no assumption `{name}`");
                self.wrong(places.unsure.get(n).copied(), message, "`vnetsim assumptions` lists them");
            }
        }
    }

    fn repeat(&mut self, repeat: u32, place: Option<Span>) {
        if !(1..=MAX_REPEAT).contains(&repeat) {
            let message = format!("{repeat} attempts are not possible");
            self.wrong(place, message, &format!("write a number from 1 to {MAX_REPEAT}"));
        }
    }

    fn actors(&mut self, scenario: &Scenario, places: &Places) {
        for (name, actor) in &scenario.actors {
            let place = places.actors.get(name);
            if actor.address.parse::<Prefix>().is_err() {
                let message = format!("`{}` is neither an address nor a prefix", actor.address);
                self.wrong(place.map(|it| it.address), message, "write 203.0.113.7, 2001:db8::7 or 203.0.113.0/24");
            }
            if let Some(prefix) = &actor.prefix
                && (!prefix.contains('/') || prefix.parse::<Prefix>().is_err())
            {
                let message = format!("`{prefix}` is not a prefix");
                self.wrong(
                    place.and_then(|it| it.prefix),
                    message,
                    "write an address and a length, such as 192.168.0.0/16",
                );
            }
            for (index, _) in actor.listens.iter().enumerate().filter(|(_, port)| **port == 0) {
                let place = place.and_then(|it| it.listens.get(index)).copied();
                self.wrong(place, "nothing can listen on port 0".to_owned(), "ports go from 1 to 65535");
            }
        }
    }

    fn flows(&mut self, scenario: &Scenario, places: &Places) {
        let mut names: BTreeMap<&str, Option<Span>> = BTreeMap::new();
        for (index, flow) in scenario.flows.iter().enumerate() {
            let place = places.flows.get(index);
            let name = place.map(|it| it.name);
            if let Some(first) = names.get(flow.name.as_str()) {
                let message = format!("two flows are called `{}`", flow.name);
                self.wrong(name, message, "give each flow a name of its own: reports tell them apart by it");
                if let Some(last) = self.0.last_mut() {
                    last.notes.push((*first, "the first one".to_owned()));
                }
            } else {
                names.insert(&flow.name, name);
            }
            if let Err(error) = flow.target() {
                let place = place.map(|it| it.to);
                self.0.push(Diagnostic { span: place, ..Diagnostic::error("scenario.value", error.to_string()) });
            }
            if let Some(repeat) = flow.repeat {
                self.repeat(repeat, place.and_then(|it| it.repeat));
            }
            self.reason(flow.expect.reason.as_deref(), place.and_then(|it| it.reason));
            self.manner(flow, place.map(|it| it.whole));
            self.expected(flow, place.and_then(|it| it.expect));
            self.seen(&flow.expect, place.and_then(|it| it.expect));
        }
    }

    /// How it is tried: what fits together, and within limits.
    fn manner(&mut self, flow: &Flow, place: Option<Span>) {
        use FlowProtocol::{Ssh, Tcp, Udp};
        if let Some(session) = flow.session {
            if !matches!(flow.protocol, Tcp | Ssh) || flow.parallel.is_some() {
                self.wrong(place, "this cannot be a session".to_owned(), "single `tcp` and `ssh` connections can");
            }
            let (every, lasts) = (session.every.0.0, session.lasts.0.0);
            if every == 0 || lasts / every > u64::from(MAX_REPEAT) {
                let help = format!("give `every` a length that fits into `for` at most {MAX_REPEAT} times");
                self.wrong(place, "the session says too much".to_owned(), &help);
            }
        }
        if let Some(retry) = flow.retry {
            if flow.session.is_some() || flow.parallel.is_some() || flow.source.is_some() {
                let help = "single connections can, that are over when they have connected";
                self.wrong(place, "this cannot be tried again and again".to_owned(), help);
            }
            let (every, lasts) = (retry.every.0.0, retry.lasts.0.0);
            if every == 0 || lasts / every > u64::from(MAX_REPEAT) {
                let help = format!("give `every` a length that fits into `for` at most {MAX_REPEAT} times");
                self.wrong(place, "the flow tries too often".to_owned(), &help);
            }
        }
        if let Some(parallel) = flow.parallel {
            if !matches!(flow.protocol, Tcp | Udp) {
                self.wrong(place, "these cannot be opened at once".to_owned(), "`tcp` and `udp` can");
            }
            let last = flow
                .target()
                .map_or(0, |target| u32::from(target.port).saturating_add(parallel.flows).saturating_sub(1));
            let beyond = parallel.ports == Ports::Each && last > u32::from(u16::MAX);
            if !(1..=MAX_PARALLEL).contains(&parallel.flows) || beyond {
                let help = format!("at most {MAX_PARALLEL}, to ports up to 65535");
                self.wrong(place, format!("{} connections are not possible", parallel.flows), &help);
            }
        }
        if let Some(source) = &flow.source {
            self.address(source, place);
        }
    }

    fn expected(&mut self, flow: &Flow, place: Option<Span>) {
        let expect = &flow.expect;
        let fails = expect.verdict != FlowVerdict::Connected || flow.retry.is_some();
        let says_nothing = !fails && !flow.protocol.is_told();
        let needed = [
            (expect.session.is_some() && flow.session.is_none(), "session"),
            (expect.opened.is_some() && flow.parallel.is_none(), "parallel"),
            (expect.prints.is_some() && says_nothing, "protocol: docker-pull"),
            (expect.status.is_some() && !flow.protocol.is_told(), "protocol: https"),
            (expect.hops.is_some() && flow.protocol != FlowProtocol::Traceroute, "protocol: traceroute"),
        ];
        for (_, wanted) in needed.into_iter().filter(|(missing, _)| *missing) {
            let message = format!("this is expected of flows with `{wanted}` only");
            self.wrong(place, message, &format!("give the flow `{wanted}`, or leave the expectation out"));
        }
    }

    /// Values of an expectation, whatever it is of.
    fn seen(&mut self, expect: &FlowExpectation, place: Option<Span>) {
        let hops = expect.hops.iter().flatten().filter(|hop| *hop != "*");
        for address in expect.seen_as.iter().chain(hops) {
            self.address(address, place);
        }
        if let Some(fails) = expect.fails
            && !((0.0..=1.0).contains(&fails.share) && (0.0..=1.0).contains(&fails.within))
        {
            self.wrong(place, "shares go from 0 to 1".to_owned(), "a quarter is 0.25");
        }
    }

    fn address(&mut self, text: &str, place: Option<Span>) {
        if text.parse::<Addr>().is_err() {
            self.wrong(place, format!("`{text}` is no address"), "write 203.0.113.7 or 2001:db8::7");
        }
    }

    fn timeline(&mut self, scenario: &Scenario, places: &Places) {
        for (index, event) in scenario.timeline.iter().enumerate() {
            let place = places.timeline.get(index);
            if let Action::Build(build) = &event.action {
                self.reason(build.expect.reason.as_deref(), place.and_then(|it| it.reason));
                for flow in &build.expect.flows {
                    self.reason(flow.expect.reason.as_deref(), place.and_then(|it| it.expect));
                    self.seen(&flow.expect, place.and_then(|it| it.expect));
                }
            }
            if event.expect.is_some() && matches!(event.action, Action::Build(_) | Action::Reboot(_)) {
                let message = "this cannot be expected to be refused".to_owned();
                self.wrong(place.map(|it| it.whole), message, "`set`, `put` and `delete` can");
            }
        }
    }

    /// A reason that nothing ever has cannot be met. Azure's own codes, which start with a capital, are not all known here.
    fn reason(&mut self, reason: Option<&str>, place: Option<Span>) {
        let Some(reason) = reason else { return };
        let known: Vec<&str> = codes::REASONS.iter().map(|it| it.code).collect();
        if codes::find(reason).is_some_and(|it| it.code.starts_with("name.")) {
            return;
        }
        if !reason.starts_with(|first: char| first.is_ascii_uppercase()) && !known.contains(&reason) {
            let message = format!("`{reason}` is no reason code");
            let diagnostic = Diagnostic { span: place, ..Diagnostic::error("scenario.value", message) };
            self.0.push(yaml::choices(diagnostic, reason, &known, "reason codes, besides Azure's own, are"));
        }
    }

    /// A number that readers of YAML take for different values: octal here and decimal there, a text here and a number
    /// there, or cut to what a float can hold.
    fn plain_number(&mut self, place: Span, text: &str) {
        let Some(written) = text.get(place.start as usize..place.end as usize) else { return };
        let digits = written.trim_start_matches(['+', '-']);
        let counted = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
        if !counted || !digits.starts_with(|first: char| first.is_ascii_digit()) {
            return;
        }
        let leading = digits.len() > 1 && digits.starts_with('0');
        let large = written.parse::<i64>().is_err() && written.parse::<u64>().is_err();
        if leading || large {
            let message = format!("`{written}` may be read as one number or another");
            self.wrong(Some(place), message, "write a plain number of at most 64 bits, or a text in quotes");
        }
    }
}
