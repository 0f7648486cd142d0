//! The console in a real browser: the main job through its wizard on real parts, whole stories of organizations, every page
//! in every state and look, with the keyboard alone, and without scripts.

#[path = "browser/keyboard.rs"]
mod keyboard;
#[path = "browser/pages.rs"]
mod pages;
#[path = "browser/routes.rs"]
mod routes;
#[path = "browser/scenarios.rs"]
mod scenarios;
#[path = "browser/stage.rs"]
mod stage;
#[path = "browser/story.rs"]
mod story;
#[path = "browser/walk.rs"]
mod walk;
#[path = "browser/without_scripts.rs"]
mod without_scripts;
