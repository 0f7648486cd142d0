//! The agent as a whole: the library and the program, against a real Kubernetes API server and a hub in this process.

#[cfg(test)]
mod contest;
mod following;
#[cfg(test)]
mod joining;
#[cfg(test)]
mod locks;
#[cfg(test)]
mod membership;
#[cfg(test)]
mod program;
#[cfg(test)]
mod support;
