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

/// A page in one of its states.
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
use Who::{Administrator, Newcomer, Nobody, Tenant};

const fn view(
    name: &'static str,
    state: State,
    stage: Stage,
    who: Who,
    at: &'static str,
    does: &'static [Do],
) -> View {
    View { name, state, stage, who, at, does }
}

const ENTRY: &[Page] = &[
    Page {
        route: "/setup",
        views: &[
            view("setup", Empty, New, Nobody, "/setup?token={setup}", &[]),
            view(
                "setup-refused",
                Error,
                New,
                Nobody,
                "/setup?token={setup}",
                &[
                    Fill("name", "Site Administrator"),
                    Fill("email", "admin"),
                    Fill("password", "short"),
                    Send("Create the administrator"),
                ],
            ),
            view("setup-used", Error, Bare, Nobody, "/setup?token={setup}", &[]),
        ],
    },
    Page {
        route: "/sign-in",
        views: &[
            view("sign-in", Empty, Bare, Nobody, "/sign-in", &[]),
            view("sign-in-after", Full, Bare, Nobody, "/sign-in?done=signed-out&next=/me/tokens", &[]),
            view(
                "sign-in-refused",
                Error,
                Bare,
                Nobody,
                "/sign-in",
                &[
                    Fill("email", "nobody@bastide.test"),
                    Fill("password", "a wrong password"),
                    Send("Sign in"),
                ],
            ),
        ],
    },
    Page {
        route: "/login/cli",
        views: &[
            view(
                "program",
                Full,
                Bare,
                Administrator,
                "/login/cli?port=7777&state=s&challenge=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU&name=bastide+on+laptop",
                &[],
            ),
            view("program-refused", Error, Bare, Administrator, "/login/cli?port=none", &[]),
        ],
    },
    Page {
        route: "/device",
        views: &[
            view("device", Empty, Bare, Administrator, "/device", &[]),
            view("device-asked", Full, Bare, Administrator, "/device?user_code={code}", &[]),
            view("device-refused", Error, Bare, Administrator, "/device?user_code=AAAA-AAAA", &[]),
        ],
    },
];

const OWN: &[Page] = &[
    Page {
        route: "/me/organizations",
        views: &[
            view("organizations-empty", Empty, Everything, Newcomer, "/me/organizations", &[]),
            view("organizations", Full, Everything, Administrator, "/me/organizations", &[]),
            view("organizations-none", Empty, Everything, Administrator, "/me/organizations?search=zzz", &[]),
            view(
                "organizations-failed",
                Error,
                Everything,
                Administrator,
                "/me/organizations?page_token=x",
                &[],
            ),
            view("account-menu", Full, Everything, Administrator, "/me/organizations", &[Click("Account:")]),
            view("switcher", Full, Everything, Administrator, "/me/organizations", &[Press(Key::ControlK)]),
        ],
    },
    Page {
        route: "/me/organizations/new",
        views: &[
            view("organization-new", Empty, Everything, Administrator, "/me/organizations/new", &[]),
            view(
                "organization-new-refused",
                Error,
                Everything,
                Administrator,
                "/me/organizations/new",
                &[
                    Fill("slug", "Not A Slug!"),
                    Fill("annotations-key-1", "no key at all"),
                    Send("Create organization"),
                ],
            ),
        ],
    },
    Page {
        route: "/me/tokens",
        views: &[
            view("tokens-empty", Empty, Everything, Newcomer, "/me/tokens", &[]),
            view("tokens", Full, Everything, Administrator, "/me/tokens", &[]),
            view(
                "token-issued",
                Full,
                Everything,
                Administrator,
                "/me/tokens",
                &[Fill("name", "deploys from CI"), Send("Make token")],
            ),
            view(
                "token-refused",
                Error,
                Everything,
                Administrator,
                "/me/tokens",
                &[Fill("days", "99999"), Tick("scope-some"), Send("Make token")],
            ),
            view("token-delete", Full, Everything, Administrator, "/me/tokens", &[Click("Delete: test")]),
        ],
    },
    Page {
        route: "/me/sessions",
        views: &[
            view("sessions", Full, Everything, Administrator, "/me/sessions", &[]),
            view(
                "sessions-end",
                Full,
                Everything,
                Administrator,
                "/me/sessions",
                &[Click("Sign out everywhere")],
            ),
            view("sessions-failed", Error, Everything, Administrator, "/me/sessions?page_token=x", &[]),
        ],
    },
];

const ORGANIZATION: &[Page] = &[
    Page {
        route: "/o/{slug}",
        views: &[
            view("organization-empty", Empty, Founded, Administrator, "/o/northwind", &[]),
            view("organization-parent", Full, Everything, Administrator, "/o/northwind", &[]),
            view(
                "organization",
                Full,
                Everything,
                Administrator,
                "/o/acme",
                &[ClickAt(".objects > summary")],
            ),
            view("organization-tenant", Full, Everything, Tenant, "/o/acme", &[]),
            view("organization-hidden", Error, Everything, Tenant, "/o/northwind", &[]),
        ],
    },
    Page {
        route: "/o/{slug}/members",
        views: &[
            view("members", Full, Everything, Administrator, "/o/acme/members", &[]),
            view("members-none", Empty, Everything, Administrator, "/o/acme/members?search=zzz", &[]),
            view("members-failed", Error, Everything, Administrator, "/o/acme/members?page_token=x", &[]),
        ],
    },
    Page {
        route: "/o/{slug}/audit",
        views: &[
            view(
                "organization-audit",
                Full,
                Everything,
                Administrator,
                "/o/northwind/audit",
                &[ClickAt(".entry > summary")],
            ),
            view(
                "organization-audit-none",
                Empty,
                Everything,
                Administrator,
                "/o/northwind/audit?search=zzz",
                &[],
            ),
            view(
                "organization-audit-failed",
                Error,
                Everything,
                Administrator,
                "/o/northwind/audit?page_token=x",
                &[],
            ),
        ],
    },
    Page {
        route: "/o/{slug}/settings",
        views: &[
            view("settings", Full, Everything, Administrator, "/o/acme/settings", &[]),
            view(
                "settings-blocked",
                Full,
                Everything,
                Administrator,
                "/o/northwind/settings",
                &[Click("Delete organization")],
            ),
            view(
                "settings-refused",
                Error,
                Everything,
                Administrator,
                "/o/acme/settings",
                &[Fill("name", ""), Send("Save changes")],
            ),
        ],
    },
    Page {
        route: "/o/{slug}/delete",
        views: &[
            view("delete", Full, Everything, Administrator, "/o/acme/delete", &[]),
            view("delete-blocked", Full, Everything, Administrator, "/o/northwind/delete", &[]),
            view(
                "delete-refused",
                Error,
                Everything,
                Administrator,
                "/o/acme/delete",
                &[Fill("confirm", "acne"), Send("Delete organization")],
            ),
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
        view("wizard-1", Empty, Founded, Administrator, WIZARD_AT, &[]),
        view("wizard-2-empty", Empty, Founded, Administrator, WIZARD_AT, &[FIRST]),
        view(
            "wizard-1-refused",
            Error,
            Everything,
            Administrator,
            WIZARD_AT,
            &[
                Fill("slug", "acme"),
                Tick("administrator_kind-new"),
                Fill("administrator_email", "gus"),
                Send("Next: Cluster"),
            ],
        ),
        view("wizard-2", Full, Everything, Administrator, WIZARD_AT, &[FIRST_NEW]),
        view(
            "wizard-2-refused",
            Error,
            Everything,
            Administrator,
            WIZARD_AT,
            &[
                FIRST_NEW,
                Tick("spoke-us-1"),
                Click("Bind it to a node pool"),
                Fill("toleration-key-1", "pool"),
                Send("Next: Gateway"),
            ],
        ),
        view(
            "wizard-2-blocked",
            Error,
            Everything,
            Administrator,
            WIZARD_AT,
            &[FIRST_NEW, Tick("spoke-us-1"), Send("Next: Gateway")],
        ),
        view(
            "wizard-3",
            Full,
            Everything,
            Administrator,
            WIZARD_AT,
            &[FIRST, SECOND, Tick("gateway-dedicated")],
        ),
        view(
            "wizard-4",
            Full,
            Everything,
            Administrator,
            WIZARD_AT,
            &[FIRST_NEW, SECOND, THIRD, Click("As a command"), Click("As a request to the API")],
        ),
        view(
            "wizard-4-refused",
            Error,
            Everything,
            Administrator,
            WIZARD_AT,
            &[
                FIRST_NEW,
                SECOND,
                THIRD,
                Fill("administrator_password", "short"),
                Send("Create client organization"),
            ],
        ),
    ],
};

const CLUSTERS: &[Page] = &[
    Page {
        route: "/platform/clusters",
        views: &[
            view("clusters-empty", Empty, Bare, Administrator, "/platform/clusters", &[]),
            view(
                "clusters",
                Full,
                Everything,
                Administrator,
                "/platform/clusters",
                &[Fill("fingerprint-us-1", "sha256:AA:BB")],
            ),
            view(
                "clusters-refused",
                Error,
                Everything,
                Administrator,
                "/platform/clusters",
                &[Fill("fingerprint-us-1", "AA:BB"), Send("Accept us-1")],
            ),
            view("clusters-failed", Error, Everything, Administrator, "/platform/clusters?page_token=x", &[]),
        ],
    },
    Page {
        route: "/platform/clusters/join",
        views: &[
            view("join", Empty, Bare, Administrator, "/platform/clusters/join", &[]),
            view(
                "join-refused",
                Error,
                Everything,
                Administrator,
                "/platform/clusters/join",
                &[Fill("cluster_name", "EU 9"), Fill("minutes", "99999"), Send("Make a join token")],
            ),
            view(
                "join-issued",
                Full,
                Everything,
                Administrator,
                "/platform/clusters/join",
                &[
                    Fill("cluster_name", "ap-2"),
                    Send("Make a join token"),
                    Click("Or run the agent inside the cluster"),
                ],
            ),
        ],
    },
    Page {
        route: "/platform/clusters/{name}",
        views: &[
            view("cluster", Full, Everything, Administrator, "/platform/clusters/eu-1", &[]),
            view("cluster-asking", Empty, Everything, Administrator, "/platform/clusters/us-1", &[]),
            view("cluster-tenant", Full, Everything, Tenant, "/platform/clusters/eu-1", &[]),
            view(
                "cluster-licence-refused",
                Error,
                Everything,
                Administrator,
                "/platform/clusters/eu-1",
                &[
                    Click("Replace the licence"),
                    Fill("pem", "-----BEGIN CERTIFICATE-----\nnot one\n-----END CERTIFICATE-----"),
                    SendAt("form[action$='/licence'] button[type='submit']"),
                ],
            ),
            view(
                "cluster-gateway-refused",
                Error,
                Everything,
                Administrator,
                "/platform/clusters/eu-1",
                &[
                    Click("Add a gateway configuration"),
                    Fill("class", "Not A Class"),
                    Fill("listener-name-1", "web"),
                    Fill("listener-port-1", "http"),
                    Send("Add configuration"),
                ],
            ),
            view(
                "cluster-unregister-refused",
                Error,
                Everything,
                Administrator,
                "/platform/clusters/eu-1",
                &[Click("Unregister:"), Fill("confirm", "eu-2"), Send("Unregister cluster")],
            ),
            view("cluster-hidden", Error, Everything, Tenant, "/platform/clusters/us-1", &[]),
        ],
    },
];

const PLATFORM: &[Page] = &[
    Page {
        route: "/platform/client-organizations",
        views: &[
            view("clients-empty", Empty, Bare, Administrator, "/platform/client-organizations", &[]),
            view("clients", Full, Everything, Administrator, "/platform/client-organizations", &[]),
            view(
                "clients-failed",
                Error,
                Everything,
                Administrator,
                "/platform/client-organizations?page_token=x",
                &[],
            ),
        ],
    },
    Page {
        route: "/platform/users",
        views: &[
            view("users-none", Empty, Bare, Administrator, "/platform/users?search=zzz", &[]),
            view("users", Full, Everything, Administrator, "/platform/users", &[]),
            view("users-failed", Error, Everything, Administrator, "/platform/users?page_token=x", &[]),
        ],
    },
    Page {
        route: "/platform/users/new",
        views: &[
            view("user-new", Empty, Bare, Administrator, "/platform/users/new", &[]),
            view(
                "user-new-refused",
                Error,
                Everything,
                Administrator,
                "/platform/users/new",
                &[
                    Fill("name", "Ada again"),
                    Fill("email", "ada@acme.test"),
                    Fill("password", "short"),
                    Send("Create account"),
                ],
            ),
        ],
    },
    Page {
        route: "/platform/plans",
        views: &[
            view("plans", Full, Everything, Administrator, "/platform/plans", &[]),
            view("plans-failed", Error, Everything, Administrator, "/platform/plans?page_token=x", &[]),
        ],
    },
    Page {
        route: "/platform/audit",
        views: &[
            view("audit-none", Empty, Everything, Administrator, "/platform/audit?search=zzz", &[]),
            view("audit", Full, Everything, Administrator, "/platform/audit", &[ClickAt(".entry > summary")]),
            view("audit-failed", Error, Everything, Administrator, "/platform/audit?page_token=x", &[]),
            view("audit-hidden", Error, Everything, Tenant, "/platform/audit", &[]),
        ],
    },
];

/// Every page.
pub(crate) fn all() -> impl Iterator<Item = &'static Page> {
    [ENTRY, OWN, ORGANIZATION, CLUSTERS, PLATFORM].into_iter().flatten()
}
