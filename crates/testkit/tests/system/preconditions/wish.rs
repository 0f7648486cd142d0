//! One wish in the three forms in which it can be said: a draft to check, an order to carry out, a command line.

use bastide_testkit::hub::PASSWORD;
use serde_json::{Value, json};

/// A client organization that somebody wants.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) from: &'static str,
    pub(super) slug: &'static str,
    pub(super) administrator: Administrator,
    pub(super) hub: &'static str,
    pub(super) spoke: &'static str,
    pub(super) node_pool: bool,
    /// One of the spoke's configurations; the shared gateway when absent.
    pub(super) gateway: Option<&'static str>,
}

/// Who is to own it.
#[derive(Debug, Clone)]
pub(super) enum Administrator {
    Existing(&'static str),
    New(&'static str),
}

impl Wish {
    /// One that can be fulfilled, but for a change.
    pub(super) fn but(change: impl FnOnce(&mut Self)) -> Self {
        let mut wish = Self {
            from: "northwind",
            slug: "acme",
            administrator: Administrator::Existing(super::ADA),
            hub: "main",
            spoke: "eu-1",
            node_pool: false,
            gateway: None,
        };
        change(&mut wish);
        wish
    }

    /// For the check.
    pub(super) fn draft(&self) -> Value {
        let mut draft = self.common();
        let (field, user) = match &self.administrator {
            Administrator::Existing(user) => ("administrator", user),
            Administrator::New(email) => ("new_administrator", email),
        };
        if let Some(draft) = draft.as_object_mut() {
            draft.insert(field.to_owned(), json!(user));
        }
        draft
    }

    /// For the creation.
    pub(super) fn order(&self) -> Value {
        let mut order = self.common();
        let administrator = match &self.administrator {
            Administrator::Existing(user) => json!({"kind": "existing", "user": user}),
            Administrator::New(email) => {
                json!({"kind": "new", "account": {"email": email, "name": "New", "password": PASSWORD}})
            }
        };
        if let Some(order) = order.as_object_mut() {
            order.insert("name".to_owned(), json!("Acme"));
            order.insert("administrator".to_owned(), administrator);
        }
        order
    }

    fn common(&self) -> Value {
        let gateway = match &self.gateway {
            None => json!({"kind": "shared"}),
            Some(configuration) => json!({"kind": "dedicated", "configuration": configuration}),
        };
        let mut common = json!({
            "acting_from": self.from, "slug": self.slug, "hub": self.hub, "spoke": self.spoke, "gateway": gateway,
        });
        if let Some(common) = common.as_object_mut().filter(|_| self.node_pool) {
            common.insert(
                "node_pool".to_owned(),
                json!({"labels": {"pool": "gold"}, "tolerations": ["pool=gold"]}),
            );
        }
        common
    }

    /// For the command line.
    pub(super) fn arguments(&self) -> Vec<&'static str> {
        let (flag, user) = match &self.administrator {
            Administrator::Existing(user) => ("--administrator", user),
            Administrator::New(email) => ("--new-administrator", email),
        };
        let mut words = vec!["organization", "create-client", "--name", "Acme", flag, user];
        words.extend(["--from", self.from, "--slug", self.slug, "--hub", self.hub, "--spoke", self.spoke]);
        if self.node_pool {
            words.extend(["--node-label", "pool=gold", "--toleration", "pool=gold"]);
        }
        if let Some(gateway) = &self.gateway {
            words.extend(["--gateway", gateway]);
        }
        words
    }
}
