//! Two end points and the line between them.

mod line;

use super::*;
use crate::net::{Flags, Protocol, TcpHeader, Tuple};
use line::{Line, MS, client, server};
use proptest::prelude::*;

/// 1,234,567 ns: no whole number of microseconds.
const ONE_WAY: Nanos = Nanos(1_234_567);

#[test]
fn a_handshake_takes_one_round_trip_to_the_nanosecond() {
    // Catches: answers that wait for the microsecond clock, a delayed acknowledgement of the SYN, a lost early byte.
    for six in [false, true] {
        let mut line = Line::new(client(six), server(six), ONE_WAY);
        assert_eq!(line.ends[0].send(b"first"), 5);
        assert_eq!(line.ends[0].state(), State::Opening);
        line.run_until(Nanos(2 * ONE_WAY.0 - 1));
        assert_eq!(line.ends[0].state(), State::Opening);
        line.run_until(Nanos(2 * ONE_WAY.0));
        assert_eq!(line.ends[0].state(), State::Open);
        line.run_until(Nanos(3 * ONE_WAY.0 - 1));
        assert_eq!(line.ends[1].state(), State::Opening);
        line.run_until(Nanos(3 * ONE_WAY.0));
        assert_eq!((line.ends[1].state(), &line.ends[1].recv()[..]), (State::Open, &b"first"[..]));
    }
}

#[test]
fn both_sides_close_and_only_the_first_waits() {
    // Catches: FIN before the data, a side closed by the other's FIN, unread data lost with the connection, TIME-WAIT at
    // the wrong side or for ever, an end point freed too early or never.
    let prompt = |settings| Settings { ack_delay: None, ..settings };
    let mut line = Line::opened(prompt(client(false)), prompt(server(false)), ONE_WAY);
    let start = line.now;
    line.ends[0].send(b"request");
    line.ends[0].close();
    assert_eq!((line.ends[0].send(b"more"), line.ends[0].send_capacity()), (0, 0));
    line.run_until(start + ONE_WAY);
    assert_eq!(line.ends[0].state(), State::Finishing);
    assert_eq!((line.ends[1].state(), &line.ends[1].recv()[..]), (State::RemoteClosed, &b"request"[..]));
    assert_eq!(line.ends[1].send(b"answer"), 6);
    line.ends[1].close();
    line.run_until(start + ONE_WAY + ONE_WAY);
    assert_eq!((line.ends[0].state(), &line.ends[0].recv()[..]), (State::Closed(Reason::Graceful), &b"answer"[..]));
    line.run_until(start + ONE_WAY + ONE_WAY + ONE_WAY);
    assert_eq!(line.ends[1].state(), State::Closed(Reason::Graceful));
    assert_eq!((line.ends[0].is_gone(), line.ends[1].is_gone()), (false, true));
    // TIME-WAIT answers a FIN that comes again, and starts anew.
    let fin =
        line.log.iter().rev().find(|sent| sent.from == 1 && sent.header.tcp.flags.has(Flags::FIN)).unwrap().header;
    line.run_until(Nanos::secs(8));
    line.ends[0].arrive(Nanos::secs(8), &fin, b"");
    assert_eq!(line.ends[0].next_segment().unwrap().0.tcp.flags, Flags::ACK);
    line.run_until(Nanos::secs(17));
    assert!(!line.ends[0].is_gone());
    line.run_until(Nanos::secs(18));
    assert!(line.ends[0].is_gone());
    assert_eq!(line.ends[0].state(), State::Closed(Reason::Graceful));
    assert_eq!(line.ends[0].wake_at(Nanos::secs(19)), None);
}

#[test]
fn a_closed_port_refuses_and_a_reset_is_told_apart() {
    // Catches: RST taken for one another, an RST that answers RST, a passive end point that listens again.
    let mut line = Line::new(client(false), server(false), ONE_WAY);
    line.closed_port = true;
    line.run_until(Nanos(2 * ONE_WAY.0));
    assert_eq!(line.ends[0].state(), State::Closed(Reason::Refused));
    assert!(line.ends[0].is_gone());
    assert_eq!(line.log.len(), 2);

    let mut line = Line::opened(client(false), server(false), ONE_WAY);
    let start = line.now;
    line.ends[0].send(b"unread");
    line.run_until(start + ONE_WAY);
    line.ends[0].abort();
    assert_eq!((line.ends[0].state(), line.ends[0].is_gone()), (State::Closed(Reason::Aborted), false));
    line.run_until(start + ONE_WAY + ONE_WAY);
    assert_eq!((line.ends[1].state(), &line.ends[1].recv()[..]), (State::Closed(Reason::Reset), &b"unread"[..]));
    assert!(line.ends[0].is_gone() && line.ends[1].is_gone());

    // The client gives up while its SYN is answered: nothing is said until the answer comes, and then RST.
    let mut line = Line::new(client(false), server(false), ONE_WAY);
    line.run_until(ONE_WAY);
    line.ends[0].abort();
    assert!(line.ends[0].is_gone());
    line.run_until(Nanos(3 * ONE_WAY.0));
    assert_eq!(line.ends[1].state(), State::Closed(Reason::Reset));
    assert_eq!(line.log.len(), 3);
}

#[test]
fn silence_ends_a_connection_only_while_an_answer_is_owed() {
    // Catches: a connection attempt that hangs for ever, the idle connection that smoltcp's time-out would end, time
    // counted from the connection's start and not from the peer's last word, RST into the void, timers before their time.
    let mut line = Line::new(client(false), server(false), ONE_WAY);
    line.drop = |_, _| true;
    line.run_until(Nanos(Nanos::secs(1).0 - 1));
    assert_eq!(line.log.len(), 1);
    line.run_until(Nanos(Nanos::secs(127).0 - 1));
    assert_eq!(line.ends[0].state(), State::Opening);
    line.run_until(Nanos::secs(127));
    assert_eq!((line.ends[0].state(), line.ends[0].is_gone()), (State::Closed(Reason::TimedOut), true));
    let sent: Vec<_> = line.log.iter().map(|sent| (sent.at.0 / 1_000_000_000, sent.header.tcp.flags)).collect();
    assert_eq!(sent, [0, 1, 3, 7, 15, 31, 63, 123].map(|second| (second, Flags::SYN)));

    let mut line = Line::opened(client(false), server(false), ONE_WAY);
    line.run_until(Nanos::secs(1000));
    assert_eq!(line.ends[0].state(), State::Open);
    line.ends[0].send(b"into the void");
    line.drop = |_, _| true;
    line.run_until(Nanos(Nanos::secs(1127).0 - 1));
    assert_eq!(line.ends[0].state(), State::Open);
    line.run_until(Nanos::secs(1127));
    assert_eq!(line.ends[0].state(), State::Closed(Reason::TimedOut));
    assert!(line.log.iter().all(|sent| !sent.header.tcp.flags.has(Flags::RST)));
}

#[test]
fn keep_alives_go_out_at_their_interval_and_find_a_dead_peer() {
    // Catches: no probe, a probe per poll, probes that are not answered, a dead peer never found.
    let settings = Settings { keep_alive: Some(Nanos::secs(30)), user_timeout: Some(Nanos::secs(70)), ..client(false) };
    let mut line = Line::opened(settings, server(false), ONE_WAY);
    line.log.clear();
    line.run_until(Nanos::secs(100));
    let seconds: Vec<_> = line.log.iter().map(|sent| (sent.from, sent.at.0 / 1_000_000_000)).collect();
    assert_eq!(seconds, [(0, 30), (1, 30), (0, 60), (1, 60), (0, 90), (1, 90)]);
    line.drop = |_, _| true;
    line.run_until(Nanos::secs(189));
    assert_eq!(line.ends[0].state(), State::Open);
    line.run_until(Nanos::secs(191));
    assert_eq!(line.ends[0].state(), State::Closed(Reason::TimedOut));
}

#[test]
fn nothing_wakes_without_need() {
    // Catches: an end point that asks to be polled again at once (smoltcp says "now" by the time 0), idle wake-ups.
    let mut line = Line::opened(client(false), server(false), ONE_WAY);
    for end in &mut line.ends {
        assert_eq!(end.wake_at(line.now), None);
    }
    // A window that has closed is probed, by time-outs that double: not more.
    line.ends[0].send(&vec![7; 64 << 10]);
    line.run_until(Nanos::secs(5));
    line.ends[0].send(&vec![7; 64 << 10]);
    line.log.clear();
    line.run_until(Nanos::secs(65));
    let probes: Vec<_> = line.log.iter().filter(|sent| sent.from == 0).map(|sent| sent.at.0 / 1_000_000_000).collect();
    assert_eq!(probes, [5, 7, 11, 19, 35]);
    assert_eq!(line.ends[1].recv().len(), 64 << 10);
    line.run_until(Nanos::secs(66));
    assert_eq!(line.ends[1].recv().len(), 64 << 10);
}

#[test]
fn crossing_streams_whose_acknowledgements_were_lost_go_on() {
    // Catches: acknowledgements numbered from the data that is repeated, which the peer, who has that data, drops.
    let mut line = Line::opened(client(false), server(false), ONE_WAY);
    line.drop = |_, len| len == 0;
    line.ends.iter_mut().for_each(|end| assert_eq!(end.send(&[7; 2_000]), 2_000));
    line.run_until(Nanos::millis(500));
    line.drop = |_, _| false;
    line.run_until(Nanos::secs(10));
    assert!(line.ends.iter().all(|end| end.send_capacity() == 64 << 10));
}

#[test]
fn a_fin_is_repeated_whatever_is_acknowledged_thrice() {
    // Catches: the fast retransmit of nothing, which ends all repetition.
    let mut line = Line::opened(client(false), server(false), ONE_WAY);
    line.ends[0].send(b"last words");
    line.run_until(Nanos::millis(50));
    line.drop = |_, _| true;
    line.ends[0].close();
    line.run_until(Nanos::millis(60));
    let again = line.log.iter().rev().find(|sent| sent.from == 1).unwrap().header;
    (0..5).for_each(|_| line.ends[0].arrive(Nanos::millis(60), &again, b""));
    line.drop = |_, _| false;
    line.run_until(Nanos::secs(5));
    assert_eq!((line.ends[1].state(), &line.ends[1].recv()[..]), (State::RemoteClosed, &b"last words"[..]));
}

#[test]
fn a_window_that_closes_under_data_in_flight_is_probed() {
    // Catches: a transfer without any timer, after the time-out found the window closed.
    let mut line = Line::opened(client(false), server(false), ONE_WAY);
    line.drop = |_, _| true;
    line.ends[0].send(&[7; 1_000]);
    line.run_until(Nanos::millis(10));
    let mut closing = line.log.iter().rev().find(|sent| sent.from == 1).unwrap().header;
    closing.tcp = TcpHeader { seq: closing.tcp.seq + 1, flags: Flags::ACK, window: 0, ..closing.tcp };
    line.ends[0].arrive(Nanos::millis(10), &closing, b"");
    line.run_until(Nanos::secs(3));
    line.drop = |_, _| false;
    line.run_until(Nanos::secs(10));
    assert_eq!(line.ends[1].recv().len(), 1_000);
}

#[test]
fn slow_start_is_smoltcps_own() {
    // Catches: another congestion control or segment size than documented.
    let settings = Settings { ack_delay: None, ..server(false) };
    let mut line = Line::opened(client(false), settings, Nanos::millis(50));
    line.log.clear();
    let start = line.now;
    line.ends[0].send(&vec![7; 40_000]);
    line.run_until(start + Nanos::secs(1));
    let mut rounds = [0; 5];
    for sent in line.log.iter().filter(|sent| sent.from == 0) {
        rounds[((sent.at.0 - start.0) / (100 * MS)) as usize] += sent.len;
    }
    assert_eq!(rounds, [2048, 4096, 8192, 16384, 9280]);
    assert!(line.log.iter().all(|sent| sent.len <= 1460));
}

#[test]
fn what_no_connection_has_is_refused() {
    // Catches: smoltcp's panics on addresses, MTUs and buffers reached from outside.
    let good = client(false);
    let refused = |settings: Settings| Smoltcp::connect(&settings, Nanos::ZERO).err();
    assert_eq!(refused(good), None);
    for remote in ["255.255.255.255", "224.0.0.1", "0.0.0.0", "fd00::1", "::", "ff02::1"] {
        let addr: Addr = remote.parse().unwrap();
        assert!(matches!(refused(Settings { remote: (addr, 22), ..good }), Some(SettingsError::Address { .. })));
        assert!(matches!(refused(Settings { local: (addr, 22), ..good }), Some(SettingsError::Address { .. })));
    }
    assert_eq!(refused(Settings { remote: (good.remote.0, 0), ..good }), Some(SettingsError::Port));
    assert_eq!(refused(Settings { mtu: 575, ..good }), Some(SettingsError::Mtu(575)));
    assert_eq!(refused(Settings { mtu: 1279, ..client(true) }), Some(SettingsError::Mtu(1279)));
    assert_eq!(refused(Settings { receive_buffer: 0, ..good }), Some(SettingsError::Buffer(0)));
    assert_eq!(refused(Settings { send_buffer: usize::MAX, ..good }), Some(SettingsError::Buffer(usize::MAX)));
}

#[test]
fn a_closed_port_answers_as_the_standard_says() {
    // Catches: sequence numbers that the sender of the segment would not believe (RFC 9293 section 3.10.7.1).
    let tuple = Tuple { protocol: Protocol::TCP, ..line::tuple(&client(false)) };
    let answer = |flags, payload_len| {
        let tcp = TcpHeader { seq: u32::MAX, ack: 77, flags, ..TcpHeader::default() };
        refusal(&Header::tcp(tuple, 9, tcp), payload_len, 128)
    };
    let reset = |seq, ack, flags| {
        let tcp = TcpHeader { seq, ack, flags, ..TcpHeader::default() };
        Some(Header::tcp(tuple.reversed(), 128, tcp))
    };
    let both = Flags::RST.with(Flags::ACK);
    assert_eq!(answer(Flags::SYN, 0), reset(0, 0, both));
    assert_eq!(answer(Flags::SYN.with(Flags::FIN), 10), reset(0, 11, both));
    assert_eq!(answer(Flags::default(), 4), reset(0, 3, both));
    assert_eq!(answer(Flags::SYN.with(Flags::ACK), 0), reset(77, 0, Flags::RST));
    assert_eq!(answer(Flags::RST, 0), None);
    assert_eq!(answer(both, 0), None);
}

/// What happens to the packets of one direction, in turn; later ones fare well.
#[derive(Clone, Debug)]
struct Fate {
    lost: Vec<bool>,
    late_us: Vec<u64>,
}

fn fate() -> impl Strategy<Value = Fate> {
    let lost = proptest::collection::vec(prop::bool::weighted(0.25), 0..40);
    (lost, proptest::collection::vec(0..4_000_u64, 0..60)).prop_map(|(lost, late_us)| Fate { lost, late_us })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn streams_arrive_as_sent_whatever_the_line_does(
        fates in [fate(), fate()],
        sizes in [0..60_000_usize, 0..60_000_usize],
        chunk in 1..9_000_usize,
        window in 2_000..70_000_usize,
        choices in any::<(bool, bool, bool, u64)>(),
    ) {
        // Catches: bytes lost, doubled or swapped, FIN that overtakes data, a transfer that never ends, an end that is
        // not told, timers that spin (the line fails on that).
        let (six, nagle, delayed, seed) = choices;
        let vary = |settings: Settings, seed| Settings {
            receive_buffer: window, send_buffer: window, nagle, seed, user_timeout: None,
            ack_delay: delayed.then_some(Nanos::millis(10)), ..settings
        };
        let mut line = Line::new(vary(client(six), seed), vary(server(six), !seed), Nanos::micros(700));
        line.fates = fates;
        let streams = sizes.map(|size| (0..size).map(|i| (i * 7 + i / 251) as u8).collect::<Vec<_>>());
        let mut sent = [0, 0];
        let mut got = [Vec::new(), Vec::new()];
        while line.ends.iter().any(|end| !matches!(end.state(), State::Closed(_))) {
            for side in 0..2 {
                let upto = streams[side].len().min(sent[side] + chunk);
                sent[side] += line.ends[side].send(&streams[side][sent[side]..upto]);
                if sent[side] == streams[side].len() {
                    line.ends[side].close();
                }
                got[side].extend_from_slice(&line.ends[side].recv());
            }
            prop_assert!(line.now < Nanos::secs(7200), "not done after two hours: {:?}", line.ends.each_ref().map(Smoltcp::state));
            line.step();
        }
        for side in 0..2 {
            got[side].extend_from_slice(&line.ends[side].recv());
            // Where every answer to a FIN was lost, the time-out grows longer than the peer's TIME-WAIT.
            let outlived = line.ends[side].state() == State::Closed(Reason::Reset) && line.now > Nanos::secs(12);
            prop_assert!(outlived || line.ends[side].state() == State::Closed(Reason::Graceful));
            prop_assert!(got[side] == streams[1 - side], "{} of {}", got[side].len(), streams[1 - side].len());
        }
    }

    #[test]
    fn hostile_segments_do_no_harm(
        segments in proptest::collection::vec((0..2_usize, any::<u8>(), -3_000..70_000_i64, -3_000..70_000_i64, any::<u16>(), 0..1_500_usize, any::<bool>()), 1..30),
        wild in any::<u32>(),
    ) {
        // Catches: a panic of the stack on segments that its peer would never send; a connection they make spin.
        let mut line = Line::opened(client(false), server(false), ONE_WAY);
        line.ends[0].send(&[1; 5_000]);
        line.ends[1].send(&[2; 5_000]);
        line.step();
        let last = [0, 1].map(|side| line.log.iter().rev().find(|sent| sent.from == side).unwrap().header);
        for (to, flags, seq, ack, window, len, is_wild) in segments {
            let mut header = last[1 - to];
            let base = if is_wild { wild } else { 0 };
            header.tcp.seq = header.tcp.seq.wrapping_add(seq as u32).wrapping_add(base);
            header.tcp.ack = header.tcp.ack.wrapping_add(ack as u32).wrapping_sub(base);
            header.tcp.flags = Flags(flags);
            header.tcp.window = window;
            let now = line.now;
            line.ends[to].arrive(now, &header, &vec![3; len]);
            line.step();
            line.ends[to].recv();
        }
        let end = line.now + Nanos::secs(400);
        line.run_until(end);
    }
}
