//! What every page is told besides its own view: who looks, where they are, and how they like it.

use bastide_api::identity::Me;
use bastide_api::organizations::OrganizationView;
use bastide_api::{Page, PageQuery, Problem};

/// What every page needs besides its own view.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// Who is signed in; nobody on the pages before sign-in.
    pub me: Option<Me>,
    /// The organizations that the switcher offers.
    pub switcher: Vec<OrganizationView>,
    /// The organization that the page is about, when it is about one.
    pub current: Option<OrganizationView>,
    /// Path of the request without query: marks the place in the navigation.
    pub path: String,
    /// The nonce of the response's Content-Security-Policy.
    pub nonce: String,
    /// What the last action came to, shown once.
    pub flash: Option<Flash>,
    /// Light, dark or as the system has it; from the cookie [`THEME_COOKIE`].
    pub theme: Theme,
    /// Version of the server, for the footer.
    pub version: String,
    /// Where the documentation is: the same link in the same place of every page (WCAG 2.2, 3.2.6).
    pub help_url: String,
    /// Id of the request, shown with errors.
    pub request_id: String,
}

impl Context {
    /// Whether who looks administers the whole installation (ROLE-11).
    pub fn is_site_administrator(&self) -> bool {
        self.administration() == Some("site")
    }

    /// Whether who looks administers one client's organizations (ROLE-11).
    pub fn is_client_administrator(&self) -> bool {
        self.administration() == Some("client")
    }

    fn administration(&self) -> Option<&str> {
        self.me.as_ref()?.administration.as_deref()
    }
}

/// What an action came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flash {
    /// Whether it went well.
    pub went_well: bool,
    /// What happened, as a sentence.
    pub text: String,
}

/// Name of the cookie that keeps the choice of [`Theme`]; it says nothing about who has it.
pub const THEME_COOKIE: &str = "bastide_theme";

/// Which colours are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// Every choice, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The word in the form, in the cookie and in the page.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Reads the word; anything else is as the system has it.
    pub fn from_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|theme| theme.as_str() == word).unwrap_or_default()
    }
}

/// A list as a page shows it: what was asked for, and what came of it. A page tells four cases apart: nothing there
/// yet, nothing that matches, not permitted, failed to load.
#[derive(Debug, Clone)]
pub struct Listing<T> {
    /// The items, or why there are none.
    pub outcome: Result<Page<T>, Problem>,
    /// What was asked for: the search is shown again, the page token tells whether this is the first page.
    pub query: PageQuery,
}

impl<T> Listing<T> {
    /// A list that came whole, without a search.
    pub fn whole(items: Vec<T>) -> Self {
        Self { outcome: Ok(Page { items, next_page_token: None }), query: PageQuery::default() }
    }

    /// The items; none when the list did not load.
    pub fn items(&self) -> &[T] {
        self.outcome.as_ref().map_or(&[], |page| page.items.as_slice())
    }
}
