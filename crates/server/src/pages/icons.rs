//! The icons: outlines on a grid of 24, drawn with a pen of 1.5, in the colour of the text. They always stand beside a
//! word, so that they are hidden from assistive technology.

use maud::{Markup, PreEscaped, html};

/// What an icon shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// An alert: a triangle with a mark.
    Alert,
    /// An arrow to the right.
    ArrowRight,
    /// A house: the overview.
    Building,
    /// A tick in a circle.
    Check,
    /// A small arrow down: something opens here.
    ChevronDown,
    /// A clock: something is under way.
    Clock,
    /// Two sheets: copy.
    Copy,
    /// A cross in a circle.
    Cross,
    /// A dash in a circle: neither good nor bad.
    Dash,
    /// A folder: a project.
    Folder,
    /// A gate.
    Gate,
    /// A cog: settings.
    Gear,
    /// A question mark in a circle.
    Help,
    /// A key.
    Key,
    /// A ledger: the audit log.
    Ledger,
    /// A door with an arrow: sign out.
    Leave,
    /// Three lines: the menu.
    Menu,
    /// A plan: layers.
    Plan,
    /// A plus.
    Plus,
    /// A lens.
    Search,
    /// A machine: a cluster.
    Server,
    /// A seal: a licence.
    Seal,
    /// A screen: a session.
    Screen,
    /// A bin.
    Trash,
    /// A branch: what is beneath.
    Tree,
    /// One person.
    User,
    /// People.
    Users,
}

impl Icon {
    const fn outline(self) -> &'static str {
        match self {
            Self::Alert => r#"<path d="M12 4 2.8 19.5h18.4L12 4Zm0 6v4.5M12 17v.1"/>"#,
            Self::ArrowRight => r#"<path d="M4.5 12h15m-6-6 6 6-6 6"/>"#,
            Self::Building => r#"<path d="M4 20.5v-10l8-6 8 6v10H4Zm5.5 0v-6h5v6"/>"#,
            Self::Check => r#"<circle cx="12" cy="12" r="8.5"/><path d="m8 12.3 2.7 2.7L16 9.5"/>"#,
            Self::ChevronDown => r#"<path d="m6 9.5 6 6 6-6"/>"#,
            Self::Clock => r#"<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5.2l3.3 2"/>"#,
            Self::Copy => r#"<path d="M9 8.5h11v12H9zM15.5 5V3.5h-11v12H6"/>"#,
            Self::Cross => r#"<circle cx="12" cy="12" r="8.5"/><path d="m9 9 6 6m0-6-6 6"/>"#,
            Self::Dash => r#"<circle cx="12" cy="12" r="8.5"/><path d="M8.5 12h7"/>"#,
            Self::Folder => r#"<path d="M3.5 19.500V5.500h6l2 2.500h9v11.500h-17Z"/>"#,
            Self::Gate => r#"<path d="M4 20.5V6h3v2.5h3V6h4v2.5h3V6h3v14.5h-5V16a3 3 0 0 0-6 0v4.5H4Z"/>"#,
            Self::Gear => {
                r#"<circle cx="12" cy="12" r="3"/><path d="M12 3v3m0 12v3M3 12h3m12 0h3M5.6 5.6l2.2 2.2m8.4 8.4 2.2 2.2m0-12.8-2.2 2.2m-8.4 8.4-2.2 2.2"/>"#
            }
            Self::Help => {
                r#"<circle cx="12" cy="12" r="8.5"/><path d="M9.7 9.8c.2-1.3 1.1-2 2.4-2 1.4 0 2.4.8 2.4 2 0 1.7-2.4 1.9-2.4 3.6M12 16.2v.1"/>"#
            }
            Self::Key => {
                r#"<circle cx="8" cy="15.5" r="4"/><path d="m11 12.7 8-8m-2.7 2.6 2.7 2.7M13.8 9.9l2 2"/>"#
            }
            Self::Ledger => {
                r#"<path d="M6 3.5h13v17H6a2 2 0 0 1 0-4h13M6 16.5a2 2 0 0 0-2 2v-13a2 2 0 0 1 2-2m3.5 4.5h6m-6 3.5h6"/>"#
            }
            Self::Leave => r#"<path d="M13.5 4h-8v16h8M10 12h10.5m-4-4 4 4-4 4"/>"#,
            Self::Menu => r#"<path d="M4 7h16M4 12h16M4 17h16"/>"#,
            Self::Plan => {
                r#"<path d="m12 4 8.5 4.5L12 13 3.5 8.5 12 4Zm-8.5 8.5L12 17l8.5-4.5M3.5 16 12 20.5l8.5-4.5"/>"#
            }
            Self::Plus => r#"<path d="M12 5v14M5 12h14"/>"#,
            Self::Search => r#"<circle cx="10.5" cy="10.5" r="6"/><path d="m15 15 5.5 5.5"/>"#,
            Self::Server => {
                r#"<rect x="4" y="4" width="16" height="7" rx="1.5"/><rect x="4" y="13" width="16" height="7" rx="1.5"/><path d="M7.5 7.5h.1m-.1 9h.1M11 7.5h5m-5 9h5"/>"#
            }
            Self::Seal => {
                r#"<circle cx="12" cy="9.5" r="6"/><path d="m9.8 9.7 1.5 1.5 2.9-3M8.3 14.4 7 21l5-2.4L17 21l-1.3-6.6"/>"#
            }
            Self::Screen => {
                r#"<rect x="3.5" y="4.5" width="17" height="11.5" rx="1.5"/><path d="M8.5 20h7M12 16v4"/>"#
            }
            Self::Trash => r#"<path d="M4.5 7h15M9.5 7V4.5h5V7M6.5 7l.8 13h9.4l.8-13M10 10.5v6m4-6v6"/>"#,
            Self::Tree => {
                r#"<rect x="9" y="3.5" width="6" height="5" rx="1"/><rect x="3.5" y="15.5" width="6" height="5" rx="1"/><rect x="14.5" y="15.5" width="6" height="5" rx="1"/><path d="M12 8.5V12m-5.5 3.5V12h11v3.5"/>"#
            }
            Self::User => {
                r#"<circle cx="12" cy="8.5" r="4"/><path d="M4.5 20.5c.6-4 3.5-6 7.5-6s6.9 2 7.5 6"/>"#
            }
            Self::Users => {
                r#"<circle cx="9" cy="8.5" r="3.5"/><path d="M2.5 19.500c.5-3.6 2.9-5.5 6.5-5.500s6 1.9 6.5 5.500M15.5 5.200a3.5 3.5 0 0 1 0 6.600m2.5 2.700c2 .8 3.1 2.5 3.5 5"/>"#
            }
        }
    }

    /// The icon as inline SVG.
    pub fn draw(self) -> Markup {
        html! {
            svg.icon viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false" {
                (PreEscaped(self.outline()))
            }
        }
    }
}

/// The logo: a walled, planned town seen from above, its market place in the middle.
pub(super) fn logo() -> Markup {
    html! {
        svg.logo viewBox="0 0 32 32" width="32" height="32" aria-hidden="true" focusable="false" {
            (PreEscaped(LOGO))
        }
    }
}

/// The shapes of the logo, coloured by the style sheet.
const LOGO: &str = r#"<path class="logo-wall" d="M5 5h8.500m5 0H27v22h-8.500m-5 0H5V5"/><g class="logo-tower"><rect x="2.5" y="2.5" width="5" height="5"/><rect x="24.5" y="2.5" width="5" height="5"/><rect x="2.5" y="24.5" width="5" height="5"/><rect x="24.5" y="24.5" width="5" height="5"/></g><g class="logo-block"><rect x="9" y="9" width="3.5" height="3.5"/><rect x="14.25" y="9" width="3.5" height="3.5"/><rect x="19.5" y="9" width="3.5" height="3.5"/><rect x="9" y="14.25" width="3.5" height="3.5"/><rect x="19.5" y="14.25" width="3.5" height="3.5"/><rect x="9" y="19.5" width="3.5" height="3.5"/><rect x="14.25" y="19.5" width="3.5" height="3.5"/><rect x="19.5" y="19.5" width="3.5" height="3.5"/></g><rect class="logo-place" x="14.25" y="14.25" width="3.5" height="3.5"/>"#;
