//! The cluster's objects as they were when a play began.
//!
//! Sixty lists are a lot for a scenario of a tenth of a second, and nothing for
//! one of a minute. So a play begins with a revision; what was there at that
//! revision is listed when somebody asks, or once the play has gone on for a
//! while: a server forgets old revisions (kubernetes: after five minutes).

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use stayput_judge::leak::ObjectId;
use tokio::sync::OnceCell;

use super::ids;
use crate::{
    api::{Api, At, Revision},
    clock::Clock,
    error::RunError,
};

/// After this long a play is one for which a list of everything is cheap.
const SHORT: Duration = Duration::from_secs(1);

/// All objects of the cluster at one revision.
pub(crate) struct Before {
    api: Api,
    pub(super) revision: Revision,
    objects: OnceCell<BTreeSet<ObjectId>>,
}

impl Before {
    /// The cluster as it was at a revision.
    pub(crate) fn at(revision: Revision, api: Api) -> Arc<Self> {
        Arc::new(Self {
            api,
            revision,
            objects: OnceCell::new(),
        })
    }

    /// Lists the objects before the server forgets them.
    pub(crate) async fn keep(self: Arc<Self>, clock: Clock) {
        tokio::time::sleep_until(clock.instant(clock.now().after(SHORT))).await;
        // Whoever needs them asks again, and is told what is wrong.
        let _ = self.objects().await;
    }

    /// Whether the objects are listed.
    pub(super) fn is_listed(&self) -> bool {
        self.objects.initialized()
    }

    /// The objects.
    pub(super) async fn objects(&self) -> Result<&BTreeSet<ObjectId>, RunError> {
        let listed = || async {
            Ok(ids(&self
                .api
                .inventory(At::Revision(self.revision))
                .await?))
        };
        self.objects.get_or_try_init(listed).await
    }
}
