//! Addresses of this machine, its link, or of services that provide credentials to it. A name with such an address is more likely an attack
//! than a service, because the owner of a name can change its addresses at any time.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Returns whether an address is loopback, link-local, unspecified, multicast or broadcast, or a well-known metadata address of a cloud, in
/// any form in which IPv6 contains it. Private networks are not included, because connectors access them.
pub(super) fn is_special(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_special_v4(address),
        IpAddr::V6(address) => is_special_v6(address),
    }
}

fn is_special_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    match (a, b, c) {
        // "This network": Linux connects to itself there.
        (0, ..) | (127, ..) => true,
        // Link-local, and with it most clouds' metadata.
        (169, 254, _) => true,
        // Protocol assignments; Oracle's metadata.
        (192, 0, 0) => true,
        // Multicast, reserved, broadcast.
        (224.., ..) => true,
        // Metadata of Azure and Alibaba.
        _ => [Ipv4Addr::new(168, 63, 129, 16), Ipv4Addr::new(100, 100, 100, 200)].contains(&address),
    }
}

fn is_special_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // Link-local and its deprecated sibling, site-local; multicast.
    if matches!(segments[0], 0xfe80..=0xfeff | 0xff00..) {
        return true;
    }
    // Metadata of AWS and of Google, and the networks that they reserve for such.
    if segments[..2] == [0xfd00, 0x0ec2] || segments[..2] == [0xfd20, 0x00ce] {
        return true;
    }
    embedded(segments).into_iter().flatten().any(is_special_v4)
}

/// Returns the IPv4 addresses that the network may find in an IPv6 address. An address that only looks like one is treated as one.
fn embedded(segments: [u16; 8]) -> [Option<Ipv4Addr>; 3] {
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    let last = v4(segments[6], segments[7]);
    match segments {
        // Unspecified and loopback, IPv4-compatible, IPv4-mapped, IPv4-translated.
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] => [Some(last), None, None],
        // NAT64 with the well-known prefix.
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => [Some(last), None, None],
        // NAT64 with a network's own prefix of 48, 64 or 96 bits.
        [0x64, 0xff9b, 1, first, second, third, fourth, _] => {
            // The bits 64 to 71 are not part of it.
            let at_48 = v4(first, (second << 8) | (third >> 8));
            let at_64 = v4((second << 8) | (third >> 8), (third << 8) | (fourth >> 8));
            [Some(last), Some(at_48), Some(at_64)]
        }
        // 6to4.
        [0x2002, high, low, ..] => [Some(v4(high, low)), None, None],
        // Teredo: the server, and the client with inverted bits.
        [0x2001, 0, high, low, ..] => [Some(v4(high, low)), Some(v4(!segments[6], !segments[7])), None],
        // ISATAP.
        [.., 0 | 0x200, 0x5efe, _, _] => [Some(last), None, None],
        _ => [None; 3],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_this_machine_its_link_and_metadata_are_known_in_every_form() {
        for text in [
            "127.0.0.1",
            "127.8.9.10",
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "169.254.0.1",
            "224.0.0.1",
            "239.1.2.3",
            "255.255.255.255",
            "240.0.0.1",
            "192.0.0.192",
            "168.63.129.16",
            "100.100.100.200",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:127.0.0.1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "64:ff9b::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::127.0.0.1",
            "64:ff9b:1:7f00:0:100::",
            "64:ff9b:1:0:7f:0:100:0",
            "2002:7f00:1::1",
            "2002:a9fe:a9fe::",
            "2001:0:7f00:1::1",
            "2001::80ff:fffe",
            "2001:db8::5efe:127.0.0.1",
            "fe80::200:5efe:10.0.0.1",
            "2001:db8::200:5efe:169.254.169.254",
        ] {
            assert!(is_special(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn other_addresses_are_not_special_and_private_ones_neither() {
        for text in [
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "192.0.2.1",
            "100.64.0.1",
            "8.8.8.8",
            "169.253.1.1",
            "168.63.129.17",
            "223.255.255.255",
            "::ffff:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "2002:a00:1::1",
            "fd12:3456::1",
            "fc00::1",
            "2606:4700::1111",
            "2001:db8::1",
            "2001:db8::5efe:10.0.0.1",
        ] {
            assert!(!is_special(text.parse().unwrap()), "{text}");
        }
    }
}
