//! What was typed in the wizard so far: read from the form, carried to the next page, turned into the request.

use bastide_api::client_organizations::{Administrator, ClientOrganizationDraft, NewClientOrganization};
use bastide_api::organizations::{GatewayChoice, NodePool, Visibility};
use bastide_api::problem::ProblemField;
use bastide_api::users::NewUser;
use bastide_model::names::{DisplayName, Slug};
use maud::{Markup, html};

use super::Step;
use crate::pages::components::field::hidden;
use crate::pages::forms::{Fields, Rows, check_rows, to_map};

/// Who will own the organization.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AdministratorKind {
    /// Somebody with an account.
    #[default]
    Existing,
    /// Somebody whose account is created with the organization.
    New,
}

/// Which gateway.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum GatewayKind {
    /// Not chosen yet.
    #[default]
    Open,
    /// The cluster's own.
    Shared,
    /// One of the cluster's configurations.
    Dedicated,
}

/// One toleration as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TolerationRow {
    /// The taint's key.
    pub key: String,
    /// `Equal` or `Exists`.
    pub operator: String,
    /// The taint's value.
    pub value: String,
    /// The effect; empty for every effect.
    pub effect: String,
}

impl TolerationRow {
    /// As `kubectl taint` writes it: `key=value:Effect`.
    fn to_text(&self) -> String {
        let value = if self.operator == "Exists" { String::new() } else { format!("={}", self.value) };
        let effect = if self.effect.is_empty() { String::new() } else { format!(":{}", self.effect) };
        format!("{}{value}{effect}", self.key)
    }
}

/// Everything that was typed. The password of a new administrator is not part of it: it is asked for at the end and
/// never carried from page to page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// What people read.
    pub name: String,
    /// Short name; empty to make it from the name.
    pub slug: String,
    /// Carried by its namespaces.
    pub annotations: Rows,
    /// Whether the administrator has an account.
    pub administrator_kind: AdministratorKind,
    /// Address of an account.
    pub administrator_user: String,
    /// Address of an account to create.
    pub administrator_email: String,
    /// Name for an account to create.
    pub administrator_name: String,
    /// `private` or `public`.
    pub visibility: String,
    /// Slug of the plan; empty for the default.
    pub plan: String,
    /// Slug of the hub.
    pub hub: String,
    /// Name of the spoke.
    pub spoke: String,
    /// Labels of the nodes.
    pub node_labels: Rows,
    /// Taints that the pods tolerate.
    pub tolerations: Vec<TolerationRow>,
    /// Which gateway.
    pub gateway: GatewayKind,
    /// Slug of the gateway configuration.
    pub gateway_configuration: String,
}

/// Which button was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WizardAction {
    /// To the next step.
    Next,
    /// To the step before.
    Back,
    /// To a step that was done already.
    Go(Step),
    /// Create it.
    Create,
}

/// A posted form of the wizard.
#[derive(Clone)]
pub struct WizardPost {
    /// The step whose form it is.
    pub step: Step,
    /// Which button was pressed.
    pub action: WizardAction,
    /// Everything that was typed.
    pub draft: Draft,
    /// The password for a new administrator; only the review asks for it.
    pub password: String,
}

impl WizardPost {
    /// Reads the form: `step`, `action` and the fields of the draft. What is not understood stays on its step.
    pub fn parse(fields: &Fields) -> Self {
        let step = Step::from_word(&fields.text("step"));
        let action = match fields.text("action").as_str() {
            "next" => WizardAction::Next,
            "back" => WizardAction::Back,
            "create" => WizardAction::Create,
            other => WizardAction::Go(other.strip_prefix("step-").map_or(step, Step::from_word)),
        };
        Self { step, action, draft: Draft::parse(fields), password: fields.raw("administrator_password") }
    }

    /// The step that is shown when nothing is wrong.
    pub const fn target(&self) -> Step {
        match self.action {
            WizardAction::Next => self.step.next(),
            WizardAction::Back => self.step.back(),
            WizardAction::Go(step) => step,
            WizardAction::Create => Step::Review,
        }
    }
}

impl Draft {
    /// Reads the fields of the draft.
    pub fn parse(fields: &Fields) -> Self {
        let new = fields.text("administrator_kind") == "new";
        Self {
            name: fields.text("name"),
            slug: fields.text("slug"),
            annotations: fields.rows("annotation_key", "annotation_value"),
            administrator_kind: if new { AdministratorKind::New } else { AdministratorKind::Existing },
            administrator_user: fields.text("administrator_user"),
            administrator_email: fields.text("administrator_email"),
            administrator_name: fields.text("administrator_name"),
            visibility: fields.text("visibility"),
            plan: fields.text("plan"),
            hub: fields.text("hub"),
            spoke: fields.text("spoke"),
            node_labels: fields.rows("node_label_key", "node_label_value"),
            tolerations: tolerations(fields),
            gateway: match fields.text("gateway").as_str() {
                "shared" => GatewayKind::Shared,
                "dedicated" => GatewayKind::Dedicated,
                _ => GatewayKind::Open,
            },
            gateway_configuration: fields.text("gateway_configuration"),
        }
    }

    /// What the request cannot say about the form: rows without a key or with one twice, a value beside `Exists`
    /// (FLEET-7), tolerations without a label to bind to, and what the steps ask for and did not get.
    pub fn check(&self, up_to: Step) -> Vec<ProblemField> {
        let mut wrong = Vec::new();
        let mut need = |missing: bool, pointer: &str, detail: &str| {
            if missing {
                wrong.push(ProblemField { pointer: pointer.into(), detail: detail.into() });
            }
        };
        let new = self.administrator_kind == AdministratorKind::New;
        need(self.name.is_empty(), "/name", "give the organization a name");
        need(!new && self.administrator_user.is_empty(), "/administrator/user", "say who administers it");
        need(
            new && self.administrator_email.is_empty(),
            "/administrator/account/email",
            "give the administrator's address",
        );
        need(
            new && self.administrator_name.is_empty(),
            "/administrator/account/name",
            "give the administrator's name",
        );
        if up_to >= Step::Cluster {
            need(self.hub.is_empty(), "/hub", "choose a hub");
            need(self.spoke.is_empty(), "/spoke", "choose a spoke");
            let unbound = self.node_labels.is_empty() && !self.tolerations.is_empty();
            need(
                unbound,
                "/node_pool/labels",
                "a node pool has at least one label; tolerations alone bind to no node",
            );
        }
        if up_to >= Step::Gateway {
            need(self.gateway == GatewayKind::Open, "/gateway", "choose a gateway");
            let open = self.gateway == GatewayKind::Dedicated && self.gateway_configuration.is_empty();
            need(open, "/gateway/configuration", "choose a configuration, or the shared gateway");
        }
        wrong.extend(check_rows("/annotations", &self.annotations));
        if up_to >= Step::Cluster {
            wrong.extend(check_rows("/node_pool/labels", &self.node_labels));
            wrong.extend(self.tolerations.iter().filter_map(check_toleration));
        }
        wrong
    }

    /// What is known so far, for the check of the preconditions. The slug that the name will get is checked early, too.
    pub fn to_check(&self, acting_from: &str) -> ClientOrganizationDraft {
        let filled = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let new = self.administrator_kind == AdministratorKind::New;
        ClientOrganizationDraft {
            acting_from: Some(acting_from.to_owned()),
            slug: filled(&self.slug).or_else(|| self.slug_from_name()),
            administrator: filled(&self.administrator_user).filter(|_| !new),
            new_administrator: filled(&self.administrator_email).filter(|_| new),
            hub: filled(&self.hub),
            spoke: filled(&self.spoke),
            node_pool: self.node_pool(),
            gateway: self.gateway_choice(),
        }
    }

    /// The slug that the organization gets when none is typed (ORG-1).
    fn slug_from_name(&self) -> Option<String> {
        let name = self.name.parse::<DisplayName>().ok()?;
        Slug::from_name(&name).map(|slug| slug.to_string())
    }

    /// The request. A gateway that was not chosen is the shared one.
    pub fn to_request(&self, acting_from: &str, password: &str) -> NewClientOrganization {
        let filled = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let visibility = if self.visibility == "public" { Visibility::Public } else { Visibility::Private };
        NewClientOrganization {
            acting_from: acting_from.to_owned(),
            name: self.name.clone(),
            slug: filled(&self.slug),
            annotations: Some(to_map(&self.annotations)).filter(|map| !map.is_empty()),
            administrator: self.administrator(password),
            visibility: Some(visibility),
            plan: filled(&self.plan),
            hub: self.hub.clone(),
            spoke: self.spoke.clone(),
            node_pool: self.node_pool(),
            gateway: self.gateway_choice().unwrap_or(GatewayChoice::Shared {}),
        }
    }

    fn administrator(&self, password: &str) -> Administrator {
        match self.administrator_kind {
            AdministratorKind::Existing => Administrator::Existing { user: self.administrator_user.clone() },
            AdministratorKind::New => Administrator::New {
                account: NewUser {
                    email: self.administrator_email.clone(),
                    name: self.administrator_name.clone(),
                    password: password.to_owned(),
                },
            },
        }
    }

    /// The node pool; none when nothing was typed.
    pub fn node_pool(&self) -> Option<NodePool> {
        if self.node_labels.is_empty() && self.tolerations.is_empty() {
            return None;
        }
        let tolerations = self.tolerations.iter().map(TolerationRow::to_text).collect();
        Some(NodePool { labels: to_map(&self.node_labels), tolerations })
    }

    /// The gateway; none when it was not chosen.
    pub fn gateway_choice(&self) -> Option<GatewayChoice> {
        match self.gateway {
            GatewayKind::Open => None,
            GatewayKind::Shared => Some(GatewayChoice::Shared {}),
            GatewayKind::Dedicated => {
                Some(GatewayChoice::Dedicated { configuration: self.gateway_configuration.clone() })
            }
        }
    }
}

fn tolerations(fields: &Fields) -> Vec<TolerationRow> {
    let mut operators = fields.all("toleration_operator").into_iter();
    let mut values = fields.all("toleration_value").into_iter();
    let mut effects = fields.all("toleration_effect").into_iter();
    let rows = fields.all("toleration_key").into_iter().map(|key| TolerationRow {
        key,
        operator: operators.next().unwrap_or_default(),
        value: values.next().unwrap_or_default(),
        effect: effects.next().unwrap_or_default(),
    });
    rows.filter(|row| !(row.key.is_empty() && row.value.is_empty())).collect()
}

fn check_toleration(row: &TolerationRow) -> Option<ProblemField> {
    let detail = if row.key.is_empty() {
        format!("the toleration with the value `{}` has no key; fill it in or clear the row", row.value)
    } else if row.operator == "Exists" && !row.value.is_empty() {
        format!("the toleration of `{}` has the operator Exists and so may not have a value", row.key)
    } else {
        return None;
    };
    Some(ProblemField { pointer: "/node_pool/tolerations".into(), detail })
}

/// The fields of all other steps, as they were typed.
pub(super) fn carried(draft: &Draft, step: Step) -> Markup {
    html! {
        @if step != Step::Basic { (carried_basic(draft)) }
        @if step != Step::Cluster { (carried_cluster(draft)) }
        @if step != Step::Gateway { (carried_gateway(draft)) }
    }
}

fn carried_basic(draft: &Draft) -> Markup {
    let kind = if draft.administrator_kind == AdministratorKind::New { "new" } else { "existing" };
    html! {
        (hidden("name", &draft.name)) (hidden("slug", &draft.slug))
        (carried_rows("annotation_key", "annotation_value", &draft.annotations))
        (hidden("administrator_kind", kind))
        (hidden("administrator_user", &draft.administrator_user))
        (hidden("administrator_email", &draft.administrator_email))
        (hidden("administrator_name", &draft.administrator_name))
        (hidden("visibility", &draft.visibility)) (hidden("plan", &draft.plan))
    }
}

fn carried_cluster(draft: &Draft) -> Markup {
    html! {
        (hidden("hub", &draft.hub)) (hidden("spoke", &draft.spoke))
        (carried_rows("node_label_key", "node_label_value", &draft.node_labels))
        @for row in &draft.tolerations {
            (hidden("toleration_key", &row.key)) (hidden("toleration_operator", &row.operator))
            (hidden("toleration_value", &row.value)) (hidden("toleration_effect", &row.effect))
        }
    }
}

fn carried_gateway(draft: &Draft) -> Markup {
    let gateway = match draft.gateway {
        GatewayKind::Open => "",
        GatewayKind::Shared => "shared",
        GatewayKind::Dedicated => "dedicated",
    };
    html! { (hidden("gateway", gateway)) (hidden("gateway_configuration", &draft.gateway_configuration)) }
}

fn carried_rows(key: &str, value: &str, rows: &Rows) -> Markup {
    html! { @for (typed_key, typed_value) in rows { (hidden(key, typed_key)) (hidden(value, typed_value)) } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::html::fields_of;
    use crate::pages::samples::data;

    /// FLEET-4: the wizard keeps what was typed, whichever way one goes.
    #[test]
    fn fleet_4_every_step_carries_the_whole_draft() {
        let draft = data::draft();
        for step in Step::ALL {
            let page =
                super::super::client_organization(&data::context(), &data::wizard(step, draft.clone()));
            let post = WizardPost::parse(&fields_of(&page.into_string(), "wizard-form"));
            assert_eq!((post.step, &post.draft), (step, &draft));
        }
    }

    /// ORG-1, FLEET-4: the slug made from the name is checked like one that was typed.
    #[test]
    fn org_1_the_slug_from_the_name_is_checked_early() {
        let draft =
            |name: &str, slug: &str| Draft { name: name.into(), slug: slug.into(), ..Draft::default() };
        let checked = |name: &str, slug: &str| draft(name, slug).to_check("acme").slug;
        assert_eq!(checked("Grain & Fils", ""), Some("grain-fils".into()));
        assert_eq!(checked("Grain & Fils", "grain"), Some("grain".into()));
        assert_eq!(checked("東京", ""), None);
        assert_eq!(draft("Grain", "").to_request("acme", "").slug, None);
    }

    #[test]
    fn buttons_lead_where_they_say() {
        let post = |step: &str, action: &str| {
            let pairs = vec![("step".to_owned(), step.to_owned()), ("action".to_owned(), action.to_owned())];
            WizardPost::parse(&pairs.into()).target()
        };
        assert_eq!(post("1", "next"), Step::Cluster);
        assert_eq!(post("3", "back"), Step::Cluster);
        assert_eq!(post("review", "step-1"), Step::Basic);
        assert_eq!(post("review", "create"), Step::Review);
        assert_eq!(post("2", "nonsense"), Step::Cluster);
    }

    /// FLEET-7: tolerations are written as `kubectl taint` writes taints; `Exists` has no value.
    #[test]
    fn fleet_7_tolerations() {
        let row = |operator: &str, value: &str, effect: &str| TolerationRow {
            key: "tier".into(),
            operator: operator.into(),
            value: value.into(),
            effect: effect.into(),
        };
        assert_eq!(row("Equal", "db", "NoSchedule").to_text(), "tier=db:NoSchedule");
        assert_eq!(row("Exists", "", "").to_text(), "tier");
        assert_eq!(row("Equal", "", "NoExecute").to_text(), "tier=:NoExecute");
        assert!(check_toleration(&row("Exists", "db", "")).unwrap().detail.contains("may not have a value"));
        assert_eq!(check_toleration(&row("Equal", "db", "")), None);
    }

    #[test]
    fn each_step_asks_for_its_own_fields_only() {
        let pointers = |step| -> Vec<String> {
            Draft::default().check(step).into_iter().map(|field| field.pointer).collect()
        };
        assert_eq!(pointers(Step::Basic), ["/name", "/administrator/user"]);
        assert_eq!(pointers(Step::Cluster), ["/name", "/administrator/user", "/hub", "/spoke"]);
        assert!(pointers(Step::Review).contains(&"/gateway".to_owned()));
        assert!(data::draft().check(Step::Review).is_empty());
    }
}
