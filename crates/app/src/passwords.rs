//! Password hashing: argon2id (RFC 9106) with 19 MiB and two passes, a few at a time and off the async threads.

use std::sync::{Arc, OnceLock};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use bastide_model::user::Password;
use bastide_model::{Error, Result};
use tokio::sync::Semaphore;

/// Hashes computed at one time: each takes 19 MiB.
const AT_ONCE: usize = 4;

/// Computes and checks password hashes.
pub(crate) struct Passwords {
    places: Arc<Semaphore>,
    decoy: OnceLock<String>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_ONCE)), decoy: OnceLock::new() }
    }
}

impl Passwords {
    /// The hash of a password, as a PHC string.
    pub(crate) async fn hash(&self, password: Password) -> Result<String> {
        self.work(move || hash(password.as_bytes())).await?
    }

    /// Whether the password is the one that was hashed. Without a hash as much work is done and the answer is no, so
    /// that the time does not tell whether an account exists (E-43).
    pub(crate) async fn verify(&self, password: Password, kept: Option<String>) -> Result<bool> {
        let (real, kept) = match kept {
            Some(kept) => (true, kept),
            None => (false, self.decoy().await?),
        };
        let same = self
            .work(move || {
                let parsed = PasswordHash::new(&kept).map_err(|error| broken(&error))?;
                Ok::<_, Error>(Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
            })
            .await??;
        Ok(real && same)
    }

    async fn decoy(&self) -> Result<String> {
        if let Some(decoy) = self.decoy.get() {
            return Ok(decoy.clone());
        }
        let made = self.work(|| hash(b"nobody has this password")).await??;
        Ok(self.decoy.get_or_init(|| made).clone())
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|error| broken(&error))?;
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(place);
            result
        });
        done.await.map_err(|error| broken(&error))
    }
}

fn hash(password: &[u8]) -> Result<String> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|error| broken(&error))?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut salt = [0u8; 16];
    crate::secrets::fill(&mut salt)?;
    let hash: PasswordHash =
        argon2.hash_password_with_salt(password, &salt).map_err(|error| broken(&error))?;
    Ok(hash.to_string())
}

fn broken(error: &impl std::fmt::Display) -> Error {
    Error::internal(format!("password hashing: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_same_password_is_accepted() {
        let passwords = Passwords::default();
        let password = |text: &str| Password::new("/password", text.to_owned()).unwrap();
        let kept = passwords.hash(password("correct horse battery")).await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(passwords.verify(password("correct horse battery"), Some(kept.clone())).await.unwrap());
        assert!(!passwords.verify(password("correct horse batterz"), Some(kept)).await.unwrap());
        assert!(!passwords.verify(password("correct horse battery"), None).await.unwrap());
    }
}
