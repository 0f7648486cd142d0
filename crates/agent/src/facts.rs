//! What the cluster is and can do, looked up from time to time.

use std::sync::Arc;
use std::time::Duration;

use bastide_model::cluster::ClusterFacts;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::backoff::spread;
use crate::spoke::{Spoke, Survey};
use crate::state::State;
use crate::surroundings::Surroundings;

/// Keeps the facts fresh. What was known stays while the API server does not answer.
pub(crate) async fn keep_fresh(
    spoke: Spoke,
    facts: watch::Sender<ClusterFacts>,
    state: Arc<State>,
    every: Duration,
    surroundings: Surroundings,
    shutdown: CancellationToken,
) {
    let look = async {
        loop {
            tokio::time::sleep(spread(every, 0.25, surroundings.random.as_ref())).await;
            match spoke.survey().await {
                Ok(Survey { facts: found, network }) => {
                    state.set_network(network);
                    facts.send_if_modified(|known| std::mem::replace(known, found.clone()) != found);
                }
                Err(error) => tracing::debug!(%error, "the cluster's facts are not known anew"),
            }
        }
    };
    shutdown.run_until_cancelled(look).await;
}
