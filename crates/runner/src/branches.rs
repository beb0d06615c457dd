//! Steps that are done at once: each has a session of its own, and what it made
//! and saved is the play's again when all have ended, or when they are stopped.

use std::{collections::BTreeSet, sync::Arc};

use stayput_expr::Scope;

use crate::session::Session;

/// Something that steps at once cannot tell the Redis Cluster's state by themselves.
#[derive(Debug, Clone)]
pub(crate) enum RedisNote {
    /// Pods were restarted.
    Restarted(Vec<String>),
    /// Its set was scaled.
    Scaled(usize),
}

impl Session {
    /// A session for one of several steps at once, with what expressions know here.
    pub(crate) fn fork(&self, scope: &Scope) -> Self {
        Self {
            plan: Arc::clone(&self.plan),
            settings: self.settings.clone(),
            cluster: Arc::clone(&self.cluster),
            api: self.api.clone(),
            watches: self.watches.clone(),
            events: self.events.clone(),
            step: self.step,
            shows: self.shows.clone(),
            within: self.within,
            intent: self.intent,
            failed: self.failed,
            begun: self.begun,
            constants: scope.clone(),
            saved: self.saved.clone(),
            pods_saved: self.pods_saved.clone(),
            made_objects: self.made_objects.clone(),
            made_directories: self.made_directories.clone(),
            made_tops: self.made_tops.clone(),
            listed_directories: self.listed_directories.clone(),
            namespaces: self.namespaces.clone(),
            disks: self.disks.clone(),
            faults: self.faults.clone(),
            kubeconfig: None,
            redis: None,
            redis_notes: Vec::new(),
            branches: Vec::new(),
        }
    }

    /// Takes back what the steps at once made, saved and broke.
    pub(crate) fn join(&mut self) {
        let branches = std::mem::take(&mut self.branches);
        let made_directories = self.made_directories.clone();
        let made_tops = self.made_tops.clone();
        let faults = self.faults.clone();
        for branch in branches {
            self.saved.extend(branch.saved);
            self.pods_saved.extend(branch.pods_saved);
            for made in branch.made_objects {
                if !self.made_objects.iter().any(|it| it.key == made.key) {
                    self.made_objects.push(made);
                }
            }
            merge(
                &mut self.made_directories,
                &made_directories,
                branch.made_directories,
            );
            merge(&mut self.made_tops, &made_tops, branch.made_tops);
            self.listed_directories.extend(branch.listed_directories);
            self.namespaces.extend(branch.namespaces);
            self.disks.join(branch.disks);
            self.faults.join(&faults, branch.faults);
            for note in branch.redis_notes {
                self.note(note);
            }
        }
    }

    /// Tells the Redis Cluster's state, here or when the steps at once have ended.
    pub(crate) fn note(&mut self, note: RedisNote) {
        match (&mut self.redis, note) {
            (Some(redis), RedisNote::Restarted(pods)) => redis.restarted(pods),
            (Some(redis), RedisNote::Scaled(to)) => redis.scaled(to),
            (None, note) => self.redis_notes.push(note),
        }
    }
}

/// What one branch added is added, and what it took away is taken away.
pub(crate) fn merge<T: Ord + Clone>(
    all: &mut BTreeSet<T>,
    before: &BTreeSet<T>,
    after: BTreeSet<T>,
) {
    all.retain(|it| after.contains(it) || !before.contains(it));
    all.extend(after.into_iter().filter(|it| !before.contains(it)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_branch_changed_counts() {
        let before = BTreeSet::from(["a", "b"]);
        let mut all = before.clone();
        merge(&mut all, &before, BTreeSet::from(["b", "c"]));
        merge(&mut all, &before, BTreeSet::from(["a", "b", "d"]));
        assert_eq!(all, BTreeSet::from(["b", "c", "d"]));
    }
}
