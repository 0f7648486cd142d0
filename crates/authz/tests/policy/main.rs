//! The policy as a whole: the role matrix, the rules of the domain by name, and what holds for every graph.

#[cfg(test)]
mod bounds;
#[cfg(test)]
mod cast;
#[cfg(test)]
mod granting;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod preview;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod rules;
