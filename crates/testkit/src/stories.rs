//! Three stories of organizations, told by the command line and in the browser: who is in them, and what everybody is to
//! see. Owns the cast and the facts; how they are brought about and looked at is each teller's own.

/// The organization from which the others are made.
pub const OPERATOR: &str = "platform-team";
/// The spoke on which client organizations are placed.
pub const SPOKE: &str = "eu-1";

/// Three business units with the same teams, each with projects for development, staging and production; a security
/// architect who belongs to all three, and sees nothing of a fourth.
pub mod units {
    /// The units, in the order of lists.
    pub const UNITS: [&str; 3] = ["commercial-lending", "investment-services", "retail-banking"];
    /// The fourth.
    pub const HIDDEN: &str = "treasury";
    /// The unit in which somebody has one team and one project.
    pub const RETAIL: &str = "retail-banking";
    /// The teams of each unit.
    pub const TEAMS: [&str; 3] = [MOBILE_TEAM, "core-banking-team", COMPLIANCE];
    /// Whom the architect belongs to; it views every project.
    pub const COMPLIANCE: &str = "compliance-team";
    /// It develops in one project.
    pub const MOBILE_TEAM: &str = "mobile-app-team";
    /// The projects of each unit, in the order of lists.
    pub const PROJECTS: [&str; 3] = ["development", "production", "staging"];
    /// The project that the mobile team works on.
    pub const WORKS_ON: &str = "development";
    /// Owns the units.
    pub const LEAD: &str = "lead@bank.test";
    /// The security architect.
    pub const ARCHITECT: &str = "architect@bank.test";
    /// In the mobile team of one unit.
    pub const MOBILE: &str = "mobile@bank.test";
    /// Everybody.
    pub const PEOPLE: [&str; 3] = [LEAD, ARCHITECT, MOBILE];
}

/// A company with departments and customers: a root administrator, one of Engineering only, somebody of Customer A, and an
/// account without console access whose token works.
pub mod company {
    /// The company itself.
    pub const COMPANY: &str = "acme-corp";
    /// The department with an administrator of its own.
    pub const ENGINEERING: &str = "engineering";
    /// What lies above the customers.
    pub const SERVICES: &str = "managed-services";
    /// The customer with a user.
    pub const CUSTOMER_A: &str = "customer-a";
    /// The customer without.
    pub const CUSTOMER_B: &str = "customer-b";
    /// Organizations that have a cluster, each with the one above it, in the order in which they are made.
    pub const PLACED: [(&str, &str); 4] =
        [(COMPANY, super::OPERATOR), (ENGINEERING, COMPANY), (SERVICES, COMPANY), (CUSTOMER_A, SERVICES)];
    /// Organizations that have none: name, short name, the one above.
    pub const MADE: [(&str, &str, &str); 3] = [
        ("Marketing", "marketing", COMPANY),
        ("External Client - Example Inc", "example-inc", COMPANY),
        ("Customer B", CUSTOMER_B, SERVICES),
    ];
    /// Owns all of it.
    pub const OWNER: &str = "owner@acme.test";
    /// Administers the company and all beneath it.
    pub const ROOT: &str = "root@acme.test";
    /// Administers Engineering.
    pub const ENGINEER: &str = "engineer@acme.test";
    /// In the team `operators` of Customer A.
    pub const USER: &str = "user@customer-a.test";
    /// Administers Engineering by its token only.
    pub const ROBOT: &str = "robot@acme.test";
    /// Everybody.
    pub const PEOPLE: [&str; 5] = [OWNER, ROOT, ENGINEER, USER, ROBOT];
    /// The roles that are given: to whom, where, and how far they reach.
    pub const ADMINISTRATORS: [(&str, &str, &str); 3] =
        [(ROOT, COMPANY, "beneath"), (ENGINEER, ENGINEERING, "here"), (ROBOT, ENGINEERING, "here")];
    /// Who sees which organizations, sorted.
    pub const SEES: [(&str, &[&str]); 4] = [
        (ROOT, &[COMPANY, CUSTOMER_A, CUSTOMER_B, ENGINEERING, "example-inc", SERVICES, "marketing"]),
        (ENGINEER, &[ENGINEERING]),
        (USER, &[CUSTOMER_A]),
        (ROBOT, &[ENGINEERING]),
    ];
    /// What does not exist for the user of Customer A.
    pub const HIDDEN_FROM_USER: [&str; 3] = [COMPANY, SERVICES, CUSTOMER_B];
    /// What is deleted at the end, in an order in which it may be.
    pub const DELETED: [&str; 3] = [CUSTOMER_A, CUSTOMER_B, SERVICES];
}

/// One organization: owner, administrator, a group of people with a project, a billing administrator.
pub mod roles {
    /// The organization.
    pub const ORGANIZATION: &str = "acme";
    /// The team, by name and by short name.
    pub const GROUP: (&str, &str) = ("Group", "group");
    /// The projects, by short name and in the order of lists; the team has a role on the first.
    pub const PROJECTS: [(&str, &str); 2] = [("Shop", "shop"), ("Vault", "vault")];
    /// Owns it.
    pub const OWNER: &str = "owner@acme.test";
    /// Administers it.
    pub const ADMINISTRATOR: &str = "admin@acme.test";
    /// In the team.
    pub const DEVELOPER: &str = "dev@acme.test";
    /// Administers its billing.
    pub const BILLING: &str = "money@acme.test";
    /// Everybody.
    pub const PEOPLE: [&str; 4] = [OWNER, ADMINISTRATOR, DEVELOPER, BILLING];
    /// Who is offered what with the organization, of changing, deleting and leaving it (ORG-6).
    pub const OFFERED: [(&str, &[&str]); 3] =
        [(OWNER, &["update", "delete"]), (ADMINISTRATOR, &["leave"]), (DEVELOPER, &["leave"])];
    /// What [`OFFERED`] is about.
    pub const ASKED: [&str; 3] = ["update", "delete", "leave"];
}
