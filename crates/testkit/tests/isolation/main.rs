//! Harness 2 of the threats: two tenants that are each other's twin. Whatever one of them reads, in whatever way, nothing
//! of the other is in it; whatever they send, nothing of the other changes.

mod crawl;
mod fields;
mod keys;
mod nesting;
mod sites;
mod stage;
mod timing;
