//! Bastide.
