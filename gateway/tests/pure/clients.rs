use std::collections::HashMap;
use std::net::IpAddr;

use anaplan_tasks_gateway::clients::{Client, Clients, Crowded};
use proptest::prelude::*;
use proptest::sample::Index;

fn client(text: &str) -> Client {
    Client::parse(text)
}

#[test]
fn so_many_are_under_way_for_each_and_in_all() {
    let (one, other) = (client("192.0.2.1"), client("192.0.2.2"));
    let mut clients = Clients::new(3.0, 2.0);
    assert!(clients.is_empty());
    assert_eq!(clients.enter(Some(&one)), Ok(()));
    assert_eq!(clients.enter(Some(&one)), Ok(()));
    assert_eq!(clients.enter(Some(&one)), Err(Crowded::Client));
    assert_eq!(clients.enter(Some(&other)), Ok(()), "who was refused took no place");
    assert_eq!(clients.enter(Some(&other)), Err(Crowded::All));
    assert_eq!(clients.enter(None), Err(Crowded::All));
    clients.leave(Some(&one));
    assert_eq!(clients.enter(Some(&one)), Ok(()));
    clients.leave(Some(&one));
    clients.leave(Some(&one));
    clients.leave(Some(&other));
    assert!(clients.is_empty());
}

#[test]
fn one_without_an_address_counts_in_all_alone() {
    let mut clients = Clients::new(3.0, 1.0);
    for _ in 0..3 {
        assert_eq!(clients.enter(None), Ok(()));
    }
    assert_eq!(clients.enter(None), Err(Crowded::All));
    clients.leave(None);
    assert!(!clients.is_empty());
    assert_eq!(clients.enter(Some(&client("x"))), Ok(()));
}

#[test]
fn an_address_is_one_however_it_is_spelled() {
    let alike = [
        ("192.0.2.1", "::ffff:192.0.2.1"),
        ("192.0.2.1", "::ffff:c000:201"),
        ("2001:db8::1", "2001:0DB8:0:0:0:0:0:1"),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"),
        ("fe80::1", "fe80::2"),
        // With a port, which is another for each connection, and with a zone.
        ("192.0.2.1", "192.0.2.1:443"),
        ("192.0.2.1:1", "192.0.2.1:65535"),
        ("192.0.2.1", "[::ffff:192.0.2.1]:443"),
        ("2001:db8::1", "[2001:db8::1]:443"),
        ("[2001:db8:1:2::1]:1", "[2001:db8:1:2::ffff]:2"),
        ("fe80::1", "fe80::1%eth0"),
        ("fe80::1%eth0", "fe80::2%wlan1"),
        ("fe80::1", "fe80::1%"),
        ("fe80::1", "[fe80::1%2]:443"),
    ];
    for (one, other) in alike {
        assert_eq!(client(one), client(other), "{one} {other}");
        assert!(matches!(client(one), Client::Address(_)), "{one}");
    }
    let different = [
        ("192.0.2.1", "192.0.2.2"),
        ("2001:db8:1:2::1", "2001:db8:1:3::1"),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2"),
        ("192.0.2.1", "::192.0.2.1"),
        ("192.0.2.1:443", "192.0.2.2:443"),
        ("[2001:db8:1:2::1]:443", "[2001:db8:1:3::1]:443"),
        ("one", "other"),
        ("one%x", "one"),
        ("one", "One"),
    ];
    for (one, other) in different {
        assert_ne!(client(one), client(other), "{one} {other}");
    }
}

#[test]
fn what_is_no_address_is_kept_as_it_is_and_not_longer_than_one() {
    for text in [
        "",
        "%",
        "unix:",
        "a, b",
        "\u{1f310}",
        "192.0.2.01",
        "192.0.2.1:",
        "192.0.2.1:65536",
        "192.0.2.1, 192.0.2.2",
        "localhost:443",
        "zone%eth0",
    ] {
        assert_eq!(client(text), Client::Other(text.to_owned()));
    }
    let long = "\u{e4}".repeat(10_000);
    assert_eq!(client(&long), Client::Other("\u{e4}".repeat(64)));
}

#[derive(Debug, Clone)]
enum Step {
    Enter(Option<u8>),
    /// One of those under way.
    Leave(Index),
}

fn step() -> impl Strategy<Value = Step> {
    let who = prop::option::weighted(0.8, 0..4_u8);
    prop_oneof![who.prop_map(Step::Enter), any::<Index>().prop_map(Step::Leave),]
}

proptest! {
    #[test]
    fn whatever_comes_and_goes_the_counts_are_right(
        steps in prop::collection::vec(step(), 0..200),
        most in 1..12_usize,
        most_each in 1..6_usize,
    ) {
        let name = |number: u8| client(&format!("192.0.2.{number}"));
        let mut clients = Clients::new(most as f64, most_each as f64);
        let mut under_way: Vec<Option<u8>> = Vec::new();
        for step in steps {
            match step {
                Step::Enter(who) => {
                    let mine = under_way.iter().filter(|one| **one == who).count();
                    let expected = if under_way.len() >= most {
                        Err(Crowded::All)
                    } else if who.is_some() && mine >= most_each {
                        Err(Crowded::Client)
                    } else {
                        under_way.push(who);
                        Ok(())
                    };
                    prop_assert_eq!(clients.enter(who.map(name).as_ref()), expected);
                }
                Step::Leave(at) if !under_way.is_empty() => {
                    let who = under_way.swap_remove(at.index(under_way.len()));
                    clients.leave(who.map(name).as_ref());
                }
                Step::Leave(_) => {}
            }
            prop_assert_eq!(clients.is_empty(), under_way.is_empty());
        }
        // Nobody is remembered, and every place is free again.
        for who in under_way.drain(..) {
            clients.leave(who.map(name).as_ref());
        }
        let nobody = Clients::new(most as f64, most_each as f64);
        prop_assert_eq!(format!("{clients:?}"), format!("{nobody:?}"));
    }

    #[test]
    fn ipv6_counts_by_its_first_half_and_ipv4_whole(one: u128, other: u128, v4: [u8; 4], port: u16) {
        let parse = |bits: u128| client(&std::net::Ipv6Addr::from_bits(bits).to_string());
        let is_mapped = |bits: u128| bits >> 32 == 0xffff;
        prop_assume!(!is_mapped(one) && !is_mapped(other));
        prop_assert_eq!(parse(one) == parse(other), one >> 64 == other >> 64);
        let neighbour = (one & !u128::from(u64::MAX)) | (other & u128::from(u64::MAX));
        prop_assume!(!is_mapped(neighbour));
        prop_assert_eq!(parse(one), parse(neighbour));
        let with_port = format!("[{}]:{port}", std::net::Ipv6Addr::from_bits(one));
        prop_assert_eq!(parse(one), client(&with_port));
        let v4 = std::net::Ipv4Addr::from(v4);
        prop_assert_eq!(client(&v4.to_string()), Client::Address(IpAddr::V4(v4)));
        prop_assert_eq!(client(&format!("{v4}:{port}")), Client::Address(IpAddr::V4(v4)));
        prop_assert_eq!(client(&v4.to_ipv6_mapped().to_string()), Client::Address(IpAddr::V4(v4)));
    }

    #[test]
    fn any_text_is_some_client(text in ".*") {
        let mut counts: HashMap<Client, u8> = HashMap::new();
        counts.insert(client(&text), 1);
        prop_assert_eq!(counts.get(&client(&text)), Some(&1));
    }
}
