//! Password hashing: argon2id (RFC 9106) with 19 MiB and two passes, a few at a time and off the async threads.

use std::sync::{Arc, OnceLock};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use bastide_model::user::Password;
use bastide_model::{Error, Result};
use tokio::sync::Semaphore;

/// Hashes computed at one time: each takes 19 MiB.
const AT_ONCE: usize = 4;

/// Blocks of 1 KiB that are asked for at the least, used or not: just over 32 MiB. The C library maps what is larger than
/// that for itself and gives it back at once; a smaller piece it keeps, for each thread that ever computed a hash. What is
/// not touched is not resident.
const BLOCKS_MIN: usize = 33 * 1024;

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
                let kept = PasswordHash::new(&kept).map_err(|error| broken(&error))?;
                is_same(password.as_bytes(), &kept)
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
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(argon2.params()).map_err(|error| broken(&error))?,
        salt: Some(Salt::new(&salt).map_err(|error| broken(&error))?),
        hash: Some(compute(&argon2, password, &salt, Params::DEFAULT_OUTPUT_LEN)?),
    };
    Ok(hash.to_string())
}

/// Whether the password is the one that was hashed, with the parameters that it was hashed with.
fn is_same(password: &[u8], kept: &PasswordHash) -> Result<bool> {
    let (Some(salt), Some(output)) = (&kept.salt, &kept.hash) else {
        return Err(Error::internal("a password hash without salt or output"));
    };
    let algorithm = Algorithm::try_from(kept.algorithm.as_str()).map_err(|error| broken(&error))?;
    let version = kept.version.map_or(Ok(Version::default()), Version::try_from);
    let version = version.map_err(|error| broken(&error))?;
    let params = Params::try_from(kept).map_err(|error| broken(&error))?;
    let computed = compute(&Argon2::new(algorithm, version, params), password, salt, output.len())?;
    // Outputs are compared in constant time.
    Ok(computed == *output)
}

fn compute(argon2: &Argon2<'_>, password: &[u8], salt: &[u8], length: usize) -> Result<Output> {
    let blocks = argon2.params().block_count();
    let mut memory = Vec::with_capacity(blocks.max(BLOCKS_MIN));
    memory.resize(blocks, Block::new());
    let mut output = vec![0u8; length];
    argon2
        .hash_password_into_with_memory(password, salt, &mut output, &mut memory)
        .map_err(|error| broken(&error))?;
    Output::new(&output).map_err(|error| broken(&error))
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

    /// Hashes that were kept before, and those of other programs, with their own parameters.
    #[tokio::test]
    async fn a_hash_is_checked_with_the_parameters_that_it_names() {
        use argon2::PasswordHasher as _;
        let small = Argon2::new(Algorithm::Argon2i, Version::V0x10, Params::new(64, 1, 2, Some(24)).unwrap());
        let kept: PasswordHash =
            small.hash_password_with_salt(b"correct horse battery", b"some salt").unwrap();
        assert!(is_same(b"correct horse battery", &kept).unwrap());
        assert!(!is_same(b"correct horse batterz", &kept).unwrap());
        let unsalted = PasswordHash { salt: None, hash: None, ..kept };
        assert!(is_same(b"correct horse battery", &unsalted).is_err());
    }
}
