//! What people type: values of flags, and secrets, which never come from the command line.

use std::io::{IsTerminal as _, Read as _};
use std::path::Path;
use std::time::Duration;

use bastide_api::gateways::{Listener, ListenerProtocol, RouteKind};
use bastide_model::limits::{LICENCE_BYTES_MAX, PASSWORD_BYTES_MAX};

use crate::exit::Exit;
use crate::failure::Failure;

/// Reads `key=value`.
pub(crate) fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write it as key=value".to_owned()),
    }
}

/// Reads a span of time such as `90s`, `5m` or `1h30m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "write a span of time such as 90s, 5m or 1h30m".to_owned();
    let span: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(span).ok().filter(|span| !span.is_zero()).ok_or_else(wrong)
}

/// Reads a listener, `name:port:PROTOCOL` with a host name and kinds of routes where they are to be limited.
pub(crate) fn listener(text: &str) -> Result<Listener, String> {
    let wrong = || {
        "write it as name:port:PROTOCOL[:host[:route,…]], such as web:443:HTTPS or rpc:443:HTTPS:*.acme.example:GRPCRoute"
            .to_owned()
    };
    let mut parts = text.split(':');
    let (Some(name), Some(port), Some(protocol)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(wrong());
    };
    let (host_name, allowed) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let protocol = match protocol.to_ascii_uppercase().as_str() {
        "HTTP" => ListenerProtocol::Http,
        "HTTPS" => ListenerProtocol::Https,
        _ => return Err(wrong()),
    };
    let kinds = allowed.split(',').filter(|kind| !kind.is_empty()).map(|kind| match kind {
        "HTTPRoute" => Ok(RouteKind::Http),
        "GRPCRoute" => Ok(RouteKind::Grpc),
        _ => Err(wrong()),
    });
    let allowed = kinds.collect::<Result<_, _>>()?;
    if parts.next().is_some() {
        return Err(wrong());
    }
    let port = port.parse().ok().filter(|&port| port > 0).ok_or_else(wrong)?;
    let host_name = Some(host_name.to_owned()).filter(|host| !host.is_empty());
    Ok(Listener { name: name.to_owned(), port, protocol, host_name, allowed })
}

/// A password for a new account: from standard input when `from_stdin`, otherwise asked for twice, without echo.
pub(crate) async fn new_password(from_stdin: bool) -> Result<String, Failure> {
    blocking(move || {
        if from_stdin {
            return secret_from_stdin("password");
        }
        if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
            return Err(Failure::usage("a password is needed, and there is no terminal to ask at")
                .hint("give it on standard input with --password-stdin"));
        }
        let password = ask("Password: ")?;
        if ask("Once more: ")? == password {
            Ok(password)
        } else {
            Err(Failure::usage("the two passwords differ"))
        }
    })
    .await
}

/// A token from standard input.
pub(crate) async fn token_from_stdin() -> Result<String, Failure> {
    blocking(|| secret_from_stdin("token")).await
}

/// A licence from a file, or from standard input when the path is `-`.
pub(crate) async fn licence(path: std::path::PathBuf) -> Result<String, Failure> {
    blocking(move || {
        let failed = |error| Failure::file("cannot read the licence", &path, &error);
        let text = if path == Path::new("-") {
            bounded(std::io::stdin().lock(), LICENCE_BYTES_MAX).map_err(failed)?
        } else {
            bounded(std::fs::File::open(&path).map_err(failed)?, LICENCE_BYTES_MAX).map_err(failed)?
        };
        text.ok_or_else(|| Failure::usage(format!("a licence has at most {LICENCE_BYTES_MAX} bytes")))
    })
    .await
}

/// Reading would keep the interrupt from being seen if it were done in place.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(Failure::new(Exit::Failure, format!("the input broke off: {error}"))))
}

fn secret_from_stdin(what: &str) -> Result<String, Failure> {
    let text = bounded(std::io::stdin().lock(), PASSWORD_BYTES_MAX + 2).map_err(unreadable)?;
    let text = text.ok_or_else(|| {
        Failure::usage(format!("the {what} on standard input has more than {PASSWORD_BYTES_MAX} bytes"))
    })?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(Failure::usage(format!("there is no {what} on standard input")));
    }
    Ok(text.to_owned())
}

/// Everything there is, or nothing when it is more than allowed.
fn bounded(reader: impl std::io::Read, most: usize) -> std::io::Result<Option<String>> {
    let mut text = String::new();
    let one_more = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    reader.take(one_more).read_to_string(&mut text)?;
    Ok((text.len() <= most).then_some(text))
}

fn ask(prompt: &str) -> Result<String, Failure> {
    let terminal = console::Term::stderr();
    crate::terminal::remember();
    let text = terminal.write_str(prompt).and_then(|()| terminal.read_secure_line());
    crate::terminal::forget();
    text.map_err(unreadable)
}

#[expect(clippy::needless_pass_by_value, reason = "given to map_err")]
fn unreadable(error: std::io::Error) -> Failure {
    Failure::new(Exit::Failure, format!("the input cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_flags() {
        assert_eq!(key_value("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert_eq!(key_value("a="), Ok(("a".into(), String::new())));
        assert!(key_value("a").is_err() && key_value("=b").is_err());
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("1h30m"), Ok(Duration::from_mins(90)));
        for bad in ["", "5", "0s", "-5s", "soon"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
        assert_eq!(
            listener("web:443:https"),
            Ok(Listener {
                name: "web".into(),
                port: 443,
                protocol: ListenerProtocol::Https,
                host_name: None,
                allowed: Vec::new(),
            })
        );
        let rpc = listener("rpc:443:HTTPS:*.acme.example:GRPCRoute,HTTPRoute").unwrap();
        assert_eq!(rpc.host_name.as_deref(), Some("*.acme.example"));
        assert_eq!(rpc.allowed, [RouteKind::Grpc, RouteKind::Http]);
        assert_eq!(listener("rpc:443:HTTPS::GRPCRoute").unwrap().host_name, None);
        for bad in
            ["web", "web:0:HTTP", "web:70000:HTTP", "web:80:TCP", "web:80:HTTP::x", "web:80:HTTP:a.b::c"]
        {
            assert!(listener(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn input_is_bounded() {
        assert_eq!(bounded("abc".as_bytes(), 3).unwrap().as_deref(), Some("abc"));
        assert_eq!(bounded("abcd".as_bytes(), 3).unwrap(), None);
    }
}
