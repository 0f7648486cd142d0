//! Ways to look at a page, and pictures of it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Browser, scripts};

/// How somebody looks at a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// By day, on a laptop.
    Light,
    /// By night.
    Dark,
    /// 320 CSS pixels wide: a telephone, or a laptop at 400 % (WCAG 2.2, 1.4.10).
    Narrow,
    /// A laptop at 200 % (WCAG 2.2, 1.4.4).
    Zoomed,
    /// Colours that the system forces on pages.
    ForcedColours,
}

impl Look {
    /// Every look.
    pub const ALL: [Self; 5] = [Self::Light, Self::Dark, Self::Narrow, Self::Zoomed, Self::ForcedColours];

    /// The word in the name of a picture.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
            Self::Narrow => "narrow",
            Self::Zoomed => "zoomed",
            Self::ForcedColours => "forced-colours",
        }
    }

    /// Width and height in CSS pixels, and how many pixels of the screen one of them has.
    const fn screen(self) -> (u32, u32, u32) {
        match self {
            Self::Light | Self::Dark | Self::ForcedColours => (1280, 800, 1),
            Self::Narrow => (320, 640, 2),
            Self::Zoomed => (640, 400, 2),
        }
    }

    fn media(self) -> Value {
        let scheme = if self == Self::Dark { "dark" } else { "light" };
        let forced = if self == Self::ForcedColours { "active" } else { "none" };
        json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "forced-colors", "value": forced },
        ])
    }
}

impl Browser {
    /// Looks at pages in another way, this one included.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn look(&self, look: Look) -> Result<()> {
        let (width, height, scale) = look.screen();
        let screen = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": false });
        self.protocol("Emulation.setDeviceMetricsOverride", screen).await?;
        self.protocol("Emulation.setEmulatedMedia", json!({ "features": look.media() })).await?;
        Ok(())
    }

    /// Writes a picture of the whole page to `name.png` in the folder for pictures; of the window when a dialog is in
    /// front of the page, because what dims the page behind it is as large as the window.
    ///
    /// # Errors
    /// When it cannot be taken or written.
    pub async fn screenshot(&self, name: &str) -> Result<()> {
        let size: Option<(f64, f64)> = self.run(scripts::SIZE, &[]).await?;
        let wanted = match size {
            None => json!({ "format": "png" }),
            Some((width, height)) => {
                let clip = json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": 1 });
                json!({ "format": "png", "captureBeyondViewport": true, "clip": clip })
            }
        };
        let taken = self.protocol("Page.captureScreenshot", wanted).await?;
        let picture = taken.get("data").and_then(Value::as_str).context("the browser gave no picture")?;
        let file = self.screenshots.join(format!("{name}.png"));
        fs::write(&file, STANDARD.decode(picture)?)
            .with_context(|| format!("cannot write {}", file.display()))
    }

    /// Fails when the page has to be moved sideways to be read (WCAG 2.2, 1.4.10).
    ///
    /// # Errors
    /// With what sticks out.
    pub async fn fits(&self, name: &str) -> Result<()> {
        let out: Vec<String> = self.run(scripts::STICKS_OUT, &[]).await?;
        ensure!(out.is_empty(), "{name} does not fit its width:\n  {}", out.join("\n  "));
        Ok(())
    }
}

/// The folder for pictures: `BASTIDE_SCREENSHOTS`, else `screenshots` in the folder that Cargo builds into.
pub(super) fn folder() -> Result<PathBuf> {
    let named = env::var_os("BASTIDE_SCREENSHOTS").filter(|folder| !folder.is_empty());
    let folder = if let Some(folder) = named {
        PathBuf::from(folder)
    } else {
        let own = env::current_exe().context("cannot tell which program runs")?;
        let built = own.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
        built.unwrap_or(Path::new("target")).join("screenshots")
    };
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}
