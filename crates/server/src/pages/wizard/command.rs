//! The command that does the same as the wizard, ready to be pasted into a shell.

use bastide_api::client_organizations::{Administrator, NewClientOrganization};
use bastide_api::organizations::{GatewayChoice, Visibility};

/// `bastide organization create-client …` for a request, one option on each line. A password is never part of it: the
/// command asks for it.
pub fn command(request: &NewClientOrganization) -> String {
    let mut lines = vec!["bastide organization create-client".to_owned()];
    let mut option = |name: &str, value: &str| lines.push(format!("  --{name} {}", quote(value)));
    option("from", &request.acting_from);
    option("name", &request.name);
    if let Some(slug) = &request.slug {
        option("slug", slug);
    }
    match &request.administrator {
        Administrator::Existing { user } => option("administrator", user),
        Administrator::New { account } => {
            option("new-administrator", &account.email);
            option("new-administrator-name", &account.name);
        }
    }
    if request.visibility == Some(Visibility::Public) {
        option("visibility", "public");
    }
    if let Some(plan) = &request.plan {
        option("plan", plan);
    }
    for (key, value) in request.annotations.iter().flatten() {
        option("annotation", &format!("{key}={value}"));
    }
    option("hub", &request.hub);
    option("spoke", &request.spoke);
    if let Some(pool) = &request.node_pool {
        pool.labels.iter().for_each(|(key, value)| option("node-label", &format!("{key}={value}")));
        pool.tolerations.iter().for_each(|toleration| option("toleration", toleration));
    }
    if let GatewayChoice::Dedicated { configuration } = &request.gateway {
        option("gateway", configuration);
    }
    lines.join(" \\\n")
}

/// A word for a POSIX shell: as it is when it is plain, else in single quotes.
fn quote(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@,+%".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::samples::data;

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(quote("acme-1"), "acme-1");
        assert_eq!(quote("a b"), "'a b'");
        assert_eq!(quote("it's $(here)"), r"'it'\''s $(here)'");
        assert_eq!(quote(""), "''");
    }

    #[test]
    fn the_command_says_everything_but_a_password() {
        let request = data::draft().to_request("acme", "correct horse battery");
        let shown = command(&request);
        insta::assert_snapshot!(shown);
        assert!(!shown.contains("horse"));
    }
}
