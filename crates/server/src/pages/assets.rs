//! Style sheet, script and icons: built into the program, served under names that carry a hash of the content, so that
//! browsers may keep them for ever.

use std::sync::LazyLock;

use sha2::{Digest as _, Sha256};

/// Where assets are served.
pub const PREFIX: &str = "/assets/";

/// `Cache-Control` of every asset: a name never gets another content.
pub const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

/// The style sheet: layers in the order of the files.
const CONSOLE_CSS: &str = concat!(
    include_str!("../../assets/css/tokens.css"),
    include_str!("../../assets/css/base.css"),
    include_str!("../../assets/css/layout.css"),
    include_str!("../../assets/css/components.css"),
    include_str!("../../assets/css/forms.css"),
    include_str!("../../assets/css/pages.css"),
);

const SOURCES: [(&str, &str, &str, &str); 3] = [
    ("console", "css", "text/css; charset=utf-8", CONSOLE_CSS),
    ("console", "js", "text/javascript; charset=utf-8", include_str!("../../assets/console.js")),
    ("icon", "svg", "image/svg+xml", include_str!("../../assets/icon.svg")),
];

/// The plain names of all assets.
pub const NAMES: [&str; 3] = ["console.css", "console.js", "icon.svg"];

struct Asset {
    name: String,
    url: String,
    content_type: &'static str,
    content: &'static str,
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let assets = SOURCES.into_iter().map(|(stem, extension, content_type, content)| {
        let hash: String = hex::encode(Sha256::digest(content)).chars().take(16).collect();
        Asset {
            name: format!("{stem}.{extension}"),
            url: format!("{PREFIX}{stem}.{hash}.{extension}"),
            content_type,
            content,
        }
    });
    assets.collect()
});

/// Content type and content of what is asked for with this path, such as `/assets/console.0123456789abcdef.css`.
/// Nothing else is there: an old hash is not found either.
pub fn lookup(path: &str) -> Option<(&'static str, &'static [u8])> {
    let asset = ASSETS.iter().find(|asset| asset.url == path)?;
    Some((asset.content_type, asset.content.as_bytes()))
}

/// Path under which an asset is served, by its plain name such as `console.css`; empty when there is none.
pub fn url(name: &str) -> &'static str {
    ASSETS.iter().find(|asset| asset.name == name).map_or("", |asset| asset.url.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_asset_is_found_under_its_own_address_only() {
        for (name, kind) in
            [("console.css", "text/css"), ("console.js", "text/javascript"), ("icon.svg", "image/")]
        {
            let path = url(name);
            let (content_type, content) = lookup(path).unwrap();
            assert!(content_type.starts_with(kind) && !content.is_empty(), "{name}");
            assert!(lookup(&format!("{PREFIX}{name}")).is_none(), "{name} is served without its hash");
            assert!(lookup(&path.replace('.', ".0")).is_none());
        }
        assert_eq!(url("nothing.css"), "");
    }

    /// The Content-Security-Policy allows nothing from elsewhere and no `data:` images.
    #[test]
    fn the_style_sheet_loads_nothing() {
        assert!(!CONSOLE_CSS.contains("url(") && !CONSOLE_CSS.contains("@import"));
    }

    /// Relative luminance of `#rrggbb` (WCAG 2.2).
    fn luminance(colour: &str) -> f64 {
        let channel = |from: usize| {
            let value = f64::from(u8::from_str_radix(&colour[from..from + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    /// The colours of a token: by day, and by night.
    fn colours(token: &str) -> [&'static str; 2] {
        let tokens = include_str!("../../assets/css/tokens.css");
        let (_, rest) =
            tokens.split_once(&format!("--{token}: light-dark(")).unwrap_or_else(|| panic!("no {token}"));
        let (day, night) = rest.split_once(')').unwrap().0.split_once(", ").unwrap();
        [day, night]
    }

    fn contrast(ink: &str, ground: &str) -> f64 {
        let (ink, ground) = (luminance(ink), luminance(ground));
        (ink.max(ground) + 0.05) / (ink.min(ground) + 0.05)
    }

    /// WCAG 2.2, 1.4.3 and 1.4.11: text has 4.5:1 on each ground that it stands on, what one has to find has 3:1; by
    /// day and by night.
    #[test]
    fn colours_have_enough_contrast() {
        const GROUNDS: [&str; 4] = ["paper", "surface", "sunken", "woad-soft"];
        let on = |inks: &[&'static str], grounds: &[&'static str], least: f64| -> Vec<_> {
            inks.iter().flat_map(|ink| grounds.iter().map(move |ground| (*ink, *ground, least))).collect()
        };
        let pairs = [
            on(&["ink", "ink-soft", "woad", "woad-deep", "bad"], &GROUNDS, 4.5),
            on(&["ink"], &["good-soft", "wait-soft", "warn-soft", "bad-soft"], 4.5),
            on(&["on-wall", "on-wall-soft"], &["wall"], 4.5),
            on(&["on-woad"], &["woad", "woad-deep"], 4.5),
            on(&["brick"], &["paper"], 4.5),
            vec![
                ("good", "good-soft", 4.5),
                ("wait", "wait-soft", 4.5),
                ("warn", "warn-soft", 4.5),
                ("bad", "bad-soft", 4.5),
            ],
            vec![("on-bad", "bad-solid", 4.5), ("good", "surface", 4.5)],
            on(&["line-strong", "focus"], &["paper", "surface", "sunken"], 3.0),
        ];
        for (ink, ground, least) in pairs.into_iter().flatten() {
            for (ink_colour, ground_colour) in colours(ink).into_iter().zip(colours(ground)) {
                let found = contrast(ink_colour, ground_colour);
                assert!(
                    found >= least,
                    "{ink} on {ground}: {ink_colour} on {ground_colour} has {found:.2}, not {least}"
                );
            }
        }
    }
}
