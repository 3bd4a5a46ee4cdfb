//! Programs over the network: what one writes the other reads, through a relay too.

use proptest::prelude::*;
use sim_core::app::Relay;
use sim_core::engine::Engine;
use sim_core::host::{Context, Input, Program, SMALL_BUFFER};
use sim_core::time::Nanos;
use std::cell::RefCell;
use std::rc::Rc;
use vnetsim_tests::net::{Net, facts};
use vnetsim_tests::programs::Sender;

/// Keeps what it reads.
struct Sink {
    port: u16,
    read: Rc<RefCell<Vec<u8>>>,
    ended: Rc<RefCell<bool>>,
}

impl Program for Sink {
    fn handle(&mut self, input: Input, cx: &mut Context<'_>) {
        match input {
            Input::Start => cx.listen(self.port, SMALL_BUFFER),
            Input::Data(_, bytes) => self.read.borrow_mut().extend_from_slice(&bytes),
            Input::PeerClosed(conn) => {
                *self.ended.borrow_mut() = true;
                cx.close(conn);
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    /// Catches: a relay that reorders, drops or doubles bytes, forgets what came before its second leg was open, or
    /// does not pass a closing on.
    #[test]
    fn a24_a_relayed_stream_arrives_as_it_was_sent(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..5000), 1..12)) {
        let mut net = Net::new();
        net.vnet("v", "10.0.0.0/16");
        net.subnet("v", "s", "10.0.0.0/24", None);
        net.vm("client", "v/s", None);
        let (proxy, server) = (net.vm("proxy", "v/s", None), net.vm("server", "v/s", None));
        let (proxy_at, server_at) = (net.address(proxy), net.address(server));
        let sent: Vec<u8> = pieces.concat();
        let (read, ended) = (Rc::new(RefCell::new(Vec::new())), Rc::new(RefCell::new(false)));
        let node = |net: &Net, name: &str| net.topology.find(name).unwrap().id;
        let (a, b, c) = (node(&net, "client"), node(&net, "proxy"), node(&net, "server"));
        let mut engine = Engine::new(net.topology, facts(), 7, ());
        assert!(engine.spawn(c, Box::new(Sink { port: 22, read: read.clone(), ended: ended.clone() })).is_some());
        assert!(engine.spawn(b, Box::new(Relay::new(60001, (server_at, 22), Nanos::secs(15)))).is_some());
        let pieces = pieces.into_iter().map(|piece| ("piece", piece)).collect();
        let sender = Sender { to: (proxy_at, 60001), after: Nanos::ZERO, flow: None, pieces };
        assert!(engine.spawn(a, Box::new(sender)).is_some());
        engine.run_until(Nanos::secs(60));
        prop_assert!(*read.borrow() == sent, "{} of {} bytes", read.borrow().len(), sent.len());
        prop_assert!(*ended.borrow());
    }
}
