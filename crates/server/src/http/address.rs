//! From which address a request really comes, when proxies stand before the server.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::HeaderMap;

/// An address, or all addresses that begin alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Whether the address is in it. An IPv4 address written as IPv6 (`::ffff:…`) is the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                let shift = 32 - u32::from(self.prefix);
                let begin = |bits: u32| bits.checked_shr(shift).unwrap_or(0);
                begin(ours.to_bits()) == begin(theirs.to_bits())
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                let shift = 128 - u32::from(self.prefix);
                let begin = |bits: u128| bits.checked_shr(shift).unwrap_or(0);
                begin(ours.to_bits()) == begin(theirs.to_bits())
            }
            _ => false,
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl FromStr for Network {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
            let address = address.parse::<IpAddr>().ok()?.to_canonical();
            let widest = if address.is_ipv4() { 32 } else { 128 };
            let prefix = prefix.map_or(Some(widest), |prefix| prefix.parse().ok())?;
            (prefix <= widest).then_some(Self { address, prefix })
        };
        parse()
            .ok_or_else(|| format!("`{text}` is not an address or a network such as 10.0.0.7 or 10.0.0.0/8"))
    }
}

/// The address that counts for limits and the audit record: the peer's, unless the peer is a trusted proxy; then the
/// last one in `X-Forwarded-For` that no trusted proxy has. What stands further left anybody could have written.
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut client = peer.to_canonical();
    if !is_trusted(client) {
        return client;
    }
    let values = headers.get_all("x-forwarded-for").iter().rev().filter_map(|value| value.to_str().ok());
    for hop in values.flat_map(|value| value.rsplit(',')) {
        let Ok(address) = hop.trim().parse::<IpAddr>() else { break };
        client = address.to_canonical();
        if !is_trusted(client) {
            break;
        }
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_contain_what_begins_alike() {
        for (network, address, inside) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.0.0.1", true),
            ("::ffff:10.0.0.1", "10.0.0.1", true),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "2001:db8::1", true),
        ] {
            let parsed: Network = network.parse().unwrap();
            assert_eq!(parsed.contains(address.parse().unwrap()), inside, "{address} in {network}");
            assert_eq!(parsed.to_string().parse(), Ok(parsed));
        }
        for bad in ["", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0/8", "host", "10.0.0.0/8/8"] {
            assert!(bad.parse::<Network>().unwrap_err().contains(&format!("`{bad}`")), "{bad}");
        }
    }

    /// E-40: only a trusted proxy is believed, and only about what it saw itself.
    #[test]
    fn e_40_only_trusted_proxies_are_believed() {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()];
        for (peer, forwarded, client) in [
            ("203.0.113.9", vec!["198.51.100.1"], "203.0.113.9"),
            ("10.0.0.1", vec![], "10.0.0.1"),
            ("10.0.0.1", vec!["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", vec!["198.51.100.66, 198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", vec!["198.51.100.66, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
            ("10.0.0.1", vec!["198.51.100.66", "198.51.100.1", "10.0.0.2"], "198.51.100.1"),
            ("10.0.0.1", vec!["198.51.100.1, nonsense"], "10.0.0.1"),
            ("::ffff:10.0.0.1", vec!["::ffff:198.51.100.1"], "198.51.100.1"),
            ("::1", vec!["10.0.0.9"], "10.0.0.9"),
        ] {
            let mut headers = HeaderMap::new();
            for value in &forwarded {
                headers.append("x-forwarded-for", value.parse().unwrap());
            }
            let found = client_address(peer.parse().unwrap(), &headers, &trusted);
            assert_eq!(found, client.parse::<IpAddr>().unwrap(), "{peer} {forwarded:?}");
        }
    }
}
