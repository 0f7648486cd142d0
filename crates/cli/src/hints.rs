//! What to type next, for errors that any command can meet.

use bastide_api::Problem;
use bastide_api::client::{ClientError, TransportKind};
use bastide_api::client_organizations::PreconditionView;

/// Hints for a call that gave no result. Empty when only the command knows, or nobody.
pub(crate) fn for_error(error: &ClientError) -> Vec<String> {
    match error {
        ClientError::Problem(problem) => for_problem(problem),
        ClientError::Transport { kind, .. } => vec![
            match kind {
                TransportKind::Connect => {
                    "is the hub running at this address? See it with `bastide context show`"
                }
                TransportKind::Certificate => {
                    "if the hub has its own authority, give that with `--ca-file <file>`"
                }
                TransportKind::TimedOut | TransportKind::Broken => "try again in a moment",
            }
            .to_owned(),
        ],
        ClientError::Unexpected { .. } => {
            vec!["check the address of the hub: bastide context show".to_owned()]
        }
        ClientError::NotSent { .. } => Vec::new(),
    }
}

/// Hints for a problem document: our commands first, otherwise what the hub says.
pub(crate) fn for_problem(problem: &Problem) -> Vec<String> {
    let ours = match problem.code.as_str() {
        "preconditions_failed" => {
            let hints = for_preconditions(&problem.preconditions);
            return if hints.is_empty() { problem.hint.iter().cloned().collect() } else { hints };
        }
        // Where the token came from, and so what to do about it, only the shell knows.
        "unauthenticated" => return Vec::new(),
        "permission_missing" => {
            Some("ask whoever administers it; `bastide permission list` says what each permission allows")
        }
        "stale" => Some("somebody changed it in between: read it again with `get`, then repeat the command"),
        "match_required" => Some("give `--if-match` with the etag that `get -o json` shows"),
        "cluster_in_use" => Some(
            "take the organizations off with `bastide placement remove`, or add `--clean` to have them removed, or `--leave` to leave them there",
        ),
        "projects_orphaned" => {
            Some("give the projects another team with `bastide project team set`, or add `--confirm <slug>`")
        }
        "slug_taken" => Some("choose another short name with `--slug`"),
        "expired_token" => Some("the code has ended: begin again with `bastide login`"),
        "access_denied" => Some("the sign-in was refused in the browser: begin again with `bastide login`"),
        "too_many_attempts" | "unavailable" => Some("try again in a moment"),
        "request_under_way" | "already_done" => {
            Some("an earlier attempt reached the hub: see with `list` what it did before you repeat it")
        }
        _ => None,
    };
    ours.map(str::to_owned).or_else(|| problem.hint.clone()).into_iter().collect()
}

/// Hints for the preconditions that do not hold.
pub(crate) fn for_preconditions(preconditions: &[PreconditionView]) -> Vec<String> {
    let failed = preconditions.iter().filter(|one| one.outcome == "failed");
    failed.filter_map(|one| for_precondition(&one.name)).map(str::to_owned).collect()
}

/// By the names of `bastide_model::preconditions::Precondition`.
fn for_precondition(name: &str) -> Option<&'static str> {
    Some(match name {
        "acts_from_work_organization" => "act from another organization: --from <organization>",
        "administrator_active" => {
            "choose an active account with --administrator, or make one with --new-administrator"
        }
        "slug_free" => "choose another short name: --slug <slug>",
        "hub_is_hub" => "see the hubs: bastide hub list",
        "spoke_joined_to_hub" => "see the clusters and their hubs: bastide cluster list",
        "spoke_accepted" => {
            "accept the cluster: bastide cluster accept <cluster> --fingerprint <fingerprint>"
        }
        "spoke_available" => "look at the cluster: bastide cluster get <cluster>",
        "spoke_licensed" => "upload a licence: bastide licence upload <cluster> <file>",
        "confinement_supported" => "see what the cluster lacks: bastide cluster get <cluster>",
        "organization_active" => "look at the organization: bastide organization get <organization>",
        "not_placed_there" => "see where it is: bastide placement list <organization>",
        "node_pool_supported" => "leave --node-label and --toleration out, or choose another --spoke",
        "gateway_available" => "see the configurations: bastide gateway list <cluster>",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use bastide_model::preconditions::Precondition;

    use super::*;

    #[test]
    fn every_precondition_has_a_hint() {
        for one in Precondition::ALL.iter().chain(Precondition::PLACEMENT) {
            assert!(for_precondition(one.as_str()).is_some(), "{one}");
        }
    }

    #[test]
    fn the_hubs_hint_is_used_where_we_know_nothing_better() {
        let problem =
            |code: &str| Problem { code: code.into(), hint: Some("do this".into()), ..Problem::default() };
        assert_eq!(for_problem(&problem("something_new")), ["do this"]);
        assert_ne!(for_problem(&problem("stale")), ["do this"]);
        assert_eq!(for_problem(&problem("preconditions_failed")), ["do this"]);
        assert!(for_problem(&problem("unauthenticated")).is_empty());
    }
}
