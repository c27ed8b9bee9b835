//! Which addresses are public. The lists are those of IANA's special-purpose registries (RFC 6890).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What clouds answer at with credentials of the machine: never part of a network that somebody allows.
const METADATA: [IpAddr; 4] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    // Public by its number, but answered by the machine's host.
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];

/// The address that a packet to `ip` ends at: what is wrapped in IPv6 is unwrapped, where the wrapping is in use.
pub fn unwrapped(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = ip else { return ip };
    match v6.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            IpAddr::V4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
        }
        _ => ip,
    }
}

/// Whether an unwrapped address belongs to the public internet.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

/// Whether an unwrapped address hands out credentials of the machine.
pub fn is_metadata(ip: IpAddr) -> bool {
    METADATA.contains(&ip)
}

/// Whether an unwrapped address is nobody's, everybody's or the next cable's: what a name that somebody allowed must not
/// lead to either.
pub fn is_beyond_names(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_unspecified() || ip.is_multicast() || ip.is_broadcast() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unspecified() || ip.is_multicast() || ip.is_unicast_link_local(),
    }
}

#[expect(clippy::match_same_arms, reason = "a line for each kind of network")]
fn is_public_v4(ip: Ipv4Addr) -> bool {
    let is_special = match ip.octets() {
        // This network; private networks; this machine.
        [0 | 10 | 127, ..] | [172, 16..=31, ..] | [192, 168, ..] => true,
        // Carriers' networks; link-local; benchmarks.
        [100, 64..=127, ..] | [169, 254, ..] | [198, 18 | 19, ..] => true,
        // Protocol assignments; examples; the relays of 6to4.
        [192, 0, 0 | 2, _] | [198, 51, 100, _] | [203, 0, 113, _] | [192, 88, 99, _] => true,
        // Multicast; reserved; broadcast.
        [224..=255, ..] => true,
        _ => false,
    };
    !is_special
}

#[expect(clippy::match_same_arms, reason = "a line for each kind of network")]
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let is_special = match ip.segments() {
        // Protocol assignments, Teredo among them; examples; 6to4.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x2002, ..] => true,
        // Examples.
        [0x3fff, 0..=0xfff, ..] => true,
        // An address of IPv4 at the end of a tunnel inside a site (ISATAP).
        [_, _, _, _, 0 | 0x200, 0x5efe, ..] => true,
        // All that was ever given out as public.
        [0x2000..=0x3fff, ..] => false,
        _ => true,
    };
    !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        unwrapped(text.parse().expect("an address"))
    }

    #[test]
    fn public_addresses_are_public() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "192.167.1.1",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00:1450:4001::1",
            "2001:200::1",
            "2620:0:860::1",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
        ] {
            assert!(is_public(ip(text)), "{text}");
        }
    }

    #[test]
    fn everything_else_is_not() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.0.170",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::8.8.8.8",
            "100::1",
            "2001::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:10::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:c0a8:1::1",
            "2002:808:808::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2a00::5efe:a00:1",
            "2a00::200:5efe:7f00:1",
        ] {
            assert!(!is_public(ip(text)), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn wrapping_an_address_makes_it_no_more_public(bits: u32) {
            let plain = Ipv4Addr::from(bits);
            for wrapped in [plain.to_ipv6_mapped().to_string(), format!("64:ff9b::{plain}")] {
                assert_eq!(is_public(ip(&wrapped)), is_public(plain.into()), "{wrapped}");
            }
            let [high, low] = [(bits >> 16) as u16, (bits & 0xffff) as u16];
            for tunnelled in [
                Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
                Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, !high, !low),
                Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
            ] {
                assert!(!is_public(unwrapped(tunnelled.into())), "{tunnelled}");
            }
        }

        #[test]
        fn what_std_calls_private_is_never_public(bits: u32, wide: u128) {
            let plain = Ipv4Addr::from(bits);
            let is_known = plain.is_private() || plain.is_loopback() || plain.is_link_local() || plain.is_multicast();
            assert!(!(is_known && is_public(plain.into())), "{plain}");
            let long = Ipv6Addr::from(wide);
            let is_known = long.is_loopback() || long.is_unique_local() || long.is_unicast_link_local() || long.is_multicast();
            assert!(!(is_known && is_public(unwrapped(long.into()))), "{long}");
        }
    }
}
