//! Properties: whatever the zones hold, a question ends; whatever comes in, nothing panics; what is written is read.

use super::registry;
use proptest::prelude::*;
use sim_core::fabric::Fabric;
use sim_core::names::{Code, MAX_CHAIN, Question, Record, View};
use sim_core::net::Addr;
use sim_core::protocol::dns::{self, Query};
use sim_core::topology::{RecordData, RecordKind};
use std::collections::BTreeMap;
use vnetsim_tests::net::facts;

fn label() -> impl Strategy<Value = String> {
    prop_oneof![Just("a".to_owned()), Just("b".to_owned()), Just("*".to_owned()), "[a-z0-9-]{1,8}"]
}

fn owner() -> impl Strategy<Value = String> {
    prop::collection::vec(label(), 1..4).prop_map(|labels| labels.join("."))
}

fn kind() -> impl Strategy<Value = RecordKind> {
    use RecordKind::{A, Aaaa, Cname, Other, Ptr, Txt};
    prop_oneof![Just(A), Just(Aaaa), Just(Cname), Just(Ptr), Just(Txt), Just(Other)]
}

fn record() -> impl Strategy<Value = Record> {
    let data = prop_oneof![
        any::<u32>().prop_map(|bits| (RecordKind::A, RecordData::Address(Addr::from_v4_bits(bits)))),
        any::<u64>().prop_map(|low| (RecordKind::Aaaa, RecordData::Address(Addr(0x2001_0db8 << 96 | u128::from(low))))),
        owner().prop_map(|name| (RecordKind::Cname, RecordData::Name(name.into()))),
        owner().prop_map(|name| (RecordKind::Ptr, RecordData::Name(name.into()))),
        "[ -~]{0,600}".prop_map(|text| (RecordKind::Txt, RecordData::Text(text.into()))),
    ];
    (owner(), 0..0x7fff_ffffu32, data).prop_map(|(name, ttl, (kind, data))| Record {
        name: name.into(),
        kind,
        ttl,
        data,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    /// Catches: a question that never ends or panics; an answer that is more than a chain; an address that belongs to another
    /// name; an answer of a zone beside the plain reading of it, for names without wildcards.
    #[test]
    fn every_question_ends(
        sets in prop::collection::vec((owner(), any::<bool>(), owner(), any::<u8>()), 0..12),
        asked in prop::collection::vec((owner(), kind()), 1..8),
        fallback in any::<bool>(),
    ) {
        let mut net = registry();
        net.zone("privatelink.z.test");
        net.link_zone("privatelink.z.test", "v", false, fallback);
        let mut plain = BTreeMap::new();
        for (owner, alias, target, last) in &sets {
            let (target, address) = (format!("{target}.privatelink.z.test"), format!("10.0.9.{last}"));
            let (kind, data) = if *alias { (RecordKind::Cname, &target) } else { (RecordKind::A, &address) };
            net.record("privatelink.z.test", owner, kind, &[data]);
            plain.insert((owner.clone(), *alias), data.clone());
        }
        let fabric = Fabric::compile(&net.topology, &facts(), 0);
        let v = net.topology.find("v").unwrap().id;
        for (owner, kind) in asked {
            let name = format!("{owner}.privatelink.z.test");
            for view in [View::Vnet(v), View::Public] {
                let answer = fabric.names().resolve(view, &Question::new(&name, kind));
                prop_assert!(answer.records.len() <= MAX_CHAIN + 1);
                prop_assert!(answer.code == Code::NoError || answer.addresses().is_empty());
                let mut at: std::sync::Arc<str> = name.as_str().into();
                for record in &answer.records {
                    prop_assert_eq!(&record.name, &at);
                    if let (RecordKind::Cname, RecordData::Name(next)) = (record.kind, &record.data) {
                        at = next.clone();
                    }
                }
            }
            let one = plain.get(&(owner.clone(), false)).filter(|_| !plain.contains_key(&(owner.clone(), true)));
            if let (Some(address), RecordKind::A) = (one, kind) {
                let answer = fabric.names().resolve(View::Vnet(v), &Question::new(&name, kind));
                prop_assert_eq!(answer.addresses(), vec![address.parse::<Addr>().unwrap()]);
            }
        }
    }

    /// Catches: a panic on what is no message; an answer to an answer, with which two servers never end.
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let question = Question::new("a.test", RecordKind::A);
        let _ = dns::read_reply(&bytes, 7, &question);
        let _ = dns::unframe(&mut bytes.clone());
        if let Err(Some(refusal)) = dns::read_query(&bytes) {
            prop_assert!(bytes[2] & 0x80 == 0 && refusal[..2] == bytes[..2]);
            prop_assert!(dns::read_query(&refusal) == Err(None));
        }
    }

    /// Catches: a question or an answer that is read as another one than was written; one that is longer than it may be and
    /// does not say so.
    #[test]
    fn what_is_written_is_read(id in any::<u16>(), name in owner(), kind in kind(), records in prop::collection::vec(record(), 0..20)) {
        let question = Question::new(&name, kind);
        let query = Query { id, question: question.clone() };
        prop_assert_eq!(dns::read_query(&dns::ask(id, &question).unwrap()), Ok(query.clone()));
        let whole = dns::answer(&query, Code::NxDomain, &records, usize::MAX);
        let reply = dns::read_reply(&whole, id, &question).unwrap();
        prop_assert!(!reply.truncated);
        prop_assert_eq!((reply.code, &reply.records), (Code::NxDomain, &records));
        prop_assert_eq!(dns::read_reply(&whole, id.wrapping_add(1), &question), None);
        let short = dns::answer(&query, Code::NoError, &records, 512);
        prop_assert!(short.len() <= 512);
        prop_assert_eq!(dns::read_reply(&short, id, &question).unwrap().truncated, whole.len() > 512);
        let mut stream = [dns::framed(&whole), dns::framed(&short)].concat();
        prop_assert_eq!(dns::unframe(&mut stream), Some(whole));
        prop_assert_eq!(dns::unframe(&mut stream), Some(short));
        prop_assert_eq!(dns::unframe(&mut stream), None);
    }
}

/// Catches: what is no name sent all the same.
#[test]
fn names_have_limits() {
    for name in ["a..b", &"x".repeat(64), &vec!["abcdefg"; 40].join(".")] {
        assert_eq!(dns::ask(1, &Question::new(name, RecordKind::A)), None, "{name}");
    }
}
