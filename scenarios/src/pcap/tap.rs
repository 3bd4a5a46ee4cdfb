//! Which file a port's packets belong to, and the files themselves.

use super::capture::{CaptureError, EPOCH_NS};
use super::file::{File, Record, Written};
use super::pcapng::{Interface, Writer};
use crate::observe::counters::machine_at;
use sim_core::id::{NodeId, PortId};
use sim_core::topology::{Kind, Machine, Relation, Resource, Topology};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// Longest name of a file, in bytes, without its ending.
const NAME_LIMIT: usize = 120;

/// Makes what a file is written to, by its name.
pub(super) type Factory = Box<dyn FnMut(&str) -> io::Result<Box<dyn Write>>>;

/// Where a port's packets are captured.
#[derive(Clone, Copy)]
pub(super) struct Tap {
    pub file: usize,
    pub machine: NodeId,
}

/// The files, and which ports they belong to.
pub(super) struct Taps {
    make: Factory,
    files: Vec<File>,
    /// By NIC, Internet host or VNet: its file.
    of_nic: BTreeMap<NodeId, usize>,
    /// Names of files, in lower case: some systems do not tell the cases apart.
    taken: BTreeSet<String>,
    /// By port, once looked up.
    ports: Vec<Option<Option<Tap>>>,
    error: Option<CaptureError>,
}

impl Taps {
    pub fn new(make: Factory) -> Self {
        Self {
            make,
            files: Vec::new(),
            of_nic: BTreeMap::new(),
            taken: BTreeSet::new(),
            ports: Vec::new(),
            error: None,
        }
    }

    /// The network has changed.
    pub fn look_again(&mut self) {
        self.ports.clear();
    }

    /// The file of a port, if there is a machine behind it.
    pub fn at(&mut self, port: PortId, topology: &Topology) -> Option<Tap> {
        if let Some(Some(known)) = self.ports.get(port.index()) {
            return *known;
        }
        let tap = self.look_up(port, topology);
        if self.ports.len() <= port.index() {
            self.ports.resize(port.index() + 1, None);
        }
        self.ports[port.index()] = Some(tap);
        tap
    }

    /// Takes a packet; gives its number in the file.
    pub fn push(&mut self, file: usize, record: Record) -> Option<u64> {
        let result = self.files[file].push(record);
        self.keep(file, result)
    }

    /// Says what became of a packet.
    pub fn settle(&mut self, file: usize, number: u64, fate: String) {
        let result = self.files[file].settle(number, fate);
        self.keep(file, result);
    }

    /// Ends all files.
    pub fn finish(mut self) -> Result<Vec<Written>, CaptureError> {
        let mut written = Vec::new();
        for file in self.files {
            let name = file.name().to_owned();
            match file.finish() {
                Ok(done) => written.push(done),
                Err(source) => {
                    self.error.get_or_insert(CaptureError { file: name, source });
                }
            }
        }
        self.error.map_or(Ok(written), Err)
    }

    fn keep<T>(&mut self, file: usize, result: io::Result<T>) -> Option<T> {
        match result {
            Ok(done) => Some(done),
            Err(source) => {
                let file = self.files[file].name().to_owned();
                self.error.get_or_insert(CaptureError { file, source });
                None
            }
        }
    }

    fn look_up(&mut self, port: PortId, topology: &Topology) -> Option<Tap> {
        let (machine, _) = machine_at(port, topology)?;
        let own = topology.get(NodeId(port.0))?;
        let nic = match own.kind {
            Kind::IpConfig(_) => topology.target(own.id, Relation::PartOf)?,
            _ => own,
        };
        if let Some(known) = self.of_nic.get(&nic.id) {
            return Some(Tap { file: *known, machine });
        }
        let machine = topology.get(machine)?;
        let base = match nic.kind {
            Kind::Vnet(_) => format!("{}-platform", nic.short_name()),
            Kind::Nic(_) => format!("{}-{}", machine.short_name(), nic.short_name()),
            _ => nic.short_name().to_owned(),
        };
        let name = self.free_name(&base);
        let file = self.files.len();
        let opened = (self.make)(&name).and_then(|out| open(out, nic, machine));
        self.files.push(File::new(name));
        if let Some(out) = self.keep(file, opened) {
            self.files[file].write_to(out);
        }
        self.of_nic.insert(nic.id, file);
        Some(Tap { file, machine: machine.id })
    }

    /// A name that no other file of this run has and that every system takes.
    fn free_name(&mut self, base: &str) -> String {
        let base = safe(if base.is_empty() { "_" } else { base });
        let candidates = (2u32..).map(|nth| format!("{base}-{nth}.pcapng"));
        let mut all = std::iter::once(format!("{base}.pcapng")).chain(candidates);
        // The numbers do not run out: there are fewer files than numbers.
        let name = all.find(|name| !self.taken.contains(&name.to_ascii_lowercase())).unwrap_or_default();
        self.taken.insert(name.to_ascii_lowercase());
        name
    }
}

type Out = (Writer<Box<dyn Write>>, Interface);

fn open(out: Box<dyn Write>, nic: &Resource, machine: &Resource) -> io::Result<Out> {
    let mut writer = Writer::new(out, EPOCH_NS)?;
    let speed = match &machine.kind {
        Kind::Machine(Machine { egress_bps: Some(cap), .. }) => *cap,
        _ => 0,
    };
    let interface = writer.interface(nic.short_name(), &format!("{} of {}", nic.name, machine.name), speed)?;
    Ok((writer, interface))
}

/// Letters, digits, dots, dashes and underscores; no leading dot; not too long.
fn safe(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '_' };
    name.chars().enumerate().map(|(n, c)| if c == '.' && n > 0 { c } else { plain(c) }).take(NAME_LIMIT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_and_differ() {
        // Catches: a path that leaves the folder, two machines that share a file on a system without letter case.
        let mut taps = Taps::new(Box::new(|_| Ok(Box::new(Vec::new()))));
        let names =
            ["../../etc/passwd", "vm1-Nic", "VM1-nic", "vm1-nic", "ünter-nic.1", ""].map(|base| taps.free_name(base));
        let expected = ["_._.._etc_passwd", "vm1-Nic", "VM1-nic-2", "vm1-nic-3", "_nter-nic.1", "_"]
            .map(|name| format!("{name}.pcapng"));
        assert_eq!(names, expected);
        assert_eq!(taps.free_name(&"x".repeat(5000)).len(), NAME_LIMIT + 7);
    }
}
