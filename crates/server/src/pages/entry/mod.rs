//! Coming in: set-up, sign-in, and agreeing that a program comes in.

mod program;
mod setup;
mod sign_in;

pub use program::{CliLoginPage, DevicePage, DeviceStage, cli_login, device};
pub use setup::{SetupPage, setup};
pub use sign_in::{SignInPage, sign_in};
