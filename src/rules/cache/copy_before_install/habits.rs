//! How often the copied files change, as the repository's history tells.

use std::{cmp::Reverse, collections::BTreeMap};

use super::{
    Site, copy_of,
    plan::{Plan, brings},
};
use crate::{context::Context, manifests::matches_glob, model::Copy};

/// With fewer commits there are no habits.
const LEAST_COMMITS: usize = 20;
/// How many files are named.
const NAMED: usize = 3;

impl Site<'_> {
    /// How many of the latest commits make the install run again, and how many have to.
    pub(super) fn habits(&self, plan: &Plan, context: &Context) -> Option<String> {
        let copies: Vec<&Copy> = plan.moved.iter().filter_map(|it| copy_of(&self.stage.steps[*it])).collect();
        let commits = context.history();
        if commits.len() < LEAST_COMMITS {
            return None;
        }
        let is_copied = |path: &str| {
            !context.ignore.is_ignored(path)
                && copies.iter().any(|copy| {
                    brings(copy, path, context) || copy.sources.iter().flatten().any(|it| matches_glob(it, path))
                })
        };
        let mut known: BTreeMap<&str, bool> = BTreeMap::new();
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        let (mut with_sources, mut with_manifests) = (0, 0);
        for commit in &commits {
            let is_manifest = |it: &&String| plan.manifests.contains(it);
            let mut any = false;
            for path in commit.iter().filter(|it| !is_manifest(it)) {
                if *known.entry(path).or_insert_with(|| is_copied(path)) {
                    *times.entry(path).or_default() += 1;
                    any = true;
                }
            }
            let manifest = commit.iter().any(|it| is_manifest(&it));
            with_sources += usize::from(any || manifest);
            with_manifests += usize::from(manifest);
        }
        if with_sources == with_manifests {
            return None;
        }
        let mut often: Vec<(&str, usize)> = times.into_iter().filter(|(_, times)| *times > 1).collect();
        often.sort_by_key(|(path, times)| (Reverse(*times), *path));
        let often: Vec<String> = often.iter().take(NAMED).map(|(path, times)| format!("`{path}` ({times})")).collect();
        let most = match often.as_slice() {
            [] => String::new(),
            [one] => format!(", most often {one}"),
            [rest @ .., last] => format!(", most often {} and {last}", rest.join(", ")),
        };
        let changing = |it: usize| match it {
            0 => "none changes".to_owned(),
            1 => "1 changes".to_owned(),
            it => format!("{it} change"),
        };
        Some(format!(
            "Of the last {} commits, {} what is copied{most}; {} what the install reads.",
            commits.len(),
            changing(with_sources),
            changing(with_manifests),
        ))
    }
}
