//! Client organizations: three steps, one request (FLEET-4).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::organizations::{GatewayChoice, NodePool, Visibility};
use crate::schema::{LABEL, NAME, TEXT, keys};
use crate::users::NewUser;

/// Asks for a client organization: basic info, cluster, gateway.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewClientOrganization {
    /// The work organization that the caller acts from, id or slug; it becomes the parent.
    #[schemars(length(min = 1, max = 40), regex(pattern = TEXT))]
    pub acting_from: String,
    /// What people read.
    #[schemars(length(min = 1, max = 255), regex(pattern = NAME))]
    pub name: String,
    /// Short name; made from the name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 40), regex(pattern = LABEL))]
    pub slug: Option<String>,
    /// Carried by its namespaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("propertyNames" = keys()))]
    pub annotations: Option<BTreeMap<String, String>>,
    /// Who owns it.
    pub administrator: Administrator,
    /// `private` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
    /// Short name of its plan; the default plan when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 40), regex(pattern = TEXT))]
    pub plan: Option<String>,
    /// The hub, id or slug.
    #[schemars(length(min = 1, max = 40), regex(pattern = TEXT))]
    pub hub: String,
    /// The spoke, id or name.
    #[schemars(length(min = 1, max = 40), regex(pattern = TEXT))]
    pub spoke: String,
    /// The nodes its pods are bound to; absent for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_pool: Option<NodePool>,
    /// Its gateway.
    pub gateway: GatewayChoice,
}

/// Who will own a client organization.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Administrator {
    /// Somebody with an account.
    Existing {
        /// Their e-mail address or id.
        #[schemars(length(min = 3, max = 254), regex(pattern = TEXT))]
        user: String,
    },
    /// Somebody whose account is created together with the organization.
    New {
        /// The account.
        account: NewUser,
    },
}

/// What is known so far of a client organization; the preconditions of what is absent are `not_chosen`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClientOrganizationDraft {
    /// The work organization that the caller acts from, id or slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 40), regex(pattern = TEXT))]
    pub acting_from: Option<String>,
    /// Short name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 40), regex(pattern = LABEL))]
    pub slug: Option<String>,
    /// E-mail address or id of the administrator, when the account exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 254), regex(pattern = TEXT))]
    pub administrator: Option<String>,
    /// E-mail address of the administrator, when the account is to be created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(email, length(max = 254))]
    pub new_administrator: Option<String>,
    /// The hub, id or slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 40), regex(pattern = TEXT))]
    pub hub: Option<String>,
    /// The spoke, id or name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 40), regex(pattern = TEXT))]
    pub spoke: Option<String>,
    /// The node pool, when one is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_pool: Option<NodePool>,
    /// The gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<GatewayChoice>,
}

/// Whether a client organization could be created, precondition by precondition.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CheckResult {
    /// Whether no precondition failed.
    pub possible: bool,
    /// Every precondition.
    pub preconditions: Vec<PreconditionView>,
}

/// One precondition and how its check ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PreconditionView {
    /// Its name, such as `spoke_licensed`.
    pub name: String,
    /// Which of the three steps asks for it.
    pub step: u8,
    /// `met`, `failed` or `not_chosen`.
    pub outcome: String,
    /// What holds, or what is wrong and what to do.
    pub message: String,
}
