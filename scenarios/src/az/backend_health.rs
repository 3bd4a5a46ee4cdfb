//! `backendHealth` and `getBackendHealthOnDemand` of an application gateway: whether its instances reach each server of
//! its pools, at the port that the probe asks. Form and texts are those of a recorded answer, of Microsoft's page on
//! troubleshooting backend health, and of answers that users published.

use super::declared::{list, plain, port, properties, reference, text};
use super::{Ask, Azure, Fault};
use crate::naming::STRANGER;
use serde_json::{Value, json};
use sim_core::explain::{Question, walk};
use sim_core::fabric::{Fabric, PortKind};
use sim_core::id::PortId;
use sim_core::net::{Addr, Protocol, Tuple};
use sim_core::topology::Kind;
use topologies::azure::RawResource;
use topologies::json::Value as Json;

const POOLS: &str = "backendAddressPools";
const SETTINGS: &str = "backendHttpSettingsCollection";

/// What a server that answers is taken to answer with, where the probe does not ask for something else.
const SUCCESS: u16 = 200;
const UNREACHABLE: &str = "Cannot connect to backend server. Check whether any NSG/UDR/Firewall is blocking access to \
                           the server. Check if application is running on correct port. To learn more visit - \
                           https://aka.ms/servernotreachable.";

/// Every pool that a rule sends to, with the settings that rules send to it by.
pub(super) fn answer(ask: &Ask<'_>) -> Result<Value, Fault> {
    let gateway = Gateway::of(ask)?;
    let pairs = gateway.pairs();
    let mut pools = Vec::new();
    for pool in gateway.parts(POOLS) {
        let (id, mut settings) = (gateway.id(POOLS, pool), Vec::new());
        for found in gateway.parts(SETTINGS) {
            let own = gateway.id(SETTINGS, found);
            if pairs.iter().any(|(to, by)| to.eq_ignore_ascii_case(&id) && by.eq_ignore_ascii_case(&own)) {
                settings.push(json!({
                    "backendHttpSettings": gateway.told(SETTINGS, found),
                    "servers": gateway.servers(pool, &gateway.probe(found))?,
                }));
            }
        }
        if !settings.is_empty() {
            pools.push(json!({"backendAddressPool": gateway.told(POOLS, pool), SETTINGS: settings}));
        }
    }
    Ok(json!({ POOLS: pools }))
}

/// One pool, asked as the question says.
pub(super) fn on_demand(ask: &Ask<'_>) -> Result<Value, Fault> {
    let gateway = Gateway::of(ask)?;
    let named = |key: &str, collection: &str| {
        let id = ask.body.get(key).and_then(|it| it.text("id")).unwrap_or_default();
        let found = gateway.parts(collection).iter().find(|part| gateway.id(collection, part).eq_ignore_ascii_case(id));
        found.ok_or_else(|| {
            let message = format!("the gateway has no `{id}`");
            Fault::question(message, format!("`{key}` takes the id of one of its {collection}"))
        })
    };
    let pool = named("backendAddressPool", POOLS)?;
    let settings = named("backendHttpSettings", SETTINGS)?;
    let codes = ask.body.get("match").and_then(|it| it.get("statusCodes"));
    let codes = codes.into_iter().flat_map(|codes| codes.items()).filter_map(|code| code.value().as_str());
    let probe = Probe { port: port(properties(settings), "port"), status: status(codes) };
    Ok(json!({
        "backendAddressPool": gateway.told(POOLS, pool),
        "backendHealthHttpSettings": {
            "backendHttpSettings": gateway.told(SETTINGS, settings),
            "servers": gateway.servers(pool, &probe)?,
        },
    }))
}

/// How a server is asked.
struct Probe {
    /// At which port, if the settings say one.
    port: Option<u16>,
    /// What it is to answer with.
    status: u16,
}

struct Gateway<'a> {
    ask: &'a Ask<'a>,
    raw: &'a RawResource,
}

impl<'a> Gateway<'a> {
    fn of(ask: &'a Ask<'a>) -> Result<Self, Fault> {
        let id = &ask.address.resource;
        let raw = ask.azure.world.resources.get(id).ok_or_else(|| Fault::missing(id))?;
        Ok(Self { ask, raw })
    }

    fn parts(&self, collection: &str) -> &'a [Json] {
        list(self.raw.properties(), collection)
    }

    fn id(&self, collection: &str, part: &Json) -> String {
        let name = text(part, "name").or_else(|| text(part, "id")?.rsplit('/').next()).unwrap_or_default();
        format!("{}/{collection}/{name}", self.raw.id)
    }

    /// A part by its id alone, or as a whole where the question asks for that.
    fn told(&self, collection: &str, part: &Json) -> Value {
        let id = self.id(collection, part);
        let wanted = if collection == POOLS { "BackendAddressPool" } else { "BackendHttpSettings" };
        let expanded = self.ask.address.query("$expand").unwrap_or_default();
        if !expanded.split(',').any(|word| word.trim().eq_ignore_ascii_case(wanted)) {
            return json!({ "id": id });
        }
        json!({"name": id.rsplit('/').next(), "id": id, "properties": plain(properties(part))})
    }

    /// Pools with the settings by which rules send to them: of plain rules, and of the paths of a map.
    fn pairs(&self) -> Vec<(&'a str, &'a str)> {
        let maps = self.parts("urlPathMaps").iter().map(properties);
        let paths = maps.clone().flat_map(|map| list(map, "pathRules")).map(properties);
        let defaults = maps.filter_map(|map| {
            Some((reference(map, "defaultBackendAddressPool")?, reference(map, "defaultBackendHttpSettings")?))
        });
        let rules = self.parts("requestRoutingRules").iter().map(properties).chain(paths);
        let rules = rules
            .filter_map(|rule| Some((reference(rule, "backendAddressPool")?, reference(rule, "backendHttpSettings")?)));
        rules.chain(defaults).collect()
    }

    /// The probe that settings name, else the one that Azure makes up from them.
    fn probe(&self, settings: &Json) -> Probe {
        let settings = properties(settings);
        let named = reference(settings, "probe").and_then(|id| {
            self.parts("probes").iter().find(|part| self.id("probes", part).eq_ignore_ascii_case(id)).map(properties)
        });
        // What is read back has 0 where the settings' own port counts.
        let own = named.and_then(|probe| port(probe, "port")).filter(|port| *port > 0);
        let codes = named.and_then(|probe| probe.get("match")).map(|it| list(it, "statusCodes")).unwrap_or_default();
        Probe { port: own.or_else(|| port(settings, "port")), status: status(codes.iter().filter_map(Json::as_str)) }
    }

    /// The servers of a pool, addresses and names first, then those that are addresses of NICs.
    fn servers(&self, pool: &Json, probe: &Probe) -> Result<Vec<Value>, Fault> {
        let mut servers = Vec::new();
        for member in list(properties(pool), "backendAddresses") {
            let Some(shown) = text(member, "ipAddress").or_else(|| text(member, "fqdn")) else { continue };
            let address = shown.parse().unwrap_or_else(|_| self.ask.azure.known_by(shown).unwrap_or(STRANGER));
            servers.push(self.server(shown.to_owned(), address, None, probe)?);
        }
        for id in self.configurations(pool) {
            let (id, address) = self.configuration(&id)?;
            servers.push(self.server(address.to_string(), address, Some(id), probe)?);
        }
        Ok(servers)
    }

    fn server(&self, shown: String, address: Addr, config: Option<&str>, probe: &Probe) -> Result<Value, Fault> {
        let up = self.reaches(address, probe.port.unwrap_or(80))?;
        let mut server = json!({"address": shown, "health": if up { "Healthy" } else { "Unhealthy" }});
        if let Some(id) = config {
            server["ipConfiguration"] = json!({ "id": id });
        }
        // Not in the specification of 2018-11-01 yet.
        if self.ask.shape.since("2018-12-01") {
            let success = format!("Success. Received {} status code", probe.status);
            server["healthProbeLog"] = json!(if up { &success } else { UNREACHABLE });
        }
        Ok(server)
    }

    /// The NIC addresses of a pool: those that it lists, as Azure gives it back, and those that name it.
    fn configurations(&self, pool: &Json) -> Vec<String> {
        let pool_id = self.id(POOLS, pool);
        let listed = list(properties(pool), "backendIPConfigurations").iter().filter_map(|it| text(it, "id"));
        let mut found: Vec<String> = listed.map(str::to_owned).collect();
        let nics = self.ask.azure.world.resources.iter();
        for nic in nics.filter(|it| it.resource_type.eq_ignore_ascii_case("Microsoft.Network/networkInterfaces")) {
            for config in list(nic.properties(), "ipConfigurations") {
                let pools = list(properties(config), "applicationGatewayBackendAddressPools");
                let names = |it: &Json| text(it, "id").is_some_and(|id| id.eq_ignore_ascii_case(&pool_id));
                let id = format!("{}/ipConfigurations/{}", nic.id, text(config, "name").unwrap_or_default());
                if pools.iter().any(names) && !found.iter().any(|known| known.eq_ignore_ascii_case(&id)) {
                    found.push(id);
                }
            }
        }
        for id in self.of_scale_sets(&pool_id) {
            if !found.iter().any(|known| known.eq_ignore_ascii_case(&id)) {
                found.push(id);
            }
        }
        found
    }

    /// The instances' addresses of scale sets whose profile names the pool.
    fn of_scale_sets(&self, pool_id: &str) -> Vec<String> {
        let world = &self.ask.azure.world;
        let names = |config: &Json| {
            let pools = list(properties(config), "applicationGatewayBackendAddressPools");
            pools.iter().any(|it| text(it, "id").is_some_and(|id| id.eq_ignore_ascii_case(pool_id)))
        };
        let mut found = Vec::new();
        for set in world.topology.resources().filter(|it| matches!(it.kind, Kind::ScaleSet)) {
            let profile = world.resources.get(&set.name).and_then(|raw| raw.properties().get("virtualMachineProfile"));
            let Some(profile) = profile.and_then(|profile| profile.get("networkProfile")) else { continue };
            let configs = list(profile, "networkInterfaceConfigurations").iter();
            let configs = configs.flat_map(|nic| list(properties(nic), "ipConfigurations"));
            let chosen: Vec<&str> = configs.filter(|config| names(config)).filter_map(|it| text(it, "name")).collect();
            let parts = world.topology.resources().filter(|it| it.owner.as_deref() == Some(&*set.name));
            let addresses = parts.filter(|it| matches!(it.kind, Kind::IpConfig(_)));
            let own = addresses.filter(|it| chosen.iter().any(|name| name.eq_ignore_ascii_case(it.short_name())));
            found.extend(own.map(|it| it.name.to_string()));
        }
        found
    }

    fn configuration(&self, id: &str) -> Result<(&'a str, Addr), Fault> {
        let found = self.ask.azure.resource(id).map_err(|_| Fault::missing(id))?;
        match &found.kind {
            Kind::IpConfig(config) => Ok((&*found.name, config.address.ok_or_else(|| Fault::missing(id))?)),
            _ => Err(Fault::missing(id)),
        }
    }

    /// Whether the gateway's instances get an answer of a server there.
    fn reaches(&self, address: Addr, port: u16) -> Result<bool, Fault> {
        let azure = self.ask.azure;
        let (from, src) = instances(azure, self.raw).ok_or_else(|| Fault::NotModelled {
            what: "the health behind an application gateway whose subnet is not in the input".to_owned(),
        })?;
        let tuple = Tuple { src, dst: address, src_port: 49152, dst_port: port, protocol: Protocol::TCP };
        let topology = &azure.world.topology;
        Ok(walk(&azure.fabric, Question { from, tuple }, |probe| topology.probe_port(probe)).connects())
    }
}

/// Where the instances' packets leave.
fn instances(azure: &Azure, raw: &RawResource) -> Option<(PortId, Addr)> {
    let configurations = list(raw.properties(), "gatewayIPConfigurations").iter();
    let mut ids = configurations.filter_map(|part| text(part, "name"));
    ids.find_map(|name| {
        let found = azure.world.topology.find(&format!("{}/gatewayIPConfigurations/{name}", raw.id))?;
        at(&azure.fabric, PortId(found.id.0))
    })
}

fn at(fabric: &Fabric, port: PortId) -> Option<(PortId, Addr)> {
    match &fabric.port(port)?.kind {
        PortKind::Nic(nic) => Some((port, nic.address)),
        _ => None,
    }
}

/// The code of a server that is well: 200 where the probe takes it, else the first that it does. Codes are written `200` or
/// `200-399`.
fn status<'c>(codes: impl Iterator<Item = &'c str>) -> u16 {
    let range = |text: &str| {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        Some(first.trim().parse::<u16>().ok()?..=last.trim().parse::<u16>().ok()?)
    };
    let ranges: Vec<_> = codes.filter_map(range).collect();
    match ranges.first() {
        Some(first) if !ranges.iter().any(|range| range.contains(&SUCCESS)) => *first.start(),
        _ => SUCCESS,
    }
}
