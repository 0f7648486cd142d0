//! THE table of pages: every page of the console, and the states in which it is looked at.

use bastide_testkit::browser::Key;

use crate::stage::{Stage, Who};

/// What a page has to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Nothing is there yet, or nothing was typed.
    Empty,
    /// Everything that can be there is there.
    Full,
    /// Something went wrong.
    Error,
}

/// What somebody does on the page before it is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Do {
    Fill(&'static str, &'static str),
    Tick(&'static str),
    /// Clicks words that stay on the page.
    Click(&'static str),
    /// Clicks what a selector finds and stays on the page.
    ClickAt(&'static str),
    /// Sends a form as a browser without checks of its own.
    Send(&'static str),
    /// The same by a selector of the button.
    SendAt(&'static str),
    Press(Key),
    All(&'static [Do]),
}

/// A page in one of its states: as the administrator sees it on a full hub, unless another is said.
#[derive(Debug)]
pub(crate) struct View {
    /// Name of its pictures.
    pub(crate) name: &'static str,
    pub(crate) state: State,
    /// What is on the hub.
    pub(crate) stage: Stage,
    pub(crate) who: Who,
    /// Its address; `{setup}` and `{code}` stand for the secret of the set-up link and the code of a waiting program.
    pub(crate) at: &'static str,
    pub(crate) does: &'static [Do],
}

/// A page: its route, and how it is looked at.
pub(crate) struct Page {
    pub(crate) route: &'static str,
    pub(crate) views: &'static [View],
}

/// Routes that answer with no page, and why.
pub(crate) const NO_PAGES: &[(&str, &str)] =
    &[("/", "leads on to the default view"), ("/assets/{asset}", "style sheet, script and icon")];

use Do::{All, Click, ClickAt, Fill, Press, Send, SendAt, Tick};
use Stage::{Bare, Founded, Full as Everything, New};
use State::{Empty, Error, Full};
use Who::{Administrator, Member, Newcomer, Nobody, Tenant};

const fn view(state: State, name: &'static str, at: &'static str) -> View {
    View { name, state, stage: Everything, who: Administrator, at, does: &[] }
}

impl View {
    const fn on(mut self, stage: Stage) -> Self {
        self.stage = stage;
        self
    }

    const fn by(mut self, who: Who) -> Self {
        self.who = who;
        self
    }

    const fn after(mut self, does: &'static [Do]) -> Self {
        self.does = does;
        self
    }
}

/// What `bastide login` opens.
const PROGRAM: &str = "/login/cli?port=7777&state=s&name=bastide+on+laptop\
     &challenge=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";

const ENTRY: &[Page] = &[
    Page {
        route: "/setup",
        views: &[
            view(Empty, "setup", "/setup?token={setup}").on(New).by(Nobody),
            view(Error, "setup-refused", "/setup?token={setup}").on(New).by(Nobody).after(&[
                Fill("name", "Site Administrator"),
                Fill("email", "admin"),
                Fill("password", "short"),
                Send("Create the administrator"),
            ]),
            view(Error, "setup-used", "/setup?token={setup}").on(Bare).by(Nobody),
        ],
    },
    Page {
        route: "/sign-in",
        views: &[
            view(Empty, "sign-in", "/sign-in").on(Bare).by(Nobody),
            view(Full, "sign-in-after", "/sign-in?done=signed-out&next=/me/tokens").on(Bare).by(Nobody),
            view(Error, "sign-in-refused", "/sign-in").on(Bare).by(Nobody).after(&[
                Fill("email", "nobody@bastide.test"),
                Fill("password", "a wrong password"),
                Send("Sign in"),
            ]),
        ],
    },
    Page {
        route: "/login/cli",
        views: &[
            view(Full, "program", PROGRAM).on(Bare),
            view(Error, "program-refused", "/login/cli?port=none").on(Bare),
        ],
    },
    Page {
        route: "/device",
        views: &[
            view(Empty, "device", "/device").on(Bare),
            view(Full, "device-asked", "/device?user_code={code}").on(Bare),
            view(Error, "device-refused", "/device?user_code=AAAA-AAAA").on(Bare),
        ],
    },
];

const OWN: &[Page] = &[
    Page {
        route: "/me/organizations",
        views: &[
            view(Empty, "organizations-empty", "/me/organizations").by(Newcomer),
            view(Full, "organizations", "/me/organizations"),
            view(Empty, "organizations-none", "/me/organizations?search=zzz"),
            view(Error, "organizations-failed", "/me/organizations?page_token=x"),
            view(Full, "account-menu", "/me/organizations").after(&[Click("Account:")]),
            view(Full, "switcher", "/me/organizations").after(&[Press(Key::ControlK)]),
        ],
    },
    Page {
        route: "/me/organizations/public",
        views: &[
            view(Empty, "public-organizations-none", "/me/organizations/public?search=zzz"),
            view(Full, "public-organizations", "/me/organizations/public").by(Newcomer),
            view(Error, "public-organizations-failed", "/me/organizations/public?page_token=x"),
        ],
    },
    Page {
        route: "/me/organizations/new",
        views: &[
            view(Empty, "organization-new", "/me/organizations/new"),
            view(Error, "organization-new-refused", "/me/organizations/new").after(&[
                Fill("slug", "Not A Slug!"),
                Fill("annotations-key-1", "no key at all"),
                Send("Create organization"),
            ]),
        ],
    },
    Page {
        route: "/me/tokens",
        views: &[
            view(Empty, "tokens-empty", "/me/tokens").by(Newcomer),
            view(Full, "tokens", "/me/tokens"),
            view(Full, "token-issued", "/me/tokens")
                .after(&[Fill("name", "deploys from CI"), Send("Make token")]),
            view(Error, "token-refused", "/me/tokens").after(&[
                Fill("days", "99999"),
                Tick("scope-some"),
                Send("Make token"),
            ]),
            view(Full, "token-delete", "/me/tokens").after(&[Click("Delete: test")]),
        ],
    },
    Page {
        route: "/me/sessions",
        views: &[
            view(Full, "sessions", "/me/sessions"),
            view(Full, "sessions-end", "/me/sessions").after(&[Click("Sign out everywhere")]),
            view(Error, "sessions-failed", "/me/sessions?page_token=x"),
        ],
    },
];

const ORGANIZATION: &[Page] = &[
    Page {
        route: "/o/{slug}",
        views: &[
            view(Empty, "organization-empty", "/o/northwind").on(Founded),
            view(Full, "organization-parent", "/o/northwind"),
            view(Full, "organization", "/o/acme").after(&[ClickAt(".objects > summary")]),
            view(Full, "organization-tenant", "/o/acme").by(Tenant),
            view(Error, "organization-hidden", "/o/northwind").by(Tenant),
        ],
    },
    Page {
        route: "/o/{slug}/members",
        views: &[
            view(Full, "members", "/o/acme/members"),
            view(Empty, "members-none", "/o/acme/members?search=zzz"),
            view(Error, "members-failed", "/o/acme/members?page_token=x"),
        ],
    },
    Page {
        route: "/o/{slug}/teams",
        views: &[
            view(Full, "teams", "/o/acme/teams"),
            view(Empty, "teams-none", "/o/northwind/teams"),
            view(Error, "teams-failed", "/o/acme/teams?page_token=x"),
        ],
    },
    Page {
        route: "/o/{slug}/teams/{team}",
        views: &[
            view(Full, "team", "/o/acme/teams/core"),
            view(Full, "team-of-a-member", "/o/acme/teams/core").by(Member),
            view(Error, "team-never-was", "/o/acme/teams/never-was"),
        ],
    },
    Page {
        route: "/o/{slug}/projects",
        views: &[
            view(Full, "projects", "/o/acme/projects"),
            view(Empty, "projects-none", "/o/northwind/projects"),
            view(Error, "projects-failed", "/o/acme/projects?page_token=x"),
        ],
    },
    Page {
        route: "/o/{slug}/projects/{project}",
        views: &[
            view(Full, "project", "/o/acme/projects/shop"),
            view(Full, "project-of-a-member", "/o/acme/projects/shop").by(Member),
            view(Error, "project-never-was", "/o/acme/projects/never-was"),
        ],
    },
    Page {
        route: "/o/{slug}/roles",
        views: &[
            view(Full, "roles", "/o/acme/roles"),
            view(Empty, "roles-none", "/o/acme/roles?search=zzz"),
            view(Error, "roles-refused", "/o/acme/roles").after(&[Fill("name", ""), Send("Define role")]),
        ],
    },
    Page {
        route: "/o/{slug}/roles/{role}",
        views: &[
            view(Full, "role", "/o/acme/roles/auditor"),
            view(Full, "role-built-in", "/o/acme/roles/administrator"),
            view(Error, "role-never-was", "/o/acme/roles/never-was"),
        ],
    },
    Page {
        route: "/o/{slug}/access",
        views: &[
            view(Empty, "access", "/o/acme/access"),
            view(Full, "access-denied", "/o/acme/access?action=teams.create&user=mia%40acme.test"),
            view(Full, "access-of-a-project", "/o/acme/access?action=projects.view&project=shop").by(Member),
            view(Error, "access-of-no-project", "/o/acme/access?action=projects.view&project=vault")
                .by(Member),
            view(Full, "access-allowed", "/o/acme/access?action=teams.create&user=").by(Tenant),
            view(Error, "access-of-nobody", "/o/acme/access?action=teams.create&user=never%40acme.test"),
        ],
    },
    Page {
        route: "/o/{slug}/leave",
        views: &[
            view(Full, "leave-organization", "/o/acme/leave").by(Member),
            view(Full, "leave-organization-owned", "/o/acme/leave").by(Tenant),
            view(Error, "leave-organization-never-was", "/o/never-was/leave").by(Member),
        ],
    },
    Page {
        route: "/me/billing",
        views: &[
            view(Full, "billings", "/me/billing"),
            view(Empty, "billings-none", "/me/billing").by(Newcomer),
            view(Error, "billings-failed", "/me/billing?page_token=x"),
        ],
    },
    Page {
        route: "/me/billing/{slug}",
        views: &[
            view(Full, "billing", "/me/billing/northwind"),
            view(Error, "billing-never-was", "/me/billing/never-was"),
        ],
    },
    Page {
        route: "/o/{slug}/audit",
        views: &[
            view(Full, "organization-audit", "/o/northwind/audit").after(&[ClickAt(".entry > summary")]),
            view(Empty, "organization-audit-none", "/o/northwind/audit?search=zzz"),
            view(Error, "organization-audit-failed", "/o/northwind/audit?page_token=x"),
        ],
    },
    Page {
        route: "/o/{slug}/settings",
        views: &[
            view(Full, "settings", "/o/acme/settings"),
            view(Full, "settings-blocked", "/o/northwind/settings").after(&[Click("Delete organization")]),
            view(Error, "settings-refused", "/o/acme/settings")
                .after(&[Fill("name", ""), Send("Save changes")]),
        ],
    },
    Page {
        route: "/o/{slug}/tree",
        views: &[
            view(Full, "tree", "/o/northwind/tree"),
            view(Empty, "tree-alone", "/o/acme/tree"),
            view(Error, "tree-hidden", "/o/northwind/tree").by(Tenant),
        ],
    },
    Page {
        route: "/o/{slug}/move",
        views: &[
            view(Full, "move", "/o/acme/move"),
            view(Full, "move-preview", "/o/acme/move?to=/"),
            view(Error, "move-refused", "/o/acme/move?to=/")
                .after(&[Fill("confirm", "acne"), Send("Move organization")]),
        ],
    },
    Page {
        route: "/o/{slug}/delete",
        views: &[
            view(Full, "delete", "/o/donau/delete"),
            view(Full, "delete-blocked", "/o/northwind/delete"),
            view(Error, "delete-refused", "/o/donau/delete")
                .after(&[Fill("confirm", "acne"), Send("Delete organization")]),
        ],
    },
    Page {
        route: "/o/{slug}/placements/new",
        views: &[
            view(Full, "place", "/o/acme/placements/new"),
            view(Error, "place-refused", "/o/acme/placements/new").after(&[Send("Place it there")]),
        ],
    },
    Page {
        route: "/o/{slug}/placements/{cluster}/leave",
        views: &[
            view(Full, "leave", "/o/acme/placements/eu-1/leave"),
            view(Error, "leave-refused", "/o/acme/placements/eu-1/leave")
                .after(&[Fill("confirm", "eu-9"), Send("Take it off")]),
        ],
    },
    WIZARD,
];

const WIZARD_AT: &str = "/o/northwind/client-organizations/new";

/// Basic info, with an administrator that has an account.
const FIRST: Do = All(&[
    Fill("name", "Globex Corporation"),
    Fill("administrator_user", "admin@bastide.test"),
    Send("Next: Cluster"),
]);

/// Basic info, with an administrator that is new.
const FIRST_NEW: Do = All(&[
    Fill("name", "Globex Corporation"),
    Fill("annotations-key-1", "globex.test/cost-centre"),
    Fill("annotations-value-1", "0815"),
    Tick("administrator_kind-new"),
    Fill("administrator_name", "Gus Moreau"),
    Fill("administrator_email", "gus@globex.test"),
    Send("Next: Cluster"),
]);

const SECOND: Do = All(&[
    Tick("spoke-eu-1"),
    Click("Bind it to a node pool"),
    Fill("node_labels-key-1", "pool"),
    Fill("node_labels-value-1", "gold"),
    Fill("toleration-key-1", "pool"),
    Fill("toleration-value-1", "gold"),
    Send("Next: Gateway"),
]);

const THIRD: Do = All(&[Tick("gateway-dedicated"), Tick("gateway_configuration-edge"), Send("Next: Review")]);

const WIZARD: Page = Page {
    route: "/o/{slug}/client-organizations/new",
    views: &[
        view(Empty, "wizard-1", WIZARD_AT).on(Founded),
        view(Empty, "wizard-2-empty", WIZARD_AT).on(Founded).after(&[FIRST]),
        view(Error, "wizard-1-refused", WIZARD_AT).after(&[
            Fill("slug", "acme"),
            Tick("administrator_kind-new"),
            Fill("administrator_email", "gus"),
            Send("Next: Cluster"),
        ]),
        view(Full, "wizard-2", WIZARD_AT).after(&[FIRST_NEW]),
        view(Error, "wizard-2-refused", WIZARD_AT).after(&[
            FIRST_NEW,
            Tick("spoke-us-1"),
            Click("Bind it to a node pool"),
            Fill("toleration-key-1", "pool"),
            Send("Next: Gateway"),
        ]),
        view(Error, "wizard-2-blocked", WIZARD_AT).after(&[
            FIRST_NEW,
            Tick("spoke-us-1"),
            Send("Next: Gateway"),
        ]),
        view(Full, "wizard-3", WIZARD_AT).after(&[FIRST, SECOND, Tick("gateway-dedicated")]),
        view(Full, "wizard-4", WIZARD_AT).after(&[
            FIRST_NEW,
            SECOND,
            THIRD,
            Click("As a command"),
            Click("As a request to the API"),
        ]),
        view(Error, "wizard-4-refused", WIZARD_AT).after(&[
            FIRST_NEW,
            SECOND,
            THIRD,
            Fill("administrator_password", "short"),
            Send("Create client organization"),
        ]),
    ],
};

const CLUSTERS: &[Page] = &[
    Page {
        route: "/platform/clusters",
        views: &[
            view(Empty, "clusters-empty", "/platform/clusters").on(Bare),
            view(Full, "clusters", "/platform/clusters").after(&[Fill("fingerprint-us-1", "sha256:AA:BB")]),
            view(Error, "clusters-refused", "/platform/clusters")
                .after(&[Fill("fingerprint-us-1", "AA:BB"), Send("Accept us-1")]),
            view(Error, "clusters-failed", "/platform/clusters?page_token=x"),
        ],
    },
    Page {
        route: "/platform/clusters/join",
        views: &[
            view(Empty, "join", "/platform/clusters/join").on(Bare),
            view(Error, "join-refused", "/platform/clusters/join").after(&[
                Fill("cluster_name", "EU 9"),
                Fill("minutes", "99999"),
                Send("Make a join token"),
            ]),
            view(Full, "join-issued", "/platform/clusters/join").after(&[
                Fill("cluster_name", "ap-2"),
                Send("Make a join token"),
                Click("Or run the agent inside the cluster"),
            ]),
        ],
    },
    Page {
        route: "/platform/clusters/{name}",
        views: &[
            view(Full, "cluster", "/platform/clusters/eu-1"),
            view(Empty, "cluster-asking", "/platform/clusters/us-1"),
            view(Full, "cluster-tenant", "/platform/clusters/eu-1").by(Tenant),
            view(Error, "cluster-gateway-refused", "/platform/clusters/eu-1").after(&[
                Click("Add a gateway configuration"),
                Fill("class", "Not A Class"),
                Fill("listener-name-1", "web"),
                Fill("listener-port-1", "http"),
                Send("Add configuration"),
            ]),
            view(Error, "cluster-unregister-refused", "/platform/clusters/eu-1").after(&[
                Click("Unregister:"),
                Fill("confirm", "eu-2"),
                Send("Unregister cluster"),
            ]),
            view(Error, "cluster-licence-refused", "/platform/clusters/eu-1").after(&[
                Click("Replace the licence"),
                Fill("pem", "-----BEGIN CERTIFICATE-----\nnot one\n-----END CERTIFICATE-----"),
                SendAt("form[action$='/licence'] button[type='submit']"),
            ]),
            view(Full, "cluster-licence-unreadable", "/platform/clusters/eu-1").after(&[
                Click("Replace the licence"),
                Fill("pem", "-----BEGIN CERTIFICATE-----\nnot one\n-----END CERTIFICATE-----"),
                Tick("licence-force"),
                SendAt("form[action$='/licence'] button[type='submit']"),
            ]),
            view(Error, "cluster-hidden", "/platform/clusters/us-1").by(Tenant),
        ],
    },
    Page {
        route: "/platform/clusters/{name}/gateways/{gateway}",
        views: &[
            view(Full, "gateway", "/platform/clusters/eu-1/gateways/edge"),
            view(Error, "gateway-refused", "/platform/clusters/eu-1/gateways/edge").after(&[
                Fill("class", "Not A Class"),
                Fill("addresses", "not/an/address"),
                Send("Save changes"),
            ]),
            view(Error, "gateway-hidden", "/platform/clusters/eu-1/gateways/edge").by(Tenant),
        ],
    },
];

const PLATFORM: &[Page] = &[
    Page {
        route: "/platform/client-organizations",
        views: &[
            view(Empty, "clients-empty", "/platform/client-organizations").on(Bare),
            view(Full, "clients", "/platform/client-organizations"),
            view(Error, "clients-failed", "/platform/client-organizations?page_token=x"),
        ],
    },
    Page {
        route: "/platform/users",
        views: &[
            view(Empty, "users-none", "/platform/users?search=zzz").on(Bare),
            view(Full, "users", "/platform/users").after(&[Click("Change: what the account")]),
            view(Error, "users-failed", "/platform/users?page_token=x"),
        ],
    },
    Page {
        route: "/platform/users/new",
        views: &[
            view(Empty, "user-new", "/platform/users/new").on(Bare),
            view(Error, "user-new-refused", "/platform/users/new").after(&[
                Fill("name", "Ada again"),
                Fill("email", "ada@acme.test"),
                Fill("password", "short"),
                Send("Create account"),
            ]),
        ],
    },
    Page {
        route: "/platform/authority",
        views: &[
            view(Full, "authority", "/platform/authority"),
            view(Full, "authority-prepared", "/platform/authority").after(&[Send("Prepare the next one")]),
            view(Error, "authority-hidden", "/platform/authority").by(Tenant),
        ],
    },
    Page {
        route: "/platform/plans",
        views: &[
            view(Full, "plans", "/platform/plans"),
            view(Error, "plans-failed", "/platform/plans?page_token=x"),
        ],
    },
    Page {
        route: "/platform/audit",
        views: &[
            view(Empty, "audit-none", "/platform/audit?search=zzz"),
            view(Full, "audit", "/platform/audit").after(&[ClickAt(".entry > summary")]),
            view(Error, "audit-failed", "/platform/audit?page_token=x"),
            view(Error, "audit-hidden", "/platform/audit").by(Tenant),
        ],
    },
];

/// Every page.
pub(crate) fn all() -> impl Iterator<Item = &'static Page> {
    [ENTRY, OWN, ORGANIZATION, CLUSTERS, PLATFORM].into_iter().flatten()
}
