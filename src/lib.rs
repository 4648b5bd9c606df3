//! dockopt finds what makes Docker builds slow, and rewrites it.
//!
//! Two functions carry everything: `engine::check`, from a project to findings, and `engine::fix`, from a project to a
//! changed project. The command line, the tests and the benchmarks call the same two.
//! The Rust API serves dockopt's own binary and tests and may change at any time; the command line is what is kept
//! stable.

pub mod bake;
pub mod baseline;
pub mod bench;
pub mod build;
pub mod cli;
pub mod commands;
pub mod compose;
pub mod context;
pub mod definitions;
pub mod docker;
pub mod doctor;
pub mod documents;
pub mod edit;
pub mod engine;
pub mod finding;
pub mod fingerprint;
pub mod gitignore;
pub mod ignorefile;
pub mod images;
pub mod init;
pub mod keys;
pub mod knowledge;
pub mod manifests;
pub mod measure;
pub mod model;
pub mod names;
pub mod outline;
pub mod parallel;
pub mod project;
pub mod report;
pub mod rewrite;
pub mod rule;
pub mod rules;
pub mod scripts;
pub mod settings;
pub mod shell;
pub mod shellcheck;
pub mod skaffold;
pub mod source;
pub mod suppress;
pub mod syntax;
pub mod tracked;
pub mod workflow;
pub mod workspace;
pub mod yaml;

#[cfg(test)]
mod tests;
