//! What the store promises, proved on SQLite and on PostgreSQL by the same tests.

#[cfg(test)]
mod bed;

#[cfg(test)]
mod audit;
#[cfg(test)]
mod clusters;
#[cfg(test)]
mod concurrency;
#[cfg(test)]
mod credentials;
#[cfg(test)]
mod deletion;
#[cfg(test)]
mod feed;
#[cfg(test)]
mod fleet;
#[cfg(test)]
mod gateways;
#[cfg(test)]
mod isolation;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod members;
#[cfg(test)]
mod organizations;
#[cfg(test)]
mod paging;
#[cfg(test)]
mod people;
#[cfg(test)]
mod placements;
#[cfg(test)]
mod realms;
#[cfg(test)]
mod roles;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod teams;
#[cfg(test)]
mod tree;
