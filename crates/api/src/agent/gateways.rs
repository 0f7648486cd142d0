//! Gateways between the words of the protocol and those of the domain. Text that does not parse is refused with the field's
//! name.

use bastide_model::Error;
use bastide_model::gateway::{GatewayAddress, GatewaySpec, Listener as Domain, RouteKind};

use super::convert::parse;
use super::{Gateway, Listener, SharedGateway};

impl From<&Domain> for Listener {
    fn from(listener: &Domain) -> Self {
        Self {
            name: listener.name.clone(),
            port: listener.port,
            protocol: listener.protocol.to_string(),
            host_name: listener.host_name.as_ref().map(ToString::to_string),
            allowed: listener.allowed.iter().map(ToString::to_string).collect(),
        }
    }
}

impl Listener {
    fn parse(self) -> Result<Domain, Error> {
        let allowed = self.allowed.iter().map(|kind| parse::<RouteKind>("gateway/listeners/allowed", kind));
        let host_name = self.host_name.map(|name| parse("gateway/listeners/host_name", &name));
        Ok(Domain {
            protocol: parse("gateway/listeners/protocol", &self.protocol)?,
            host_name: host_name.transpose()?,
            allowed: allowed.collect::<Result<_, Error>>()?,
            name: self.name,
            port: self.port,
        })
    }
}

fn spec(class: String, listeners: Vec<Listener>, addresses: &[String]) -> Result<GatewaySpec, Error> {
    Ok(GatewaySpec {
        class,
        listeners: listeners.into_iter().map(Listener::parse).collect::<Result<_, Error>>()?,
        addresses: addresses
            .iter()
            .map(|one| parse::<GatewayAddress>("gateway/addresses", one))
            .collect::<Result<_, Error>>()?,
    })
}

impl Gateway {
    pub(super) fn new(name: &str, spec: &GatewaySpec) -> Self {
        let SharedGateway { class, listeners, addresses } = SharedGateway::from(spec);
        Self { name: name.to_owned(), class, listeners, addresses }
    }

    /// Its name, and what it is made of.
    pub(super) fn parse(self) -> Result<(String, GatewaySpec), Error> {
        Ok((self.name, spec(self.class, self.listeners, &self.addresses)?))
    }
}

impl From<&GatewaySpec> for SharedGateway {
    fn from(spec: &GatewaySpec) -> Self {
        Self {
            class: spec.class.clone(),
            listeners: spec.listeners.iter().map(Listener::from).collect(),
            addresses: spec.addresses.iter().map(ToString::to_string).collect(),
        }
    }
}

impl SharedGateway {
    pub(super) fn parse(self) -> Result<GatewaySpec, Error> {
        spec(self.class, self.listeners, &self.addresses)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_gateway_survives_the_wire() {
        let wire = json!({
            "class": "edge",
            "listeners": [
                { "name": "web", "port": 80, "protocol": "HTTP" },
                { "name": "rpc", "port": 443, "protocol": "HTTPS", "host_name": "*.acme.example",
                  "allowed": ["GRPCRoute"] },
            ],
            "addresses": ["2001:db8::1", "edge.example.org"],
        });
        let read: SharedGateway = serde_json::from_value(wire.clone()).unwrap();
        let spec = read.parse().unwrap();
        assert_eq!(serde_json::to_value(SharedGateway::from(&spec)).unwrap(), wire);
        let (name, again) = Gateway::new("acme-gw", &spec).parse().unwrap();
        assert_eq!((name.as_str(), again), ("acme-gw", spec));
    }

    #[test]
    fn what_does_not_parse_is_named() {
        for (listener, field) in [
            (json!({ "name": "web", "port": 80, "protocol": "TCP" }), "/gateway/listeners/protocol"),
            (
                json!({ "name": "web", "port": 80, "protocol": "HTTP", "host_name": "UPPER.example" }),
                "/gateway/listeners/host_name",
            ),
            (
                json!({ "name": "web", "port": 80, "protocol": "HTTP", "allowed": ["UDPRoute"] }),
                "/gateway/listeners/allowed",
            ),
        ] {
            let read: SharedGateway =
                serde_json::from_value(json!({ "class": "edge", "listeners": [listener] })).unwrap();
            let error = format!("{:?}", read.parse().unwrap_err());
            assert!(error.contains(field), "{error}");
        }
    }
}
