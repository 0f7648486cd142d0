//! `bastide licence`: licences of clusters (FLEET-3). `authority`, `issue` and `inspect` are for whoever sells licences
//! and talk to no hub.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use bastide_api::clusters::UploadLicence;
use bastide_kube::licence::{Authority, LicenceRequest};
use bastide_model::licence::{Examination, LicenceFacts, LicenceVerdict, REQUIRED_FEATURES, judge};
use bastide_model::{Clock as _, SystemClock};
use clap::{Args, Subcommand};
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::input;
use crate::output::{self, Detailed, Details, Named, Output};
use crate::shell::Shell;

/// A licence begins so many seconds before now, so that it holds at once where clocks are a little behind.
const CLOCK_SKEW_SECONDS: i64 = 300;
const DAY_SECONDS: i64 = 86_400;

/// Verbs of `licence`.
#[derive(Debug, Subcommand)]
pub(crate) enum LicenceCommand {
    /// Make an authority: a certificate that hubs are configured with, and the key that signs licences.
    Authority(AuthorityArgs),
    /// Issue a licence and write it in PEM to standard output, or to a file.
    Issue(Box<IssueArgs>),
    /// Show what a licence says. With --authority and --cluster-uid also whether it holds: exits with 7 when not.
    Inspect(InspectArgs),
    /// Give a cluster a licence; the one before is replaced. Exits with 7 when the new one does not hold.
    Upload {
        /// The cluster, name or id.
        cluster: String,
        /// File with the licence in PEM, or `-` for standard input.
        file: PathBuf,
        /// Replace a licence that holds even by one that does not.
        #[arg(long)]
        force: bool,
    },
    /// Show the licence of a cluster and whether it holds.
    Get {
        /// The cluster, name or id.
        cluster: String,
    },
}

/// Options of `licence authority`.
#[derive(Debug, Args)]
pub(crate) struct AuthorityArgs {
    /// What it is called; every licence names it as its issuer.
    #[arg(long)]
    name: String,
    /// New file for the certificate.
    #[arg(long, value_name = "FILE")]
    cert_out: PathBuf,
    /// New file for the key. Whoever has it can issue licences.
    #[arg(long, value_name = "FILE")]
    key_out: PathBuf,
}

/// Options of `licence issue`.
#[derive(Debug, Args)]
pub(crate) struct IssueArgs {
    /// File with the authority's certificate.
    #[arg(long, value_name = "FILE")]
    authority_cert: PathBuf,
    /// File with the authority's key.
    #[arg(long, value_name = "FILE")]
    authority_key: PathBuf,
    /// Uid of the `kube-system` namespace of a cluster that it is for; again for more.
    #[arg(long = "cluster-uid", value_name = "UID", required = true)]
    cluster_uids: Vec<uuid::Uuid>,
    /// A feature that it allows, such as client-organizations or databases; again for more.
    #[arg(long = "feature", value_name = "FEATURE")]
    features: Vec<String>,
    /// Tier.
    #[arg(long, default_value = "", hide_default_value = true)]
    tier: String,
    /// Plan.
    #[arg(long, default_value = "", hide_default_value = true)]
    plan: String,
    /// Product line.
    #[arg(long, default_value = "", hide_default_value = true)]
    product_line: String,
    /// A flag; again for more.
    #[arg(long = "flag", value_name = "KEY=VALUE")]
    flags: Vec<String>,
    /// Days that it works, from now on.
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(i64).range(1..=36_500))]
    days: i64,
    /// New file for the licence; standard output when not given.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Options of `licence inspect`.
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// File with the licence in PEM, or `-` for standard input.
    file: PathBuf,
    /// File with the authority's certificate; again for more.
    #[arg(long = "authority", value_name = "FILE")]
    authorities: Vec<PathBuf>,
    /// Uid of the `kube-system` namespace of the cluster that it should be for.
    #[arg(long, value_name = "UID", requires = "authorities")]
    cluster_uid: Option<String>,
}

pub(crate) async fn run(shell: &Shell, command: LicenceCommand) -> Result<(), Failure> {
    match command {
        LicenceCommand::Authority(args) => make_authority(shell, &args),
        LicenceCommand::Issue(args) => issue(shell, *args),
        LicenceCommand::Inspect(args) => inspect(shell, args).await,
        LicenceCommand::Upload { cluster, file, force } => {
            let client = shell.client()?;
            let licence = UploadLicence { pem: input::licence(file).await?, force };
            let stored = client.upload_licence(&cluster, &licence).await?;
            shell.output.one(&stored)?;
            if stored.permits_placement() {
                return Ok(());
            }
            let detail = format!("the licence is stored, and does not hold: {}", stored.reason);
            Err(Failure::new(Exit::Conflict, detail))
        }
        LicenceCommand::Get { cluster } => shell.output.one(&shell.client()?.licence(&cluster).await?),
    }
}

fn make_authority(shell: &Shell, args: &AuthorityArgs) -> Result<(), Failure> {
    let authority = bastide_kube::licence::authority(&args.name).map_err(refused)?;
    // The key first: a certificate without its key would be of no use.
    write_new(&args.key_out, &authority.key_pem, true)?;
    write_new(&args.cert_out, &authority.certificate_pem, false)?;
    shell.output.note(&format!(
        "Authority {}: give {} to hubs, and keep {} to yourself.",
        args.name,
        args.cert_out.display(),
        args.key_out.display()
    ));
    Ok(())
}

fn issue(shell: &Shell, args: IssueArgs) -> Result<(), Failure> {
    let authority =
        Authority { certificate_pem: read(&args.authority_cert)?, key_pem: read(&args.authority_key)? };
    if !args.features.iter().any(|feature| REQUIRED_FEATURES.contains(&feature.as_str())) {
        output::warn(&format!(
            "the licence names none of the features {}: no client organization can be placed with it",
            REQUIRED_FEATURES.join(", ")
        ));
    }
    let now = SystemClock.now();
    let request = LicenceRequest {
        cluster_uids: args.cluster_uids.iter().map(ToString::to_string).collect(),
        features: args.features,
        product_line: args.product_line,
        tier: args.tier,
        plan: args.plan,
        flags: args.flags,
        not_before: now.plus_seconds(-CLOCK_SKEW_SECONDS),
        not_after: now.plus_seconds(args.days.saturating_mul(DAY_SECONDS)),
    };
    let pem = bastide_kube::licence::issue(&authority, &request).map_err(refused)?;
    match &args.out {
        None => output::write(&pem),
        Some(path) => {
            write_new(path, &pem, false)?;
            shell.output.note(&format!("The licence is in {}.", path.display()));
            Ok(())
        }
    }
}

async fn inspect(shell: &Shell, args: InspectArgs) -> Result<(), Failure> {
    let pem = input::licence(args.file).await?;
    let authorities = args.authorities.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    let authorities: Vec<_> = authorities.iter().map(String::as_str).collect();
    let examination = bastide_kube::licence::examine(&pem, &authorities);
    let verdict =
        args.cluster_uid.map(|uid| judge(Some(&examination), &uid, REQUIRED_FEATURES, SystemClock.now()));
    report(shell.output, &examination, !authorities.is_empty(), verdict)
}

fn report(
    output: Output,
    examination: &Examination,
    chain_checked: bool,
    verdict: Option<LicenceVerdict>,
) -> Result<(), Failure> {
    let facts = match examination {
        Examination::Certificate(facts) => facts,
        Examination::Unreadable { problem } => {
            return Err(Failure::usage(format!("the licence cannot be read: {problem}")));
        }
    };
    let holds = verdict.as_ref().is_none_or(|verdict| verdict.state.permits_placement());
    let reason = verdict.as_ref().map(|verdict| verdict.reason.clone()).unwrap_or_default();
    output.one(&Inspection::new(facts, chain_checked, verdict))?;
    if holds {
        Ok(())
    } else {
        Err(Failure::new(Exit::Conflict, format!("the licence does not hold: {reason}")))
    }
}

/// What a licence says, with the names of the API.
#[derive(Debug, Serialize)]
struct Inspection {
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_uid: Option<String>,
    found_uids: Vec<String>,
    id: String,
    features: Vec<String>,
    product_line: Vec<String>,
    tier: Vec<String>,
    plan: Vec<String>,
    flags: Vec<String>,
    issuer: String,
    not_before: String,
    not_after: String,
    client_auth: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    chain_problem: Option<String>,
}

impl Inspection {
    fn new(facts: &LicenceFacts, chain_checked: bool, verdict: Option<LicenceVerdict>) -> Self {
        let (state, reason, expected_uid) = match verdict {
            None => (None, None, None),
            Some(verdict) => {
                (Some(verdict.state.to_string()), Some(verdict.reason), Some(verdict.expected_uid))
            }
        };
        Self {
            state,
            reason,
            expected_uid,
            found_uids: facts.cluster_uids.clone(),
            id: facts.id.clone(),
            features: facts.features.clone(),
            product_line: facts.product_line.clone(),
            tier: facts.tier.clone(),
            plan: facts.plan.clone(),
            flags: facts.flags.clone(),
            issuer: facts.issuer.clone(),
            not_before: facts.not_before.to_string(),
            not_after: facts.not_after.to_string(),
            client_auth: facts.client_auth,
            chain_problem: facts.chain_problem.clone().filter(|_| chain_checked),
        }
    }
}

impl Named for Inspection {
    fn name(&self) -> String {
        self.id.clone()
    }
}

impl Detailed for Inspection {
    fn details(&self) -> Details {
        Details::default()
            .optional("State", self.state.as_ref())
            .optional("Reason", self.reason.as_ref())
            .optional("Expected uid", self.expected_uid.as_ref())
            .several("Found uids", &self.found_uids)
            .field("Id", &self.id)
            .several("Features", &self.features)
            .several("Product line", &self.product_line)
            .several("Tier", &self.tier)
            .several("Plan", &self.plan)
            .several("Flags", &self.flags)
            .field("Issuer", &self.issuer)
            .field("Not before", &self.not_before)
            .field("Not after", &self.not_after)
            .field("Client authentication", if self.client_auth { "yes" } else { "no" })
            .optional("Chain", self.chain_problem.as_ref())
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::file("cannot read", path, &error))
}

/// Writes a file that must not be there yet: an authority's key is not replaced by a mistyped command.
fn write_new(path: &Path, text: &str, private: bool) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    if private {
        only_for_the_owner(&mut options);
    }
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        let failure = Failure::file("cannot write", path, &error);
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            return failure.hint("choose a file that does not exist yet");
        }
        failure
    })
}

#[cfg(unix)]
fn only_for_the_owner(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600);
}

#[cfg(not(unix))]
fn only_for_the_owner(_: &mut OpenOptions) {}

#[expect(clippy::needless_pass_by_value, reason = "given to map_err")]
fn refused(error: bastide_kube::licence::IssueError) -> Failure {
    Failure::usage(error.to_string())
}
