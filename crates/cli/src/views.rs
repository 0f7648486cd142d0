//! How the API's types look in tables: which columns, which fields, which name. Values are shown as the API gives them.

mod clusters;
mod identity;
mod members;
mod organizations;
mod roles;
mod teams;
mod tree;

pub(crate) use organizations::placement_summary;

use bastide_api::clusters::ConditionView;

use crate::output::Named;

macro_rules! named {
    ($($type:ty = $($field:ident).+;)*) => {$(
        impl Named for $type {
            fn name(&self) -> String {
                self.$($field).+.clone()
            }
        }
    )*};
}
use named;

named! {
    bastide_api::client_organizations::PreconditionView = name;
}

const CONDITION_HEADERS: &[&str] = &["TYPE", "STATUS", "REASON", "MESSAGE", "SINCE"];

fn condition_row(condition: &ConditionView) -> Vec<String> {
    vec![
        condition.kind.clone(),
        condition.status.clone(),
        condition.reason.clone(),
        condition.message.clone(),
        condition.last_transition_at.clone(),
    ]
}

fn optional(value: Option<&String>) -> String {
    value.cloned().unwrap_or_default()
}

fn yes(value: bool) -> String {
    if value { "yes" } else { "no" }.to_owned()
}

impl crate::output::Listed for bastide_api::client_organizations::PreconditionView {
    const HEADERS: &'static [&'static str] = &["STEP", "PRECONDITION", "OUTCOME", "MESSAGE"];
    fn cells(&self) -> Vec<String> {
        vec![self.step.to_string(), self.name.clone(), self.outcome.clone(), self.message.clone()]
    }
}
