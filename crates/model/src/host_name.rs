//! Host names: what an organization owns of them, and what a gateway listens for (FLEET-4, FLEET-5). Compared as text:
//! lower case, without a dot at the end, as the Gateway API writes them (RFC 1123, RFC 5890 for other letters).

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::labels::is_dns_label;
use crate::limits::{HOST_NAME_CHARS_MAX, HOST_SUFFIX_CHARS_MAX};
use crate::names::as_text;

/// A host name that an organization owns together with every name beneath it: `acme.example` with `www.acme.example`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostSuffix(String);

/// A host name that a listener is for; `*.` at its beginning stands for every name beneath the rest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostPattern(String);

impl HostSuffix {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the other is this one or beneath it. `evilacme.example` is not beneath `acme.example`.
    pub fn covers(&self, other: &Self) -> bool {
        other == self || other.0.strip_suffix(&self.0).is_some_and(|rest| rest.ends_with('.'))
    }

    /// Whether somebody else's claim of one is a claim of something of the other.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.covers(other) || other.covers(self)
    }
}

impl HostPattern {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What every name has to be, apart from its length.
fn check(name: &str) -> Result<(), String> {
    let labels: Vec<&str> = name.split('.').collect();
    if labels.len() < 2 || !labels.iter().all(|label| is_dns_label(label)) {
        return Err(
            "a host name of two or more labels of a–z, 0–9 and `-` with dots between them, such as `acme.example`; other letters in their `xn--` form, nothing after the last label".to_owned(),
        );
    }
    if !labels.last().is_some_and(|last| last.starts_with(|first: char| first.is_ascii_lowercase())) {
        return Err("the last label of a host name begins with a letter".to_owned());
    }
    Ok(())
}

fn check_length(name: &str, most: usize) -> Result<(), String> {
    if name.len() > most {
        return Err(format!("at most {most} characters are allowed; these are {}", name.len()));
    }
    Ok(())
}

impl FromStr for HostSuffix {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("*.") {
            return Err("give the name without `*.`: every name beneath it is meant".to_owned());
        }
        check_length(text, HOST_SUFFIX_CHARS_MAX)?;
        check(text)?;
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for HostPattern {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        check_length(text, HOST_NAME_CHARS_MAX)?;
        check(text.strip_prefix("*.").unwrap_or(text))?;
        Ok(Self(text.to_owned()))
    }
}

as_text!(HostSuffix HostPattern);

#[cfg(test)]
mod tests {
    use super::*;

    fn suffix(text: &str) -> HostSuffix {
        text.parse().unwrap()
    }

    #[test]
    fn fleet_5_what_is_a_host_name() {
        for good in ["acme.example", "a.b.c.example", "xn--bcher-kva.example", "4711.acme.example"] {
            assert_eq!(suffix(good).as_str(), good);
            assert_eq!(format!("*.{good}").parse::<HostPattern>().unwrap().to_string(), format!("*.{good}"));
        }
        let long = format!("{}.example", "a.".repeat(100));
        for bad in [
            "",
            "example",
            "ACME.example",
            "acme.example.",
            ".acme.example",
            "acme..example",
            "a cme.example",
            "-a.example",
            "bücher.example",
            "10.0.0.1",
            "*.",
            "*",
            "**.acme.example",
            "*.*.acme.example",
            "a.*.example",
            "https://acme.example",
            "acme.example:80",
            &long,
        ] {
            assert!(bad.parse::<HostSuffix>().is_err(), "{bad}");
            assert!(bad.parse::<HostPattern>().is_err() || bad == long, "{bad}");
        }
        assert!("*.acme.example".parse::<HostSuffix>().unwrap_err().contains("beneath"));
    }

    /// FLEET-5: what lies beneath is found at whole labels only.
    #[test]
    fn fleet_5_a_name_covers_what_is_beneath_it() {
        let acme = suffix("acme.example");
        for (other, covered) in [
            ("acme.example", true),
            ("www.acme.example", true),
            ("a.b.acme.example", true),
            ("evilacme.example", false),
            ("acme.example.org", false),
            ("me.example", false),
        ] {
            assert_eq!(acme.covers(&suffix(other)), covered, "{other}");
            assert_eq!(suffix(other).overlaps(&acme), covered, "{other}");
        }
        assert!(acme.overlaps(&suffix("www.acme.example")) && !suffix("www.acme.example").covers(&acme));
    }
}
