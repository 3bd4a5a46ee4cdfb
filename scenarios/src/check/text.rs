//! The check for people.

use super::Check;
use crate::packs;
use crate::report::text::{build_text, harmless, list, section};
use crate::verdict::Verdict;
use std::fmt::Write as _;

pub(super) fn check(check: &Check) -> String {
    let mut out = String::new();
    let total: usize = check.resources.values().sum();
    let _ = writeln!(out, "{total} resources, as of {}", check.date);
    for (kind, count) in &check.resources {
        let _ = writeln!(out, "  {count:>4}  {kind}");
    }
    if !check.subnets.is_empty() {
        let _ = writeln!(out, "\nSubnets");
        let rows = check.subnets.iter().map(|row| {
            vec![row.subnet.clone(), row.prefixes.clone(), row.free.to_string(), row.nsg.clone(), row.outbound.clone()]
        });
        table(&mut out, &["subnet", "prefix", "free", "nsg", "way out"], rows.collect());
    }
    if !check.machines.is_empty() {
        let _ = writeln!(out, "\nMachines, and the TCP ports that are open");
        let rows = check.machines.iter().map(|row| {
            let internet = if row.from_internet.is_empty() { "none".to_owned() } else { row.from_internet.join("; ") };
            vec![
                row.machine.clone(),
                row.size.clone(),
                row.address.clone(),
                row.subnet.clone(),
                internet,
                row.from_network.clone(),
                row.outbound.clone(),
            ]
        });
        let head = ["machine", "size", "address", "subnet", "to the Internet", "to its network", "way out"];
        table(&mut out, &head, rows.collect());
    }
    connections(&mut out, check);
    packs::text_of(&mut out, &check.requirements);
    list(&mut out, "Roles", &check.roles);
    for build in &check.builds {
        build_text(&mut out, build);
    }
    section(&mut out, "Azure would refuse", &check.findings);
    list(&mut out, "Assumed", &check.assumptions);
    let inert: Vec<String> = check.inert.iter().map(|(kind, count)| format!("{count} x {kind}")).collect();
    list(&mut out, "Kept, but without effect on packets here", &inert);
    list(&mut out, "Skipped", &check.skipped);
    let _ = writeln!(out, "\n{}", if check.is_fine() { "Nothing is in the way." } else { "There are findings." });
    harmless(&out)
}

fn connections(out: &mut String, check: &Check) {
    let closed: Vec<_> = check.connections.iter().filter(|row| row.verdict != Verdict::Connected).collect();
    if check.connections.is_empty() {
        return;
    }
    let works = check.connections.len() - closed.len();
    let _ = writeln!(out, "\nConnections that are usual: {works} of {} work", check.connections.len());
    for row in closed {
        let _ = writeln!(out, "  {} -> {}, TCP {}: {:?}", row.from, row.to, row.port, row.verdict);
        for problem in &row.problems {
            let place = problem.place.as_ref().map_or(String::new(), |it| format!("  ({}:{})", it.file, it.line));
            let _ = writeln!(out, "      [{}] {}{place}", problem.code, problem.text);
        }
    }
    if check.connections_left_out > 0 {
        let _ = writeln!(out, "  {} more were not tried", check.connections_left_out);
    }
    if works < check.connections.len() {
        let _ = writeln!(out, "  `vnetsim trace` with --from and --to tells the way of one, and what opens it.");
    }
}

/// A table as wide as its longest cells.
fn table(out: &mut String, head: &[&str], rows: Vec<Vec<String>>) {
    let mut widths: Vec<usize> = head.iter().map(|cell| cell.len()).collect();
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut line = |cells: &[String]| {
        let padded: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}", width = *width)).collect();
        let _ = writeln!(out, "  {}", padded.join("  ").trim_end());
    };
    line(&head.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>());
    rows.iter().for_each(|row| line(row));
}
