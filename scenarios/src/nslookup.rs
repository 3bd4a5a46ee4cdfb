//! A name looked up by a machine of a network that is only declared, and what `nslookup` would print there.

use crate::named::{self, NameReport};
use crate::naming::{self, STRANGER};
use crate::report::SCHEMA;
use crate::trace::Options;
use schemars::JsonSchema;
use serde::Serialize;
use sim_core::app::Query;
use sim_core::engine::{Engine, Event, Observer};
use sim_core::fabric::Fabric;
use sim_core::id::NodeId;
use sim_core::names::{PORT, Question};
use sim_core::net::Prefix;
use sim_core::time::Nanos;
use sim_core::topology::{Draft, InternetHost, Kind, RecordKind, Topology};
use std::fmt::Write;
use std::sync::Arc;
use topologies::World;
use topologies::diagnostic::Diagnostic;

/// What came of a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Lookup {
    /// Version of this form.
    pub schema: u32,
    /// Version of the program.
    pub version: &'static str,
    /// Who asks.
    pub from: String,
    /// The name that was asked for.
    pub name: String,
    /// The address of the server that answered, or was asked last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// How it ended: `NOERROR`, `NXDOMAIN`, `SERVFAIL`, `no answer` where the name has no address, or `timeout`.
    pub status: String,
    /// The records, in the order they lead on.
    pub records: Vec<Line>,
    /// Who was asked and who spoke for the name, in order.
    pub way: Vec<String>,
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Line {
    /// Whose.
    pub name: String,
    /// The name that it is an alias for, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Its address, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// How long it may be kept, in seconds.
    pub ttl: u64,
}

impl Lookup {
    /// Whether it found what it was asked for.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        self.status == "NOERROR"
    }

    /// What `nslookup` prints on Linux.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        if self.status == "timeout" {
            out.push_str(";; connection timed out; no servers could be reached\n\n");
            return out;
        }
        // A String takes everything.
        if let Some(server) = &self.server {
            let _ = writeln!(out, "Server:\t\t{server}\nAddress:\t{server}#{PORT}\n");
        }
        match self.status.as_str() {
            "NOERROR" => {
                let _ = writeln!(out, "Non-authoritative answer:");
            }
            "no answer" => {
                let _ = writeln!(out, "*** Can't find {}: No answer", self.name);
            }
            status => {
                let _ = writeln!(out, "** server can't find {}: {status}", self.name);
            }
        }
        for line in self.records.iter().filter(|_| self.is_fine()) {
            if let Some(alias) = &line.alias {
                let _ = writeln!(out, "{}\tcanonical name = {alias}.", line.name);
            }
            if let Some(address) = &line.address {
                let _ = writeln!(out, "Name:\t{}\nAddress: {address}", line.name);
            }
        }
        out.push('\n');
        out
    }
}

/// How long a question may take: more than all retries of a client together.
const LONGEST: Nanos = Nanos::secs(120);

/// Looks up a name, as the machine or actor `from`; without one as the only machine, and where there is more than one from
/// the Internet.
///
/// # Errors
/// When `from` is not there, or opens no connections.
pub fn run(mut world: World, name: &str, from: Option<&str>, options: &Options) -> Result<Lookup, Diagnostic> {
    let node = asker(&mut world.topology, from)?;
    named::add_resolvers(&mut world.topology);
    let facts = world.facts(options.date, options.choices, false);
    let mut engine = Engine::new(world.topology.clone(), facts.clone(), 1, Heard::default());
    let question = Question::new(name, RecordKind::A);
    engine.spawn(node, Box::new(Query::new(question, None)));
    while engine.observer.status.is_none() && engine.now() < LONGEST && engine.step() {}
    let Heard { server, status, records } = std::mem::take(&mut engine.observer);
    let fabric = Arc::new(Fabric::compile(&world.topology, &facts, 0));
    let walk = named::follow(&fabric, &world.topology, node, name);
    Ok(Lookup {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION"),
        from: world.topology.get(node).map_or(String::new(), |found| found.short_name().to_owned()),
        name: name.trim_end_matches('.').to_owned(),
        server,
        status: status.unwrap_or_else(|| "timeout".to_owned()),
        records,
        way: NameReport::of(&walk, &world.topology).way,
    })
}

/// The machine that asks.
fn asker(topology: &mut Topology, from: Option<&str>) -> Result<NodeId, Diagnostic> {
    let machines = || topology.resources().filter(|found| matches!(found.kind, Kind::Machine(_))).map(|found| found.id);
    let only = machines().next().filter(|_| machines().count() == 1);
    match (from, only) {
        (None, Some(only)) => Ok(only),
        (None, None) => Ok(stranger(topology)),
        (Some(name), _) if name.eq_ignore_ascii_case("internet") => Ok(stranger(topology)),
        (Some(name), _) => {
            let id = naming::find(topology, name)?;
            let asks = |kind: &Kind| matches!(kind, Kind::Machine(_) | Kind::InternetHost(_) | Kind::OnPremisesHost(_));
            topology.find(&id).filter(|found| asks(&found.kind)).map(|found| found.id).ok_or_else(|| {
                Diagnostic::error("trace.end", format!("`{name}` looks up no names"))
                    .help("name a machine, a host on premises or Internet")
            })
        }
    }
}

/// Somebody on the Internet.
fn stranger(topology: &mut Topology) -> NodeId {
    let id = "/providers/vnetsim/internetHosts/Internet";
    let host = Kind::InternetHost(InternetHost::at(Prefix::host(STRANGER)));
    // Hosts on the Internet are refused nowhere.
    topology.put(Draft::new(id, host)).unwrap_or(NodeId(u32::MAX))
}

/// What the question comes to.
#[derive(Default)]
struct Heard {
    server: Option<String>,
    status: Option<String>,
    records: Vec<Line>,
}

impl Observer for Heard {
    fn see(&mut self, _: Nanos, event: &Event<'_>, _: &Topology) {
        let Event::Reported { report, .. } = event else { return };
        let words = || report.text.split_once(' ').map(|(name, what)| (name.to_owned(), what.to_owned()));
        match (report.what, words()) {
            ("server", _) => self.server = Some(report.text.clone()),
            ("alias", Some((name, alias))) => {
                self.records.push(Line { name, alias: Some(alias), address: None, ttl: report.value });
            }
            ("address", Some((name, address))) => {
                self.records.push(Line { name, alias: None, address: Some(address), ttl: report.value });
            }
            ("done", _) => self.status = Some("NOERROR".to_owned()),
            ("failed", _) => self.status = Some(report.text.clone()),
            _ => {}
        }
    }
}
