//! A real browser: headless Chromium, driven through its driver the way a person uses it. Owns how it starts, and what
//! can be done in it; knows nothing of what the pages are about.

mod axe;
mod keys;
mod look;
mod scripts;

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::{By, ChromiumLikeCapabilities as _, DesiredCapabilities, LoggingPrefsLogLevel};
use thirtyfour::{WebDriver, WebElement};

pub use self::keys::{Focus, Key};
pub use self::look::Look;
use crate::process::{Ending, Process, free_port, scratch_folder};
use crate::programs::choose_cryptography;
use crate::wait;

/// How long the driver may take to answer for the first time, and the browser to open.
const START_LIMIT: Duration = Duration::from_mins(1);
/// How long a page may take to come, and a region of it to change.
const PAGE_LIMIT: Duration = Duration::from_secs(30);

const REMEDY: &str = "the browser tests need Chromium with its driver. On Debian: `apt-get install chromium \
     chromium-driver`. Elsewhere put `chromedriver` on the search path, or name both programs in BASTIDE_CHROMIUM and \
     BASTIDE_CHROMEDRIVER";

/// Without the things that a browser does for people at their own machine, and with nothing that moves: a test looks at
/// what a transition ends in.
const ARGUMENTS: &[&str] = &[
    "--headless=new",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-prefers-reduced-motion",
    "--lang=en-US",
];

/// An open browser with one window. Dropping it kills the browser with its driver.
#[derive(Debug)]
pub struct Browser {
    session: WebDriver,
    driver: Process,
    base: String,
    axe: String,
    screenshots: PathBuf,
    /// Last, so that it is removed after the browser, which writes into it, is gone.
    folder: TempDir,
}

impl Browser {
    /// Opens a browser that nobody has used before, for the pages beneath `base`.
    ///
    /// # Errors
    /// When a program is missing: with what to install; when the browser does not open in time: with the end of its
    /// driver's log.
    pub async fn start(base: &str) -> Result<Self> {
        choose_cryptography();
        let axe = axe::source()?;
        let folder = scratch_folder("browser")?;
        let port = free_port()?;
        let mut command = Command::new(chromedriver()?);
        command.arg(format!("--port={port}")).env("HOME", folder.path());
        let mut driver = Process::start(
            "chromedriver",
            &mut command,
            &folder.path().join("driver.log"),
            Ending::Terminate,
        )
        .context(REMEDY)?;
        let session = open(port, folder.path(), &mut driver).await.with_context(|| driver.log_tail())?;
        // The driver is a child of this program: when it goes, the browser goes with it, and nothing has to be sent to
        // it from a destructor.
        session.clone().leak()?;
        let base = base.to_owned();
        let browser = Self { session, driver, base, axe, screenshots: look::folder()?, folder };
        browser.look(Look::Light).await?;
        Ok(browser)
    }

    /// A folder for files to upload; it goes with the browser.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Opens the page at a path of the base.
    ///
    /// # Errors
    /// When it does not load.
    pub async fn goto(&self, path: &str) -> Result<()> {
        let address = format!("{}{path}", self.base);
        self.session.goto(&address).await.with_context(|| format!("{address} does not open"))
    }

    /// Path and query of the page.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn path(&self) -> Result<String> {
        let url = self.session.current_url().await?;
        Ok(url.as_str().strip_prefix(&self.base).unwrap_or(url.as_str()).to_owned())
    }

    /// Waits until the page is the one at a path, whatever its query.
    ///
    /// # Errors
    /// When another page stays.
    pub async fn at(&self, path: &str) -> Result<()> {
        let what = format!("the page {path}");
        let arrived = wait::until(&what, PAGE_LIMIT, async || {
            let now = self.path().await?;
            Ok((now.split(['?', '#']).next() == Some(path)).then_some(()))
        });
        self.or_page(arrived.await).await
    }

    /// What a function body returns when it runs in the page.
    ///
    /// # Errors
    /// When it throws, or returns something else.
    pub async fn run<T: DeserializeOwned>(&self, script: &str, arguments: &[Value]) -> Result<T> {
        let answer = self.session.execute(script, arguments.to_vec()).await;
        answer.and_then(|answer| answer.convert()).with_context(|| format!("in the page: {script}"))
    }

    /// The text of the first element that a selector finds, as it is shown.
    ///
    /// # Errors
    /// When there is none.
    pub async fn text(&self, selector: &str) -> Result<String> {
        let found: Option<String> = self.run(scripts::TEXT, &[json!(selector)]).await?;
        self.or_page(found.with_context(|| format!("nothing is `{selector}`"))).await
    }

    /// How many elements a selector finds that are shown.
    ///
    /// # Errors
    /// When the selector is none.
    pub async fn count(&self, selector: &str) -> Result<usize> {
        self.run(scripts::COUNT, &[json!(selector)]).await
    }

    /// What is typed or chosen in the field with this id.
    ///
    /// # Errors
    /// When there is no such field.
    pub async fn value(&self, id: &str) -> Result<String> {
        let found: Option<String> = self.run(scripts::VALUE, &[json!(id)]).await?;
        self.or_page(found.with_context(|| format!("there is no field `{id}`"))).await
    }

    /// Waits until the page shows a text, wherever.
    ///
    /// # Errors
    /// When it does not come: with what is shown instead.
    pub async fn see(&self, text: &str) -> Result<()> {
        self.see_in("body", text).await
    }

    /// Waits until the first element that a selector finds shows a text.
    ///
    /// # Errors
    /// When it does not come: with what is shown instead.
    pub async fn see_in(&self, selector: &str, text: &str) -> Result<()> {
        self.see_within(selector, text, PAGE_LIMIT).await
    }

    /// The same with a limit of its own.
    ///
    /// # Errors
    /// When it does not come: with what is shown instead.
    pub async fn see_within(&self, selector: &str, text: &str, limit: Duration) -> Result<()> {
        let what = format!("“{text}” in `{selector}`");
        let seen = wait::until(&what, limit, async || {
            // While one page goes and the next one comes there is nothing to ask.
            let shown: Option<String> = self.run(scripts::TEXT, &[json!(selector)]).await.unwrap_or_default();
            Ok(shown.is_some_and(|shown| shown.contains(text)).then_some(()))
        });
        self.or_page(seen.await).await
    }

    /// Types into the field with this id, in place of what was there.
    ///
    /// # Errors
    /// When there is no such field, or nothing can be typed into it.
    pub async fn fill(&self, id: &str, text: &str) -> Result<()> {
        let field = self.by_id(id).await?;
        let filled = async {
            field.clear().await?;
            field.send_keys(text).await
        };
        filled.await.with_context(|| format!("nothing can be typed into `{id}`"))
    }

    /// Gives a file to the field with this id.
    ///
    /// # Errors
    /// When there is no such field.
    pub async fn upload(&self, id: &str, file: &Path) -> Result<()> {
        let field = self.by_id(id).await?;
        field.send_keys(file.display().to_string()).await.with_context(|| format!("`{id}` takes no file"))
    }

    /// Chooses an option of the box with this id by its value.
    ///
    /// # Errors
    /// When there is no such box or option.
    pub async fn choose(&self, id: &str, value: &str) -> Result<()> {
        let option = self.find(&format!("#{id} option[value='{value}']")).await?;
        option.click().await.with_context(|| format!("`{value}` of `{id}` cannot be chosen"))
    }

    /// Clicks the label of the radio button or check box with this id.
    ///
    /// # Errors
    /// When there is none.
    pub async fn tick(&self, id: &str) -> Result<()> {
        let label = self.find(&format!("label[for='{id}']")).await?;
        label.click().await.with_context(|| format!("`{id}` cannot be ticked"))
    }

    /// Clicks what a selector finds.
    ///
    /// # Errors
    /// When there is nothing, or something is in front of it.
    pub async fn click_at(&self, selector: &str) -> Result<()> {
        let element = self.find(selector).await?;
        let clicked = element.click().await.with_context(|| format!("`{selector}` cannot be clicked"));
        self.or_page(clicked).await
    }

    /// Clicks a link, button or disclosure by its words: those of an open dialog come first, then those of the main part
    /// of the page.
    ///
    /// # Errors
    /// When nothing that is shown has these words, or something is in front of it.
    pub async fn click(&self, words: &str) -> Result<()> {
        let found = self.session.execute(scripts::CLICKABLE, vec![json!(words)]).await?;
        if found.json().is_null() {
            return self.or_page(Err(anyhow::anyhow!("nothing to click is called “{words}”"))).await;
        }
        let clicked = found.element()?.click().await.with_context(|| format!("“{words}” cannot be clicked"));
        self.or_page(clicked).await
    }

    /// Clicks what leads to another page or sends a form, and waits until the new page is there.
    ///
    /// # Errors
    /// As [`Browser::click`]; when no page comes.
    pub async fn follow(&self, words: &str) -> Result<()> {
        let before = self.origin().await?;
        self.click(words).await?;
        self.leave(&before, words).await
    }

    /// Sends the form that a button belongs to without the checks of the browser, so that the server's are tried.
    ///
    /// # Errors
    /// As [`Browser::follow`].
    pub async fn send_unchecked(&self, words: &str) -> Result<()> {
        let _: Value = self.run("for (const form of document.forms) form.noValidate = true", &[]).await?;
        self.follow(words).await
    }

    /// The same by a selector of the button.
    ///
    /// # Errors
    /// As [`Browser::follow`].
    pub async fn send_unchecked_at(&self, selector: &str) -> Result<()> {
        let _: Value = self.run("for (const form of document.forms) form.noValidate = true", &[]).await?;
        self.follow_at(selector).await
    }

    /// Clicks what a selector finds, and waits until the new page is there.
    ///
    /// # Errors
    /// As [`Browser::follow`].
    pub async fn follow_at(&self, selector: &str) -> Result<()> {
        let before = self.origin().await?;
        self.click_at(selector).await?;
        self.leave(&before, selector).await
    }

    /// Which load of a page this is.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn origin(&self) -> Result<String> {
        self.run(scripts::ORIGIN, &[]).await
    }

    /// Waits until another page than that of `before` is there and complete.
    ///
    /// # Errors
    /// When none comes.
    pub async fn leave(&self, before: &str, what: &str) -> Result<()> {
        let what = format!("the page behind “{what}”");
        let left = wait::until(&what, PAGE_LIMIT, async || {
            let now: Option<String> = self.run(scripts::COMPLETE_ORIGIN, &[]).await.unwrap_or_default();
            Ok(now.is_some_and(|now| now != before).then_some(()))
        });
        self.or_page(left.await).await
    }

    /// Everything in the browser's log since it was asked last that is a warning or an error: of scripts, of the
    /// Content-Security-Policy, of what could not be loaded. Pages may have a status of 4xx; what they load may not.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn complaints(&self) -> Result<Vec<String>> {
        let entries = self.session.browser_log().await?;
        let bad = entries.into_iter().filter(|entry| matches!(entry.level.as_str(), "SEVERE" | "WARNING"));
        let said = bad.map(|entry| entry.message).filter(|message| !self.is_refused_page(message));
        Ok(said.collect())
    }

    fn is_refused_page(&self, message: &str) -> bool {
        message.starts_with(&self.base)
            && !message.starts_with(&format!("{}/assets/", self.base))
            && message.contains("responded with a status of 4")
    }

    /// Forgets who is signed in.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn forget(&self) -> Result<()> {
        Ok(self.session.delete_all_cookies().await?)
    }

    /// Whether pages that are opened from now on may run scripts.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn allow_scripts(&self, allowed: bool) -> Result<()> {
        self.protocol("Emulation.setScriptExecutionDisabled", json!({ "value": !allowed })).await?;
        Ok(())
    }

    /// Closes the browser in order.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub async fn stop(self) -> Result<()> {
        self.driver.stop().await?;
        Ok(())
    }

    /// A command of the browser's own protocol.
    async fn protocol(&self, command: &str, parameters: Value) -> Result<Value> {
        let answer = self.session.cdp().send_raw(command, parameters).await;
        answer.with_context(|| format!("the browser refuses {command}"))
    }

    async fn by_id(&self, id: &str) -> Result<WebElement> {
        let found = self.session.find(By::Id(id)).await.with_context(|| format!("there is no field `{id}`"));
        self.or_page(found).await
    }

    async fn find(&self, selector: &str) -> Result<WebElement> {
        let found =
            self.session.find(By::Css(selector)).await.with_context(|| format!("nothing is `{selector}`"));
        self.or_page(found).await
    }

    /// Adds to an error what the page shows, which mostly says why.
    async fn or_page<T>(&self, outcome: Result<T>) -> Result<T> {
        let Err(error) = outcome else { return outcome };
        let shown: Result<String> = self.run("return document.body.innerText", &[]).await;
        let path = self.path().await.unwrap_or_default();
        Err(error.context(format!("the page {path} shows:\n{}\n", shown.unwrap_or_default())))
    }
}

async fn open(port: u16, folder: &Path, driver: &mut Process) -> Result<WebDriver> {
    let address = format!("http://127.0.0.1:{port}");
    let client = crate::web::builder().timeout(Duration::from_secs(5)).build()?;
    let status = format!("{address}/status");
    let ready = wait::until("the browser's driver", START_LIMIT, async || {
        driver.check()?;
        let answer = client.get(&status).send().await;
        Ok(answer.is_ok_and(|answer| answer.status().is_success()).then_some(()))
    });
    ready.await?;
    let mut wanted = DesiredCapabilities::chrome();
    for argument in ARGUMENTS {
        wanted.add_arg(argument)?;
    }
    wanted.add_arg(&format!("--user-data-dir={}", folder.join("profile").display()))?;
    if rustix::process::geteuid().is_root() {
        // Chromium refuses to run its sandbox as root.
        wanted.add_arg("--no-sandbox")?;
    }
    if let Some(chromium) = program_from("BASTIDE_CHROMIUM")? {
        wanted.set_binary(&chromium.display().to_string())?;
    }
    wanted.set_browser_log_level(LoggingPrefsLogLevel::All)?;
    let session = WebDriver::builder(address, wanted).request_timeout(START_LIMIT).connect().await;
    session.context("Chromium does not open").context(REMEDY)
}

fn chromedriver() -> Result<PathBuf> {
    if let Some(program) = program_from("BASTIDE_CHROMEDRIVER")? {
        return Ok(program);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|folder| folder.join("chromedriver")).find(|file| file.is_file());
    found.with_context(|| format!("there is no `chromedriver`: {REMEDY}"))
}

/// The program that a variable names.
fn program_from(variable: &str) -> Result<Option<PathBuf>> {
    let Some(program) = env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from) else {
        return Ok(None);
    };
    ensure!(program.is_file(), "{variable} names {}, which is no program: {REMEDY}", program.display());
    Ok(Some(program))
}

impl Browser {
    /// Fails when the browser complained of anything since it was asked last.
    ///
    /// # Errors
    /// With everything that it complained of.
    pub async fn is_content(&self) -> Result<()> {
        let complaints = self.complaints().await?;
        if !complaints.is_empty() {
            bail!("on {} the browser complains:\n{}", self.path().await?, complaints.join("\n"));
        }
        Ok(())
    }
}
