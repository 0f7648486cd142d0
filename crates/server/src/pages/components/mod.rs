//! The parts that pages are made of. They know HTML and the style sheet's class names, and nothing of use cases.

pub mod button;
pub mod code;
pub mod conditions;
pub mod confirm;
pub mod diff;
pub mod facts;
pub mod field;
pub mod list;
pub mod problem;
pub mod rows;
pub mod state;
pub mod status;
pub mod table;
pub mod text;
