//! The keyboard, and where its focus is.

use anyhow::{Result, bail};
use serde::Deserialize;
use serde_json::json;

use super::{Browser, scripts};

/// More stops than any page of ours has.
const MOST_STOPS: usize = 300;

/// A key that does something else than to type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// To the next stop.
    Tab,
    /// Presses what has the focus, or sends the form.
    Enter,
    /// Presses, ticks or chooses what has the focus.
    Space,
    /// To the next choice.
    Down,
    /// Closes what is open.
    Escape,
    /// Opens the switcher of organizations.
    ControlK,
}

impl Key {
    /// Its name, its number on keyboards, the text that it types, and the keys that are held with it.
    const fn code(self) -> (&'static str, u32, &'static str, u32) {
        match self {
            Self::Tab => ("Tab", 9, "", 0),
            Self::Enter => ("Enter", 13, "\r", 0),
            Self::Space => (" ", 32, " ", 0),
            Self::Down => ("ArrowDown", 40, "", 0),
            Self::Escape => ("Escape", 27, "", 0),
            Self::ControlK => ("k", 75, "", 2),
        }
    }
}

/// Where the focus is.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one observation that a check looks at by its name"
)]
pub struct Focus {
    /// Id of the element; may be empty.
    pub id: String,
    /// The element, for messages.
    pub what: String,
    /// Whether a part of it is in the window.
    pub in_view: bool,
    /// Whether nothing is in front of that part.
    pub uncovered: bool,
    /// Whether an outline of at least two pixels is around it.
    pub ring: bool,
    /// How wide it is to hit.
    pub width: f64,
    /// How high it is to hit.
    pub height: f64,
    /// Whether it is a link among words, whose height is that of the line.
    pub in_a_sentence: bool,
}

impl Browser {
    /// Presses a key and lets it go.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn press(&self, key: Key) -> Result<()> {
        let (name, number, text, held) = key.code();
        for kind in ["keyDown", "keyUp"] {
            let typed = if kind == "keyDown" { text } else { "" };
            let event = json!({
                "type": kind, "key": name, "windowsVirtualKeyCode": number, "modifiers": held, "text": typed,
            });
            self.protocol("Input.dispatchKeyEvent", event).await?;
        }
        Ok(())
    }

    /// Types where the focus is.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn type_text(&self, text: &str) -> Result<()> {
        self.protocol("Input.insertText", json!({ "text": text })).await?;
        Ok(())
    }

    /// Where the focus is; nothing when it is on the page as a whole.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn focus(&self) -> Result<Option<Focus>> {
        self.run(scripts::FOCUS, &[]).await
    }

    /// Goes from stop to stop until the focus is on what a selector finds.
    ///
    /// # Errors
    /// When that is no stop.
    pub async fn tab_to(&self, selector: &str) -> Result<()> {
        for _ in 0..MOST_STOPS {
            let script = "return document.activeElement?.matches(arguments[0]) ?? false";
            if self.run(script, &[json!(selector)]).await? {
                return Ok(());
            }
            self.press(Key::Tab).await?;
        }
        let path = self.path().await?;
        bail!("on {path} no number of tabs leads to `{selector}`")
    }

    /// Every stop of the page, in their order, from the beginning.
    ///
    /// # Errors
    /// When there is no end of them.
    pub async fn stops(&self) -> Result<Vec<Focus>> {
        let _: bool = self.run(scripts::TO_THE_BEGINNING, &[]).await?;
        let mut stops = Vec::new();
        for _ in 0..MOST_STOPS {
            self.press(Key::Tab).await?;
            match self.focus().await? {
                Some(stop) => stops.push(stop),
                None if stops.is_empty() => {}
                None => return Ok(stops),
            }
        }
        bail!("{} has more than {MOST_STOPS} stops, or they never end", self.path().await?)
    }
}
