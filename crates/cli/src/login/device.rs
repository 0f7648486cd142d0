//! Sign-in without a browser on this machine (RFC 8628): a code is shown, and the hub is asked until its person agreed.

use std::time::Duration;

use bastide_api::client::{Client, ClientError};
use bastide_api::identity::{DeviceAuthorization, IssuedToken, LoginRequest};
use tokio::time::{Instant, sleep};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, printable, say};

/// What `slow_down` adds to the pause between two questions (RFC 8628, 3.5).
const SLOWER: Duration = Duration::from_secs(5);

pub(crate) async fn sign_in(output: Output, client: &Client) -> Result<IssuedToken, Failure> {
    let authorization = client.authorize_device().await?;
    // Without this nobody could go on, so it is said even when quiet is asked for.
    say(&format!(
        "Open {} and type the code {}",
        printable(&authorization.verification_uri),
        printable(&authorization.user_code)
    ));
    output.note(&format!("or open {}", printable(&authorization.verification_uri_complete)));
    let request = LoginRequest::DeviceCode { device_code: authorization.device_code.clone() };
    poll(&authorization, async || client.exchange_code(&request).await).await
}

/// Asks until there is a token, as slowly as the hub wants.
async fn poll(
    authorization: &DeviceAuthorization,
    ask: impl AsyncFn() -> Result<IssuedToken, ClientError>,
) -> Result<IssuedToken, Failure> {
    let seconds = |seconds: i64| Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    let deadline = Instant::now() + seconds(authorization.expires_in);
    let mut pause = seconds(authorization.interval).max(Duration::from_secs(1));
    loop {
        sleep(pause).await;
        match ask().await {
            Ok(token) => return Ok(token),
            Err(error) if error.code() == Some("authorization_pending") => {}
            Err(error) if error.code() == Some("slow_down") => pause += SLOWER,
            // A hub that does not answer is not asked more often than one that says so.
            Err(ClientError::Transport { .. }) => pause += SLOWER,
            Err(error) => return Err(error.into()),
        }
        if Instant::now() + pause > deadline {
            return Err(Failure::new(Exit::Timeout, "nobody agreed before the code ended")
                .hint("begin again: bastide login --device"));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use bastide_api::Problem;

    use super::*;

    fn authorization(expires_in: i64) -> DeviceAuthorization {
        DeviceAuthorization {
            device_code: "d".into(),
            user_code: "ABCD-EFGH".into(),
            verification_uri: "http://localhost/device".into(),
            verification_uri_complete: "http://localhost/device?user_code=ABCD-EFGH".into(),
            expires_in,
            interval: 2,
        }
    }

    fn problem(code: &str) -> ClientError {
        ClientError::Problem(Box::new(Problem { status: 400, code: code.into(), ..Problem::default() }))
    }

    /// RFC 8628, 3.5: `slow_down` lengthens the pause for good.
    #[tokio::test(start_paused = true)]
    async fn it_asks_as_slowly_as_the_hub_wants() {
        let start = Instant::now();
        let asked = RefCell::new(Vec::new());
        let authorization = authorization(600);
        let end = poll(&authorization, async || {
            asked.borrow_mut().push(start.elapsed().as_secs());
            let count = asked.borrow().len();
            Err(problem(match count {
                1 | 3 => "authorization_pending",
                2 => "slow_down",
                _ => "access_denied",
            }))
        });
        assert_eq!(end.await.unwrap_err().exit, Exit::Unauthenticated);
        assert_eq!(*asked.borrow(), [2, 4, 11, 18]);
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_with_the_code() {
        let start = Instant::now();
        let end = poll(&authorization(60), async || Err(problem("authorization_pending"))).await;
        assert_eq!(end.unwrap_err().exit, Exit::Timeout);
        assert!(start.elapsed().as_secs() <= 60);
    }
}
