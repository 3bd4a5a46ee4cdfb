//! What was expected of a flow, held against its report.

use super::flows::FlowReport;
use crate::hangs::{self, Alternative, HangsOn};
use crate::problem::Problem;
use crate::scenario::{
    BuildExpectation, Fails, FindingExpectation, FlowExpectation, FlowVerdict, Layer, Probes, SessionEnd,
    SessionExpectation, Way,
};
use crate::verdict::{Layers, Verdict};
use sim_core::assumption::Choices;
use sim_core::time::Nanos;

/// The expectations that a flow does not meet; its attempts waited `timeout` for an answer.
pub(super) fn unmet(expect: &FlowExpectation, report: &FlowReport, timeout: Nanos) -> Vec<String> {
    let mut unmet = Vec::new();
    let mut check = |met: bool, wanted: String, found: String| {
        if !met {
            unmet.push(format!("{}: expected {wanted}, is {found}", report.name));
        }
    };
    let wanted = match expect.verdict {
        FlowVerdict::Connected => Verdict::Connected,
        FlowVerdict::Degraded => Verdict::Degraded,
        FlowVerdict::Disconnected => Verdict::Disconnected,
        FlowVerdict::Unknown => Verdict::Unknown,
    };
    // Whether nobody knows is seen once all choices are tried.
    let settled = wanted != Verdict::Unknown;
    check(!settled || report.verdict == wanted, format!("{wanted:?}"), format!("{:?}", report.verdict));
    if let Some(layer) = expect.layer {
        let found = first_failing(&report.layers);
        check(found == Some(layer), format!("{layer:?} as the first layer that fails"), format!("{found:?}"));
    }
    let ways = [("through", &expect.through, &report.through), ("back through", &expect.back_through, &report.back)];
    for (word, wanted, found) in ways {
        let Some(wanted) = wanted else { continue };
        let found = found.as_deref().unwrap_or_default();
        check(same_way(wanted, found), format!("{word} {}", along(wanted)), along(found));
    }
    let named = report.named.clone().unwrap_or_default();
    if let Some(wanted) = &expect.resolves_to {
        check(named.addresses.contains(wanted), format!("a name that leads to {wanted}"), along(&named.addresses));
    }
    if let Some(wanted) = &expect.answer {
        let same = wanted.len() == named.chain.len() && wanted.iter().zip(&named.chain).all(|(a, b)| same_name(a, b));
        check(same, format!("a name that leads over {}", along(wanted)), along(&named.chain));
    }
    if let Some(wanted) = &expect.seen_as {
        let found = report.seen_as.clone().unwrap_or_else(|| "not seen".to_owned());
        check(*wanted == found, format!("to be seen as {wanted}"), found);
    }
    if let Some(rule) = &expect.admitted_by {
        let met = report.admitted_by.iter().any(|found| same_name(rule, found));
        check(met, format!("admitted by {rule}"), along(&report.admitted_by));
    }
    if let Some(probes) = expect.probes {
        check(probes_say(report) == Some(probes), format!("probes {probes:?}"), format!("{:?}", probes_say(report)));
    }
    measured(expect, report, timeout, &mut check);
    unmet.extend(in_the_way(expect, report));
    unmet
}

/// What several attempts, sessions and clients' words must be like; `check` takes whether something is met, what is wanted and
/// what is found.
fn measured(
    expect: &FlowExpectation,
    report: &FlowReport,
    timeout: Nanos,
    check: &mut impl FnMut(bool, String, String),
) {
    if let Some(fails) = expect.fails {
        let found = share(report);
        let met = found.is_some_and(|found| (found - fails.share).abs() <= fails.within);
        let Fails { share, within } = fails;
        check(met, format!("a share of {share} within {within} to fail"), format!("{found:?}"));
    }
    if let Some(session) = expect.session {
        let found = report.session.as_ref();
        let met = found.is_some_and(|found| ends_so(session, &found.ends, Nanos(found.after_ns), timeout));
        let found = found.map(|found| format!("{} after {}", found.ends, Nanos(found.after_ns)));
        let after = session.after.map_or(String::new(), |after| format!(" after {}", after.0));
        check(met, format!("a session that ends {:?}{after}", session.ends), found.unwrap_or("none".to_owned()));
    }
    if let Some(opened) = expect.opened {
        check(report.opened == Some(opened.into()), format!("{opened} opened"), format!("{:?}", report.opened));
    }
    if let Some(text) = &expect.prints {
        let tries = report.tries.iter().map(|tries| &tries.printed);
        let found: Vec<String> = tries.chain(&report.printed).cloned().collect();
        let met = found.iter().any(|found| found.contains(text.as_str()));
        check(met, format!("the client to print `{text}`"), format!("`{}`", found.join("`, `")));
    }
    if let Some(status) = expect.status {
        check(report.status == Some(status), format!("the status {status}"), format!("{:?}", report.status));
    }
    if let Some(hops) = &expect.hops {
        check(*hops == report.hops, format!("the hops {}", along(hops)), along(&report.hops));
    }
}

/// What must be in the way: one problem with all that is said of it.
fn in_the_way(expect: &FlowExpectation, report: &FlowReport) -> Option<String> {
    let FlowExpectation { reason, rule, resource, way, .. } = expect;
    if reason.is_none() && rule.is_none() && resource.is_none() && way.is_none() {
        return None;
    }
    let fits = |problem: &&Problem| {
        reason.as_ref().is_none_or(|reason| problem.code == *reason)
            && rule.as_ref().is_none_or(|rule| named(problem, rule))
            && resource.as_ref().is_none_or(|resource| belongs(problem, resource))
            && way.is_none_or(|way| problem.on_return == (way == Way::Back))
    };
    let (fitting, others): (Vec<_>, Vec<_>) = report.problems.iter().partition(fits);
    if !fitting.is_empty() {
        let others: Vec<String> = others.into_iter().map(told).collect();
        let surprise = expect.alone && !others.is_empty();
        return surprise
            .then(|| format!("{}: expected nothing else in the way; found: {}", report.name, along(&others)));
    }
    let wanted = [
        reason.as_ref().map(|reason| format!("the reason `{reason}`")),
        rule.as_ref().map(|rule| format!("the rule or setting `{rule}`")),
        resource.as_ref().map(|resource| format!("of `{resource}`")),
        way.map(|way| if way == Way::There { "there".to_owned() } else { "on the way back".to_owned() }),
    ];
    let wanted: Vec<String> = wanted.into_iter().flatten().collect();
    let found: Vec<String> = report.problems.iter().map(told).collect();
    Some(format!("{}: expected {} in the way; found: {}", report.name, wanted.join(" "), along(&found)))
}

fn told(problem: &Problem) -> String {
    let last = |text: &String| text.rsplit('/').next().unwrap_or(text).to_owned();
    let rule = problem.rule.as_ref().map_or(String::new(), |rule| format!(" {rule}"));
    let of = problem.resource.as_ref().map_or(String::new(), |resource| format!(" of {}", last(resource)));
    let back = if problem.on_return { " on the way back" } else { "" };
    format!("{}{rule}{of}{back}", problem.code)
}

/// Expected reasons and rules that are not among the problems of a build; and others, where they should be alone.
pub(super) fn missing(name: &str, problems: &[Problem], expect: &BuildExpectation) -> Vec<String> {
    let (reason, rule) = (expect.reason.as_deref(), expect.rule.as_deref());
    let mut unmet = Vec::new();
    let other = |problem: &&Problem| {
        reason.is_some_and(|reason| problem.code != reason) || rule.is_some_and(|rule| !named(problem, rule))
    };
    let others: Vec<String> = problems.iter().filter(other).map(told).collect();
    if expect.alone && !others.is_empty() {
        unmet.push(format!("{name}: expected nothing else in the way; found: {}", along(&others)));
    }
    if let Some(reason) = reason.filter(|reason| !problems.iter().any(|problem| problem.code == **reason)) {
        let codes: Vec<String> = problems.iter().map(|problem| problem.code.clone()).collect();
        unmet.push(format!("{name}: expected the reason `{reason}`; found: {}", along(&codes)));
    }
    if let Some(rule) = rule.filter(|rule| !problems.iter().any(|problem| named(problem, rule))) {
        let rules: Vec<String> = problems.iter().filter_map(|problem| problem.rule.clone()).collect();
        unmet.push(format!("{name}: expected the rule or setting `{rule}` in the way; found: {}", along(&rules)));
    }
    unmet
}

/// Holds an answer against what `of` gives of it with other choices: its verdict and the expectations that it does not meet.
pub(super) fn settle<T>(
    answer: (&mut Verdict, &mut Vec<HangsOn>, &mut Vec<String>),
    choices: Choices,
    tried: &[Alternative<T>],
    of: impl Fn(&T) -> Option<(Verdict, &[String])>,
) {
    let (verdict, hangs_on, unmet) = answer;
    let met = unmet.is_empty();
    let other = |answers: &T| {
        of(answers).map_or((Verdict::Skipped, false), |(verdict, unmet)| (verdict, unmet.is_empty() != met))
    };
    hangs::settle((verdict, hangs_on), choices, tried, other);
    // What is met as things are assumed, and not with other choices.
    for it in tried.iter().filter(|_| met) {
        let lines = of(&it.answers).map_or(&[][..], |(_, unmet)| unmet);
        unmet.extend(lines.iter().map(|line| format!("with {}={}: {line}", it.assumption, it.value)));
    }
}

/// What Azure refuses and was not expected to, and what it was expected to refuse and does not.
pub(super) fn unmet_findings(expected: &[FindingExpectation], found: &[Problem]) -> Vec<String> {
    let fits = |expect: &FindingExpectation, problem: &Problem| {
        problem.code == expect.code && belongs(problem, &expect.resource)
    };
    let met = |problem: &&Problem| expected.iter().any(|expect| fits(expect, problem));
    let missed = |expect: &&FindingExpectation| !found.iter().any(|problem| fits(expect, problem));
    let surprises = found.iter().filter(|problem| !met(problem)).map(|problem| {
        let code = told(problem);
        format!("Azure would refuse what it was expected to take: {code}")
    });
    let missing = expected.iter().filter(missed).map(|expect| {
        let FindingExpectation { code, resource } = expect;
        format!("expected {code} of {resource}, which Azure would take")
    });
    surprises.chain(missing).collect()
}

/// Whether a problem's rule, or the resource it is about, is called so.
fn named(problem: &Problem, rule: &str) -> bool {
    [&problem.rule, &problem.resource].into_iter().flatten().any(|text| same_name(rule, text))
}

fn belongs(problem: &Problem, resource: &str) -> bool {
    problem.resource.as_ref().is_some_and(|text| same_name(resource, text))
}

/// Whether `found` is the name, or ends in it after a slash.
pub(super) fn same_name(name: &str, found: &str) -> bool {
    let (name, found) = (name.to_ascii_lowercase(), found.to_ascii_lowercase());
    found.strip_suffix(&name).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}

fn same_way(wanted: &[String], found: &[String]) -> bool {
    wanted.len() == found.len() && wanted.iter().zip(found).all(|(wanted, found)| same_name(wanted, found))
}

fn first_failing(layers: &Layers) -> Option<Layer> {
    let Layers { deployment, name, transport, service } = *layers;
    let inner = [
        (deployment, Layer::Deployment),
        (name, Layer::Name),
        (transport, Layer::Transport),
        (service, Layer::Service),
    ];
    inner.into_iter().find(|(verdict, _)| *verdict > Verdict::Connected).map(|(_, layer)| layer)
}

fn probes_say(report: &FlowReport) -> Option<Probes> {
    let reach = &report.probes_reach;
    match (reach.contains(&true), reach.contains(&false)) {
        (true, false) => Some(Probes::Up),
        (false, true) => Some(Probes::Down),
        _ => None,
    }
}

fn share(report: &FlowReport) -> Option<f64> {
    let latency = report.latency.as_ref().filter(|latency| latency.attempts > 0)?;
    Some(latency.failed as f64 / latency.attempts as f64)
}

fn ends_so(wanted: SessionExpectation, ends: &str, after: Nanos, timeout: Nanos) -> bool {
    let word = match wanted.ends {
        SessionEnd::Works => "works",
        SessionEnd::Reset => "reset",
        SessionEnd::Silent => "silent",
        SessionEnd::Closed => "closed",
    };
    // What is noticed travels for a moment.
    let latest = |first: Nanos| first + timeout + Nanos::secs(1);
    ends == word && wanted.after.is_none_or(|first| first.0 <= after && after <= latest(first.0))
}

pub(super) fn along(items: &[String]) -> String {
    if items.is_empty() { "nothing".to_owned() } else { items.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latency::Latency;
    use crate::report::flows::{SessionReport, TryReport};

    fn problem(code: &str, rule: &str, resource: &str, on_return: bool) -> Problem {
        Problem {
            code: code.to_owned(),
            text: String::new(),
            rule: Some(rule.to_owned()),
            resource: Some(format!("/x/{resource}")),
            place: None,
            also: Vec::new(),
            on_return,
            behind: false,
            mend: Vec::new(),
        }
    }

    fn failed() -> FlowReport {
        let layers = Layers { transport: Verdict::Disconnected, ..Layers::default() };
        FlowReport {
            verdict: Verdict::Disconnected,
            layers,
            through: Some(vec!["nva".to_owned(), "lb/front".to_owned()]),
            back: Some(Vec::new()),
            seen_as: Some("10.0.0.4".to_owned()),
            admitted_by: vec!["AllowVnetInBound".to_owned()],
            probes_reach: vec![true, true],
            latency: Some(Latency { attempts: 200, failed: 50, ..Latency::default() }),
            session: Some(SessionReport { ends: "reset".to_owned(), after_ns: 240_000_000_000 }),
            opened: Some(8),
            printed: Some("access denied".to_owned()),
            status: Some(403),
            hops: vec!["10.0.0.4".to_owned()],
            tries: vec![TryReport { count: 2, first_ns: 0, last_ns: 9, printed: "dial tcp: i/o timeout".to_owned() }],
            problems: vec![
                problem("security-rule", "Deny", "subnetNsg", false),
                problem("no-route", "r", "table", true),
            ],
            ..FlowReport::named("f".to_owned())
        }
    }

    fn expect(yaml: &str) -> Vec<String> {
        let expect: FlowExpectation = serde_json::from_str(yaml).unwrap();
        unmet(&expect, &failed(), Nanos::secs(15))
    }

    #[test]
    fn each_expectation_is_met_by_what_it_says_and_nothing_else() {
        // Catches: an expectation that is never looked at, one that is met by a part of what it says, reason and rule
        // taken from two problems, a way in another order, a session judged by its end or its time alone.
        let disconnected = r#""verdict": "disconnected""#;
        for (met, broken) in [
            (r#""layer": "transport""#, r#""layer": "service""#),
            (r#""reason": "security-rule", "rule": "deny""#, r#""reason": "no-route", "rule": "deny""#),
            (r#""rule": "Deny", "resource": "subnetNsg""#, r#""rule": "Deny", "resource": "Nsg""#),
            (r#""resource": "x/subnetNsg""#, r#""resource": "y/subnetNsg""#),
            (r#""reason": "no-route", "way": "back""#, r#""reason": "no-route", "way": "there""#),
            (r#""reason": "no-route", "alone": false"#, r#""reason": "no-route", "alone": true"#),
            (r#""through": ["nva", "front"]"#, r#""through": ["front", "nva"]"#),
            (r#""through": ["nva", "lb/front"]"#, r#""through": ["nva"]"#),
            (r#""back-through": []"#, r#""back-through": ["nva"]"#),
            (r#""seen-as": "10.0.0.4""#, r#""seen-as": "10.0.0.5""#),
            (r#""admitted-by": "allowvnetinbound""#, r#""admitted-by": "Deny""#),
            (r#""probes": "up""#, r#""probes": "down""#),
            (r#""fails": {"share": 0.2, "within": 0.06}"#, r#""fails": {"share": 0.2, "within": 0.04}"#),
            (r#""session": {"ends": "reset", "after": "4m"}"#, r#""session": {"ends": "reset", "after": "5m"}"#),
            (r#""session": {"ends": "reset"}"#, r#""session": {"ends": "silent"}"#),
            (r#""opened": 8"#, r#""opened": 9"#),
            (r#""prints": "denied""#, r#""prints": "Hello""#),
            (r#""prints": "i/o timeout""#, r#""prints": "refused""#),
            (r#""status": 403"#, r#""status": 200"#),
            (r#""hops": ["10.0.0.4"]"#, r#""hops": ["*", "10.0.0.4"]"#),
        ] {
            assert_eq!(expect(&format!("{{{disconnected}, {met}}}")), Vec::<String>::new(), "{met}");
            assert_eq!(expect(&format!("{{{disconnected}, {broken}}}")).len(), 1, "{broken}");
        }
        assert_eq!(expect("{}").len(), 1, "connected is what is expected where nothing is said");
    }

    #[test]
    fn findings_are_those_that_were_expected_and_no_others() {
        // Catches: a refusal that nobody expected and nobody hears of, one that was expected and did not come, a code
        // taken for that of another resource.
        let found = [problem("SubnetIsFull", "", "a", false)];
        let expected = |code: &str, resource: &str| {
            let expected = FindingExpectation { code: code.to_owned(), resource: resource.to_owned() };
            unmet_findings(&[expected], &found).len()
        };
        assert_eq!((expected("SubnetIsFull", "a"), expected("SubnetIsFull", "b"), expected("Other", "a")), (0, 2, 2));
        assert_eq!(unmet_findings(&[], &found).len(), 1);
    }
}
