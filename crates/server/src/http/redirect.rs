//! Where a browser may be sent: only to a place on this server (SEC-2).

use std::fmt;

/// A path on this server, with its query: `/x`, never `//x` or `/\x`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalPath(String);

impl LocalPath {
    /// The start page.
    pub fn start() -> Self {
        Self("/".to_owned())
    }

    /// The text when it is a path on this server. Anything else is none: another host, another scheme, a control
    /// character or a space (browsers drop some of them while they read), a backslash (they read it as a slash), and
    /// whatever is not ASCII and so should have been percent-encoded.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        let mut bytes = text.bytes();
        let local = bytes.next() == Some(b'/') && bytes.next() != Some(b'/');
        (plain && local && text.len() <= 2_048).then(|| Self(text.to_owned()))
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LocalPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SEC-2: after sign-in only local redirects. What is allowed resolves, as a browser would do it, to this server.
    #[test]
    fn sec_2_only_local_redirects() {
        let here = url::Url::parse("https://hub.example.org/sign-in").unwrap();
        for good in
            ["/", "/o/acme", "/o/acme?tab=a&next=//x", "/a//b", "/.//evil.example", "/%2f%2fevil", "/?//x"]
        {
            let path = LocalPath::parse(good).unwrap();
            assert_eq!(here.join(path.as_str()).unwrap().host_str(), Some("hub.example.org"), "{good}");
        }
        for bad in [
            "",
            "o/acme",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "/a\\b",
            "/\t/evil.example",
            "/\n/evil.example",
            "/\r\nSet-Cookie: a=b",
            "\u{0}/x",
            " /x",
            "/x y",
            "https://evil.example",
            "javascript:alert(1)",
            "/ünïcode",
            "/\u{200b}/evil.example",
        ] {
            assert_eq!(LocalPath::parse(bad), None, "{bad:?}");
        }
        assert_eq!(LocalPath::parse(&format!("/{}", "a".repeat(2_048))), None);
    }
}
