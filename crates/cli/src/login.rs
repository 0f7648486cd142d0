//! How a person signs a program in: with a browser on this machine, or with a code for a browser elsewhere.

pub(crate) mod browser;
pub(crate) mod device;
