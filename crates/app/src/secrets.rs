//! Secrets that are handed out once: 256 bits from the system's generator, kept as a hash (E-04).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bastide_model::{Error, Result};
use sha2::{Digest, Sha256};

/// A new secret: the prefix, which says what it is for, and 43 characters of base64url.
pub(crate) fn fresh(prefix: &str) -> Result<String> {
    let mut bytes = [0u8; 32];
    fill(&mut bytes)?;
    Ok(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// A code that a person can type: two groups of four consonants and digits without look-alikes (RFC 8628, 6.1), 40 bits.
pub(crate) fn fresh_user_code() -> Result<String> {
    const ALPHABET: &[u8; 32] = b"BCDFGHJKLMNPQRSTVWXZ23456789AEUY";
    let mut bytes = [0u8; 8];
    fill(&mut bytes)?;
    let mut code = String::with_capacity(9);
    for (place, byte) in bytes.into_iter().enumerate() {
        if place == 4 {
            code.push('-');
        }
        let letter = ALPHABET.get(usize::from(byte % 32)).copied().unwrap_or(b'B');
        code.push(char::from(letter));
    }
    Ok(code)
}

/// What is kept of a secret. It has enough entropy that a plain hash is enough.
pub(crate) fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// Random bytes.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes)
        .map_err(|error| Error::internal(format!("the system gives no randomness: {error}")))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// E-04: at least 128 bits, no two alike.
    #[test]
    fn e_04_secrets_are_long_and_unique() {
        let secrets: HashSet<_> = (0..10_000).map(|_| fresh("x_").unwrap()).collect();
        assert_eq!(secrets.len(), 10_000);
        assert!(secrets.iter().all(|secret| secret.len() == 2 + 43));
    }

    #[test]
    fn user_codes_are_two_groups_of_four() {
        let code = fresh_user_code().unwrap();
        assert_eq!(code.len(), 9);
        assert_eq!(code.chars().nth(4), Some('-'));
        assert!(!code.contains(['0', 'O', '1', 'I']));
    }
}
