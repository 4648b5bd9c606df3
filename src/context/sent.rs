//! What a build transfers of its context, and which instruction needs what.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::{
    needs::{Need, Needs, follow},
    tree::{Size, Tree},
};
use crate::{
    ignorefile::{IgnoreFile, Walk},
    project::{EntryKind, Files},
};

/// What becomes of an entry of the context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is transferred.
    Sent,
    /// The ignore file lets it pass, but the build does not ask for it.
    Unused,
    /// The ignore file keeps it back.
    Ignored,
}

/// What a build transfers, entry by entry, in the order of [`Tree::nodes`].
///
/// A folder has the status of what it holds: sent if something in it is, else unused if something in it could be.
#[derive(Debug)]
pub struct Sent {
    /// What becomes of each entry.
    pub status: Vec<Status>,
    /// For each entry the set of instructions that need it, as an index into [`Self::sets`].
    /// A folder has the set of everything in it taken together.
    pub set: Vec<u32>,
    /// Sets of indices into [`Needs::all`]; the first is empty.
    pub sets: Vec<Vec<u32>>,
    /// What is transferred.
    pub sent: Size,
    /// What the ignore file lets pass: what builders other than BuildKit transfer.
    pub not_ignored: Size,
    /// All that the walk has seen.
    pub total: Size,
}

impl Sent {
    /// Works out what a build sends that has these needs.
    pub fn of(tree: &Tree, needs: &Needs, files: &dyn Files, folder: &str) -> Self {
        let count = tree.nodes.len();
        let mut known = Sets { all: vec![Vec::new()], with: FxHashMap::default() };
        let mut needers = vec![0_u32; count];
        for (number, need) in needs.all.iter().enumerate() {
            mark(tree, &Reach::of(need, files, folder), |at| {
                let old = needers[at as usize];
                needers[at as usize] = known.with(old, number as u32);
            });
        }
        let mut passes = vec![false; count];
        if needs.is_whole() {
            passes.fill(true);
        } else if !needs.all.is_empty() {
            let sources = needs.all.iter().flat_map(|it| &it.sources).map(String::as_str).collect();
            let reach = Reach::of_sources(&sources, files, folder);
            mark(tree, &reach, |at| passes[at as usize] = true);
        }
        let mut status: Vec<Status> = tree
            .nodes
            .iter()
            .zip(&passes)
            .map(|(node, passes)| match (node.excluded, passes) {
                (true, _) => Status::Ignored,
                (false, true) => Status::Sent,
                (false, false) => Status::Unused,
            })
            .collect();
        let sum = |wanted: &dyn Fn(Status) -> bool| tree.sums(|at, _| wanted(status[at as usize]))[0];
        let sent = sum(&|it| it == Status::Sent);
        let not_ignored = sum(&|it| it != Status::Ignored);
        let total = sum(&|_| true);
        for (at, node) in tree.nodes.iter().enumerate() {
            if node.excluded {
                needers[at] = 0;
            }
        }
        for at in (1..count).rev() {
            let parent = tree.nodes[at].parent as usize;
            status[parent] = match (status[parent], status[at]) {
                (Status::Sent, _) | (_, Status::Sent) => Status::Sent,
                (Status::Unused, _) | (_, Status::Unused) => Status::Unused,
                (Status::Ignored, Status::Ignored) => Status::Ignored,
            };
            if needers[at] != needers[parent] {
                needers[parent] = known.union(needers[parent], needers[at]);
            }
        }
        Self { status, set: needers, sets: known.all, sent, not_ignored, total }
    }

    /// The instructions that need an entry or something in it, as indices into [`Needs::all`].
    pub fn needed_by(&self, at: u32) -> &[u32] {
        &self.sets[self.set[at as usize] as usize]
    }
}

/// Sets of numbers, each kept once.
struct Sets {
    all: Vec<Vec<u32>>,
    with: FxHashMap<Vec<u32>, u32>,
}

impl Sets {
    fn with(&mut self, set: u32, number: u32) -> u32 {
        let old = &self.all[set as usize];
        if old.contains(&number) {
            return set;
        }
        let mut new = old.clone();
        new.push(number);
        new.sort_unstable();
        self.number_of(new)
    }

    fn union(&mut self, a: u32, b: u32) -> u32 {
        let merged: BTreeSet<u32> = self.all[a as usize].iter().chain(&self.all[b as usize]).copied().collect();
        if merged.is_empty() { 0 } else { self.number_of(merged.into_iter().collect()) }
    }

    fn number_of(&mut self, set: Vec<u32>) -> u32 {
        *self.with.entry(set).or_insert_with_key(|set| {
            self.all.push(set.clone());
            self.all.len() as u32 - 1
        })
    }
}

/// What sources reach in a tree.
struct Reach {
    /// The paths, as patterns that match all below them too; `None` is everything.
    paths: Option<IgnoreFile>,
    /// What is left out again.
    excludes: Option<IgnoreFile>,
}

impl Reach {
    fn of(need: &Need, files: &dyn Files, folder: &str) -> Self {
        let mut reach = Self::of_sources(&need.sources.iter().map(String::as_str).collect(), files, folder);
        // Only of the whole context it is plain what these patterns are relative to.
        if need.is_whole() && need.sources.len() == 1 && !need.excludes.is_empty() {
            reach.excludes = Some(IgnoreFile::of_patterns(need.excludes.iter().map(String::as_str)));
        }
        reach
    }

    fn of_sources(sources: &BTreeSet<&str>, files: &dyn Files, folder: &str) -> Self {
        let paths = follow(files, folder, sources);
        Self { paths: paths.map(|it| IgnoreFile::of_patterns(it.iter().map(String::as_str))), excludes: None }
    }
}

/// A folder on the way: the state of the patterns in it.
struct Inside<'a> {
    node: u32,
    path: String,
    walk: Option<Walk<'a>>,
    excludes: Option<Walk<'a>>,
}

/// Calls `found` for each entry that is reached.
fn mark(tree: &Tree, reach: &Reach, mut found: impl FnMut(u32)) {
    if reach.paths.is_none() && reach.excludes.is_none() {
        (0..tree.nodes.len() as u32).for_each(found);
        return;
    }
    // No pattern with a wildcard means that only the folders on the way to the paths have to be looked at.
    let prefixes: Option<Vec<String>> = reach.paths.as_ref().and_then(|paths| {
        let texts = paths.patterns().iter().map(|it| it.text.as_str());
        let has_wildcard = texts.clone().any(|it| it.contains(['*', '?', '[', ']', '^', '\\']));
        (!has_wildcard).then(|| texts.map(|it| format!("{it}/")).collect())
    });
    let mut open = vec![Inside {
        node: 0,
        path: String::new(),
        walk: reach.paths.as_ref().map(IgnoreFile::walk),
        excludes: reach.excludes.as_ref().map(IgnoreFile::walk),
    }];
    while let Some(folder) = open.pop() {
        for (at, node) in tree.children(folder.node) {
            let mut path = String::with_capacity(folder.path.len() + node.name.len() + 2);
            path.push_str(&folder.path);
            path.push_str(&node.name);
            let is_folder = node.kind == EntryKind::Folder;
            let (is_in, walk) = match &folder.walk {
                None => (true, None),
                Some(walk) => {
                    let (verdict, inside) = walk.enter(&path, is_folder);
                    (verdict.excluded, Some(inside))
                }
            };
            let (is_out, excludes) = match &folder.excludes {
                None => (false, None),
                Some(walk) => {
                    let (verdict, inside) = walk.enter(&path, is_folder);
                    (verdict.excluded, Some(inside))
                }
            };
            if is_in && !is_out {
                found(at);
            }
            if !is_folder || node.children.is_empty() {
                continue;
            }
            path.push('/');
            if is_in || prefixes.as_ref().is_none_or(|it| it.iter().any(|it| it.starts_with(&path))) {
                open.push(Inside { node: at, path, walk, excludes });
            }
        }
    }
}
