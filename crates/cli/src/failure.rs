//! What went wrong, for people and for programs: the text on standard error and the exit code.

use bastide_api::Problem;
use bastide_api::client::ClientError;

use crate::exit::Exit;
use crate::hints;
use crate::output::{Format, printable};

/// Why a command did not do what was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    /// What happened. For a failure that did not come from the hub, the same document is made here, with status 0.
    pub(crate) problem: Box<Problem>,
    /// What to type next, a line each.
    pub(crate) hints: Vec<String>,
}

impl Failure {
    /// A failure that was found here.
    pub(crate) fn new(exit: Exit, detail: impl Into<String>) -> Self {
        let (code, title) = match exit {
            Exit::Usage => ("usage", "The command line is not valid"),
            Exit::NotFound => ("not_found", "Not found"),
            Exit::Unauthenticated => ("unauthenticated", "Signing in is needed"),
            Exit::Conflict => ("conflict", "The state of things does not allow it"),
            Exit::Timeout => ("timeout", "Not in time"),
            Exit::Interrupted => ("interrupted", "Interrupted"),
            _ => ("failed", "It failed"),
        };
        let problem = Problem {
            kind: format!("urn:bastide:problem:{code}"),
            title: title.to_owned(),
            detail: detail.into(),
            code: code.to_owned(),
            ..Problem::default()
        };
        Self { exit, problem: Box::new(problem), hints: Vec::new() }
    }

    /// A value on the command line is not valid.
    pub(crate) fn usage(detail: impl Into<String>) -> Self {
        Self::new(Exit::Usage, detail)
    }

    /// A file or a stream could not be used.
    pub(crate) fn file(what: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::new(Exit::Failure, format!("{what} `{}`: {error}", path.display()))
    }

    /// Adds what to type next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds what to type next when the failure is of this kind and nothing better is known.
    pub(crate) fn hint_when(mut self, exit: Exit, hint: impl FnOnce() -> String) -> Self {
        if self.exit == exit && self.hints.is_empty() {
            self.hints.push(hint());
        }
        self
    }

    /// The text for standard error.
    pub(crate) fn render(&self, format: Format, color: bool) -> String {
        match format {
            Format::Table | Format::Name => self.text(color),
            Format::Json => self.document(|problem| serde_json::to_string_pretty(problem).ok(), color),
            Format::Yaml => self.document(|problem| serde_saphyr::to_string(problem).ok(), color),
        }
    }

    /// The problem object, with our hints where the hub gave none.
    fn document(&self, write: impl FnOnce(&Problem) -> Option<String>, color: bool) -> String {
        let mut problem = self.problem.clone();
        if problem.hint.is_none() && !self.hints.is_empty() {
            problem.hint = Some(self.hints.join("; "));
        }
        write(&problem).map_or_else(|| self.text(color), |text| text.trim_end().to_owned() + "\n")
    }

    fn text(&self, color: bool) -> String {
        let problem = &self.problem;
        let paint = |text: &'static str| {
            let style = console::Style::new().bold().force_styling(color);
            if text == "error:" { style.red() } else { style.cyan() }.apply_to(text).to_string()
        };
        let mut lines = vec![format!("{} {}", paint("error:"), printable(&self.headline()))];
        lines.extend(
            problem
                .errors
                .iter()
                .map(|field| format!("  {}: {}", printable(&field.pointer), printable(&field.detail))),
        );
        lines.extend(
            problem.preconditions.iter().map(|one| {
                format!("  {}: {}: {}", printable(&one.name), one.outcome, printable(&one.message))
            }),
        );
        lines.extend(self.hints.iter().map(|hint| format!("{} {}", paint("hint:"), printable(hint))));
        if !problem.request_id.is_empty() {
            lines.push(format!("request id: {}", printable(&problem.request_id)));
        }
        lines.join("\n") + "\n"
    }

    fn headline(&self) -> String {
        let problem = &self.problem;
        let failed = problem.preconditions.iter().filter(|one| one.outcome == "failed").count();
        let detail = if failed > 0 {
            format!("{failed} of {} preconditions do not hold", problem.preconditions.len())
        } else if problem.detail.is_empty() {
            problem.title.clone()
        } else {
            problem.detail.clone()
        };
        if problem.status == 0 { detail } else { format!("{detail} ({})", problem.code) }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let exit = Exit::of(&error);
        let hints = hints::for_error(&error);
        let text = error.to_string();
        let mut failure = Self::new(exit, text);
        match error {
            ClientError::Problem(problem) => failure.problem = problem,
            ClientError::Unexpected { status, request_id, .. } => {
                "unexpected_answer".clone_into(&mut failure.problem.code);
                failure.problem.status = status;
                failure.problem.request_id = request_id.unwrap_or_default();
            }
            ClientError::Transport { .. } => "transport".clone_into(&mut failure.problem.code),
            ClientError::NotSent { .. } => {}
        }
        failure.hints = hints;
        failure
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bastide_api::client_organizations::PreconditionView;
    use bastide_api::problem::ProblemField;

    fn problem() -> Problem {
        Problem {
            kind: "urn:bastide:problem:preconditions_failed".into(),
            title: "Preconditions do not hold".into(),
            status: 409,
            detail: "`eu-1` has no active licence.".into(),
            code: "preconditions_failed".into(),
            request_id: "req_1".into(),
            errors: vec![ProblemField { pointer: "/slug".into(), detail: "is\u{1b}[31m bad".into() }],
            preconditions: vec![
                PreconditionView {
                    name: "spoke_licensed".into(),
                    step: 2,
                    outcome: "failed".into(),
                    message: "`eu-1` has no active licence.".into(),
                },
                PreconditionView {
                    name: "slug_free".into(),
                    step: 1,
                    outcome: "met".into(),
                    message: "`acme` is free.".into(),
                },
            ],
            ..Problem::default()
        }
    }

    #[test]
    fn preconditions_are_named_line_by_line_and_nothing_controls_the_terminal() {
        let failure = Failure::from(ClientError::Problem(Box::new(problem())));
        insta::assert_snapshot!(failure.render(Format::Table, false), @r"
        error: 1 of 2 preconditions do not hold (preconditions_failed)
          /slug: is�[31m bad
          spoke_licensed: failed: `eu-1` has no active licence.
          slug_free: met: `acme` is free.
        hint: upload a licence: bastide licence upload <cluster> <file>
        request id: req_1
        ");
        assert!(failure.render(Format::Table, true).contains("\u{1b}["));
    }

    #[test]
    fn json_gives_the_problem_object() {
        let failure = Failure::from(ClientError::Problem(Box::new(problem())));
        let written: Problem = serde_json::from_str(&failure.render(Format::Json, false)).unwrap();
        assert_eq!(written.preconditions, problem().preconditions);
        assert!(written.hint.unwrap().contains("licence upload"));
        let local = Failure::usage("no").hint("do");
        let written: Problem = serde_json::from_str(&local.render(Format::Json, false)).unwrap();
        assert_eq!(
            (written.code.as_str(), written.status, written.hint.as_deref()),
            ("usage", 0, Some("do"))
        );
    }
}
