//! Image builds, played as packets.

use sim_core::engine::Engine;
use sim_core::id::FlowId;
use sim_core::time::Nanos;
use std::collections::BTreeMap;
use topologies::facts::{Date, assumptions};
use topologies::services::image_builder::{Build, Ended, Setup, read};
use topologies::source::Sources;
use vnetsim_tests::net::{Net, facts};

#[test]
fn a_linux_build_succeeds() {
    let mut net = Net::new();
    let vnet = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v";
    net.vnet(vnet, "10.0.0.0/16");
    net.subnet(vnet, "subnets/s", "10.0.0.0/24", None);
    let mut sources = Sources::new();
    let file = sources.add(
        "t.json",
        format!(
            r#"{{"properties": {{
        "vmProfile": {{"vnetConfig": {{"subnetId": "{vnet}/subnets/s"}}}},
        "source": {{"type": "PlatformImage", "publisher": "Canonical", "offer": "Ubuntu", "sku": "22_04-lts"}},
        "customize": [
            {{"type": "Shell", "name": "setup", "inline": ["sudo apt-get update", "sudo apt-get install -y nginx"]}},
            {{"type": "Shell", "name": "script", "scriptUri": "https://raw.githubusercontent.com/x/y.sh"}}
        ],
        "distribute": [{{"type": "ManagedImage", "location": "westus2", "runOutputName": "o", "imageId": "i"}}]
    }}}}"#
        ),
    );
    let document = topologies::json::parse(&sources, file);
    let value = document.value.unwrap();
    let template = read(
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.VirtualMachineImages/imageTemplates/t",
        "westus2",
        &value,
    )
    .unwrap();
    for date in ["2021", "2026"] {
        let setup = Setup {
            date: date.parse::<Date>().unwrap(),
            assumptions: assumptions(),
            spread: false,
            bulk: true,
            names: BTreeMap::new(),
            flow: FlowId(0),
        };
        let (build, log) = Build::new(template.clone(), setup);
        let t = std::time::Instant::now();
        let mut engine = Engine::new(net.topology.clone(), facts(), 1, Drops(Default::default()));
        engine.conduct(Box::new(build));
        engine.run_until(Nanos::secs(3600));
        eprintln!("took {:?}", t.elapsed());
        let log = log.borrow();
        for line in &log.lines {
            eprintln!("{:>10} {:?} {}", line.at.to_string(), line.phase, line.text);
        }
        assert_eq!(log.ended, Some(Ended::Succeeded));
    }
}
struct Drops(BTreeMap<String, u64>);
impl sim_core::engine::Observer for Drops {
    fn see(&mut self, at: Nanos, e: &sim_core::engine::Event<'_>, t: &sim_core::topology::Topology) {
        use sim_core::engine::Event;
        match e {
            Event::Hop { port, act: sim_core::plane::Act::Drop(r), packet, steps, .. } => {
                let k = format!(
                    "{r} at {} {} {:?}",
                    t.get(sim_core::id::NodeId(port.0)).map_or("?", |r| &r.name),
                    packet.header.tuple,
                    steps
                );
                if self.0.len() < 10 && !self.0.contains_key(&k) {
                    eprintln!("{at} {k}");
                }
                *self.0.entry(k).or_default() += 1;
            }
            Event::Lost { port, reason, packet } => {
                eprintln!("{at} lost {reason} {port:?} {}", packet.header.tuple);
            }
            Event::Probed { up, .. } => eprintln!("{at} probed {up}"),
            _ => {}
        }
    }
}
