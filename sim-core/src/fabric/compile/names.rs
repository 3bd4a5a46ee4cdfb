//! Names, from the resources that hold them.

use crate::assumption::{Assumption, Choices};
use crate::id::NodeId;
use crate::names::{Linked, Names, PORT, PUBLIC_RESOLVER, Role, Rule, Set, Zone};
use crate::net::Addr;
use crate::stage::PLATFORM;
use crate::topology::{
    EndpointMember, InternetHost, Kind, NameServer, PrivateEndpoint, RecordData, RecordKind, Relation, Resource,
    Topology,
};
use std::sync::Arc;

/// How long records of private endpoints, of machines and of services' fronts may be kept, in seconds (azure-services 5.5).
const SHORT_TTL: u32 = 10;
/// The same for the names that public ones lead over (azure-services 5.5).
const CHAIN_TTL: u32 = 300;

/// All names of a network.
pub(in crate::fabric) fn names(topology: &Topology, choices: Choices) -> Names {
    let mut names = Names::default();
    for resource in topology.resources() {
        match &resource.kind {
            Kind::DnsZone(zone) if zone.public => {
                let held = Zone::new(zone.name.clone());
                names.public.entry(zone.name.clone()).or_insert((resource.id, held));
            }
            Kind::DnsZone(zone) => {
                names.zones.insert(resource.id, Zone::new(zone.name.clone()));
            }
            Kind::InternetHost(host) => publish(topology, resource, host, &mut names.published),
            _ => {}
        }
    }
    for resource in topology.resources() {
        match &resource.kind {
            Kind::RecordSet(set) => {
                let Some(zone) = topology.target(resource.id, Relation::PartOf) else { continue };
                let records = Set { kind: set.kind, ttl: set.ttl, data: set.data.clone(), source: resource.id };
                let owner = if &*set.owner == "@" { "" } else { &set.owner };
                held(&mut names, zone).into_iter().for_each(|zone| zone.add(owner, records.clone()));
            }
            Kind::ZoneLink(link) => {
                let vnet = topology.target(resource.id, Relation::Remote);
                let zone = topology.target(resource.id, Relation::PartOf);
                let (Some(vnet), Some(zone)) = (vnet, zone) else { continue };
                let Kind::DnsZone(attributes) = &zone.kind else { continue };
                let linked = Linked { zone: zone.id, link: resource.id, fallback: link.fallback.value };
                names.linked.entry(vnet.id).or_default().entry(attributes.name.clone()).or_insert(linked);
            }
            _ => {}
        }
    }
    for resource in topology.resources() {
        match &resource.kind {
            Kind::ZoneGroup => register_endpoint(topology, resource, &mut names),
            Kind::RulesetLink => link_rules(topology, resource, &mut names),
            _ => {}
        }
    }
    register_machines(topology, &mut names);
    servers(topology, choices, &mut names);
    names
}

/// The records of a zone.
fn held<'n>(names: &'n mut Names, zone: &Resource) -> Option<&'n mut Zone> {
    match &zone.kind {
        Kind::DnsZone(attributes) if attributes.public => {
            names.public.get_mut(&attributes.name).filter(|(id, _)| *id == zone.id).map(|(_, zone)| zone)
        }
        _ => names.zones.get_mut(&zone.id),
    }
}

fn set(kind: RecordKind, data: RecordData, ttl: u32, source: NodeId) -> Set {
    Set { kind, ttl, data: vec![data], source }
}

fn address_set(address: Addr, source: NodeId) -> Set {
    let kind = if address.is_v4() { RecordKind::A } else { RecordKind::Aaaa };
    set(kind, RecordData::Address(address), SHORT_TTL, source)
}

/// The public names of a host.
///
/// Rule `names-privatelink-alias`: once a service has a private endpoint, its public name is an alias for one below
/// `privatelink`, for everybody; before that it leads straight on. Source: azure-services 5.3, 5.5.
fn publish(topology: &Topology, resource: &Resource, host: &InternetHost, published: &mut Zone) {
    if host.private {
        return publish_private(topology, resource, host, published);
    }
    let address = address_set(host.prefix.first(), resource.id);
    let direct = host.names.iter().filter(|name| !host.chains.iter().any(|it| it.name.eq_ignore_ascii_case(name)));
    direct.for_each(|name| published.add(&name.to_ascii_lowercase(), address.clone()));
    let endpoint = has_endpoint(topology, resource.id, host);
    for chain in &host.chains {
        let private = chain.private.iter().filter(|_| endpoint);
        let names: Vec<Arc<str>> = [&chain.name]
            .into_iter()
            .chain(private)
            .chain(&chain.via)
            .map(|name| Arc::from(name.to_ascii_lowercase()))
            .collect();
        for pair in names.windows(2) {
            let alias = set(RecordKind::Cname, RecordData::Name(pair[1].clone()), CHAIN_TTL, resource.id);
            published.add(&pair[0], alias);
        }
        names.last().into_iter().for_each(|name| published.add(name, address.clone()));
    }
}

/// The public names of a host that only private endpoints lead to.
///
/// Rule `names-private-front`: the public names of a service's part that has no public address lead everybody straight to the
/// address of its private endpoint. Source: azure-services 8.4; learn azure/aks/private-clusters.
fn publish_private(topology: &Topology, resource: &Resource, host: &InternetHost, published: &mut Zone) {
    let Some(service) = topology.target(resource.id, Relation::PartOf) else { return };
    for endpoint in topology.referrers(service.id, Relation::Target) {
        let Kind::PrivateEndpoint(attributes) = &endpoint.kind else { continue };
        let members = attributes.members.iter().filter(|it| it.member.eq_ignore_ascii_case(&host.member));
        for address in members.filter_map(|member| member.address) {
            let set = address_set(address, endpoint.id);
            host.names.iter().for_each(|name| published.add(&name.to_ascii_lowercase(), set.clone()));
        }
    }
}

/// Whether a private endpoint leads to this front of a service, whatever its state.
fn has_endpoint(topology: &Topology, front: NodeId, host: &InternetHost) -> bool {
    let Some(service) = topology.target(front, Relation::PartOf) else { return false };
    let part = |member: &EndpointMember| member.member.eq_ignore_ascii_case(&host.member);
    topology
        .referrers(service.id, Relation::Target)
        .into_iter()
        .any(|found| matches!(&found.kind, Kind::PrivateEndpoint(endpoint) if endpoint.members.iter().any(part)))
}

/// The records that a zone group keeps.
///
/// Rule `names-zone-group`: a zone group keeps an `A` record for each name of its endpoint that belongs into one of its
/// zones, whatever the state of the endpoint, and puts it in the place of one that is there. Source: azure-services 5.2,
/// 5.5; failure-stories S33.
fn register_endpoint(topology: &Topology, group: &Resource, names: &mut Names) {
    let endpoint = topology.target(group.id, Relation::PartOf);
    let Some(Resource { id, kind: Kind::PrivateEndpoint(endpoint), .. }) = endpoint else { return };
    let aliases = aliases(topology, *id);
    for zone in topology.targets(group.id, Relation::Registers) {
        let Some(zone) = held(names, zone) else { continue };
        for (name, address) in named(endpoint) {
            let alias = aliases.iter().find(|(public, _)| *public == name).map(|(_, private)| &**private);
            if let Some(owner) = owner_in(zone, alias, &name) {
                zone.overwrite(&owner, address_set(address, group.id));
            }
        }
    }
}

fn named(endpoint: &PrivateEndpoint) -> impl Iterator<Item = (String, Addr)> {
    let of = |member: &EndpointMember| {
        let address = member.address;
        let name = move |name: &Arc<str>| Some((name.to_ascii_lowercase(), address?));
        member.names.iter().filter_map(name).collect::<Vec<_>>()
    };
    endpoint.members.iter().flat_map(of)
}

/// The public names of an endpoint's service, with those below `privatelink`.
fn aliases(topology: &Topology, endpoint: NodeId) -> Vec<(String, String)> {
    let Some(service) = topology.target(endpoint, Relation::Target) else { return Vec::new() };
    let mut found = Vec::new();
    for front in topology.referrers(service.id, Relation::PartOf) {
        let Kind::InternetHost(host) = &front.kind else { continue };
        let pairs = host.chains.iter().filter_map(|chain| Some((chain, chain.private.as_ref()?)));
        found.extend(pairs.map(|(chain, private)| (chain.name.to_ascii_lowercase(), private.to_ascii_lowercase())));
    }
    found
}

/// What a name is called in a zone: below the zone's name, or below that without `privatelink`, where the service does not
/// say that it has another name there.
fn owner_in(zone: &Zone, alias: Option<&str>, name: &str) -> Option<String> {
    let whole = |name: &str| zone.owner(name).filter(|owner| !owner.is_empty()).map(str::to_owned);
    let short = || {
        let public = zone.name.strip_prefix("privatelink.")?;
        name.strip_suffix(public)?.strip_suffix('.').filter(|owner| !owner.is_empty()).map(str::to_owned)
    };
    alias.and_then(whole).or_else(|| whole(name)).or_else(short)
}

/// The rules of a linked rule set. Its outbound endpoint is the machine that it [sends](Relation::Sends) by.
fn link_rules(topology: &Topology, link: &Resource, names: &mut Names) {
    let Some(vnet) = topology.target(link.id, Relation::Remote) else { return };
    let Some(ruleset) = topology.target(link.id, Relation::PartOf) else { return };
    let Kind::Ruleset(attributes) = &ruleset.kind else { return };
    let by = topology.target(ruleset.id, Relation::Sends).map(|machine| machine.id);
    let rule = |(place, rule): (usize, &crate::topology::ForwardingRule)| Rule {
        ruleset: ruleset.id,
        place,
        rule: rule.clone(),
        by,
    };
    names.rules.entry(vnet.id).or_default().extend(attributes.rules.iter().enumerate().map(rule));
}

/// The records of machines in VNets with a registration link.
///
/// Rule `names-registration`: the machines of a VNet with a registration link get an `A` record of their primary address in
/// that zone, and a `PTR` record; no `AAAA` record, and none where one was written. Source: azure-services 5.2.
fn register_machines(topology: &Topology, names: &mut Names) {
    let registers = |found: &&Resource| matches!(&found.kind, Kind::ZoneLink(link) if link.registration.value);
    let mut seen = Vec::new();
    for link in topology.resources().filter(registers) {
        let vnet = topology.target(link.id, Relation::Remote);
        let zone = topology.target(link.id, Relation::PartOf);
        let (Some(vnet), Some(zone)) = (vnet, zone) else { continue };
        // A VNet has one registration zone; of more the first counts.
        if seen.contains(&vnet.id) {
            continue;
        }
        seen.push(vnet.id);
        for machine in topology.resources().filter(|found| matches!(found.kind, Kind::Machine(_))) {
            let Some((config, address)) = topology.addresses_of(machine.id).first().copied() else { continue };
            if !address.is_v4() || topology.vnet_of(config).is_none_or(|of| of.id != vnet.id) {
                continue;
            }
            let owner = machine.short_name().to_ascii_lowercase();
            let Some(zone) = names.zones.get_mut(&zone.id).filter(|zone| !zone.has(&owner)) else { continue };
            zone.add(&owner, address_set(address, machine.id));
            let whole = Arc::from(format!("{owner}.{}", zone.name));
            let pointer = set(RecordKind::Ptr, RecordData::Name(whole), SHORT_TTL, machine.id);
            names.reverse.entry(vnet.id).or_default().add(&reversed(address), pointer);
        }
    }
}

/// The name that an IPv4 address is asked by (RFC 1035, 3.5).
fn reversed(address: Addr) -> String {
    let text = address.to_string();
    let parts: Vec<&str> = text.rsplit('.').collect();
    format!("{}.in-addr.arpa", parts.join("."))
}

/// Who asks whom, and who answers.
///
/// Rule `names-whom-to-ask`: a machine asks the servers of its primary NIC, where there are none those of the VNet, and
/// where there are none either Azure's own. Source: azure-services 5.1.
fn servers(topology: &Topology, choices: Choices, names: &mut Names) {
    for resource in topology.resources() {
        match &resource.kind {
            Kind::Vnet(_) => {
                names.roles.insert(resource.id, Role::Platform(resource.id));
            }
            Kind::Machine(machine) => {
                names.asked.insert(resource.id, asked(topology, resource.id));
                own(names, resource.id, machine.name_server.as_ref(), false);
            }
            Kind::OnPremisesHost(host) => {
                names.asked.insert(resource.id, host.dns_servers.as_slice().into());
                own(names, resource.id, host.name_server.as_ref(), true);
            }
            Kind::InternetHost(host) => {
                names.asked.insert(resource.id, Arc::from([PUBLIC_RESOLVER]));
                if host.resolver {
                    names.roles.insert(resource.id, Role::Public);
                }
            }
            _ => {}
        }
    }
    if choices.is_default(Assumption::CustomNameServer) {
        assume_servers(topology, names);
    }
}

fn own(names: &mut Names, node: NodeId, server: Option<&NameServer>, at_home: bool) {
    if let Some(server) = server {
        let server = Arc::new(server.clone());
        names.roles.insert(node, Role::Server { server, at_home, assumed: false });
    }
}

fn asked(topology: &Topology, machine: NodeId) -> Arc<[Addr]> {
    let config = topology.addresses_of(machine).first().map(|(config, _)| *config);
    let nic = config.and_then(|config| topology.target(config, Relation::PartOf)).map(|nic| &nic.kind);
    let vnet = config.and_then(|config| topology.vnet_of(config)).map(|vnet| &vnet.kind);
    match (nic, vnet) {
        (Some(Kind::Nic(nic)), _) if !nic.dns_servers.is_empty() => nic.dns_servers.as_slice().into(),
        (_, Some(Kind::Vnet(vnet))) if !vnet.dns_servers.is_empty() => vnet.dns_servers.as_slice().into(),
        _ => Arc::from([PLATFORM]),
    }
}

/// Machines that a VNet, or a peer of theirs, names as its servers, and of which nothing is said: they ask Azure's resolver
/// about everything.
fn assume_servers(topology: &Topology, names: &mut Names) {
    let mut wanted: Vec<(NodeId, Addr)> = Vec::new();
    for resource in topology.resources() {
        let (vnet, servers) = match &resource.kind {
            Kind::Vnet(vnet) => (Some(resource.id), &vnet.dns_servers),
            Kind::Nic(nic) => {
                let config = topology.referrers(resource.id, Relation::PartOf).first().map(|config| config.id);
                let vnet = config.and_then(|config| topology.vnet_of(config));
                (vnet.map(|vnet| vnet.id), &nic.dns_servers)
            }
            _ => continue,
        };
        let Some(vnet) = vnet.filter(|_| !servers.is_empty()) else { continue };
        let near = [vnet].into_iter().chain(topology.peers(vnet).into_iter().map(|peer| peer.vnet.id));
        let pairs: Vec<_> = near.flat_map(|vnet| servers.iter().map(move |server| (vnet, *server))).collect();
        wanted.extend(pairs.into_iter().filter(|pair| !wanted.contains(pair)).collect::<Vec<_>>());
    }
    if wanted.is_empty() {
        return;
    }
    let server = Arc::new(NameServer { otherwise: vec![(PLATFORM, PORT)], ..NameServer::default() });
    for machine in topology.resources().filter(|found| matches!(found.kind, Kind::Machine(_))) {
        let at = |(config, address): &(NodeId, Addr)| {
            topology.vnet_of(*config).is_some_and(|vnet| wanted.contains(&(vnet.id, *address)))
        };
        if !names.roles.contains_key(&machine.id) && topology.addresses_of(machine.id).iter().any(at) {
            let role = Role::Server { server: server.clone(), at_home: false, assumed: true };
            names.roles.insert(machine.id, role);
        }
    }
}
