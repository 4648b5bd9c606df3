//! What can be written on the command line.

use std::{path::PathBuf, sync::LazyLock};

use clap::{Parser, Subcommand, ValueEnum, builder::PossibleValue};

use crate::{
    finding::Level,
    init::Part,
    report::Format,
    settings::{self, Settings},
};

/// Finds what makes Docker builds slow, big or wrong, and rewrites it.
///
/// Exit codes: 0 nothing at or above the threshold, 1 findings, 2 dockopt could not do its work.
#[derive(Debug, Parser)]
#[command(name = "dockopt", version, max_term_width = 100)]
pub(super) struct Args {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say what is wrong with Dockerfiles; writes nothing.
    Check {
        /// Dockerfiles, folders to search, or `-` for standard input.
        #[arg(value_name = "PATH", default_value = ".")]
        paths: Vec<String>,
        #[command(flatten)]
        reports: Reports,
        /// Print how often each rule has found something, instead of what it found.
        #[arg(long)]
        statistics: bool,
        /// Tell only of lines that differ from where this git revision and `HEAD` have parted, as in a pull request.
        #[arg(long, value_name = "REV")]
        diff_base: Option<String>,
        /// Write all findings to the baseline, which is then not told again.
        #[arg(long)]
        write_baseline: bool,
        /// Write a comment above each instruction with findings that silences them, with a reason if one is given.
        #[arg(long, value_name = "REASON", num_args = 0..=1, require_equals = true, default_missing_value = "", conflicts_with = "diff_base")]
        add_ignores: Option<String>,
    },
    /// Apply the fixes that leave the image as it is, and say what is left.
    Fix {
        /// Dockerfiles, folders to search, or `-` to write standard input, fixed, to standard output.
        #[arg(value_name = "PATH", default_value = ".")]
        paths: Vec<String>,
        /// Apply also the fixes after which the image, or how it is built, may differ.
        #[arg(long)]
        unsafe_fixes: bool,
        /// Print a unified diff and write nothing; exit with 1 if there is a difference.
        #[arg(long)]
        diff: bool,
        #[command(flatten)]
        reports: Reports,
    },
    /// List which Dockerfile is built with which context, and where that is written.
    ///
    /// Compose files, Bake files, GitHub workflows, Skaffold files, shell scripts, Makefiles, justfiles and `package.json` are read.
    Builds {
        /// Folders to search, or Dockerfiles.
        #[arg(value_name = "PATH", default_value = ".")]
        paths: Vec<String>,
    },
    /// Show what builds send of their contexts, and which instruction needs it.
    Context {
        /// A Dockerfile, or a folder to search for some.
        #[arg(value_name = "PATH", default_value = ".")]
        path: String,
        /// List the files that the ignore file leaves of the folder, whether a Dockerfile copies them or not.
        #[arg(long)]
        all: bool,
        /// Look also into ignored folders, to count what they keep back.
        #[arg(long)]
        ignored: bool,
    },
    /// Build images before and after the fixes, and compare the times and the sizes.
    ///
    /// All is built in copies that are gone afterwards; the images are removed, too. Each image is built cold, after an
    /// empty line was added to its code, and after one was added to its manifest, so that its dependencies are installed
    /// again. Needs Docker with buildx.
    Bench {
        /// A folder to search, or a Dockerfile.
        #[arg(value_name = "PATH", default_value = ".")]
        path: String,
        /// Build also what `fix --unsafe-fixes` leaves.
        #[arg(long)]
        unsafe_fixes: bool,
        /// Build all images at once, instead of one after the other.
        #[arg(long)]
        at_once: bool,
        /// How often to build all; the medians are told.
        #[arg(long, value_name = "COUNT", default_value = "1", value_parser = clap::value_parser!(u8).range(1..))]
        runs: u8,
        /// Build only these images, by their names, and what they are built on.
        #[arg(long, value_name = "NAMES", value_delimiter = ',')]
        only: Vec<String>,
        /// Build after this change instead of one of the manifest: the files of a folder are laid over the copy; may be repeated.
        #[arg(long = "change", value_name = "NAME=FOLDER", value_parser = named_folder)]
        changes: Vec<(String, String)>,
        /// Leave the images that were built, tagged `dockopt-bench-…`.
        #[arg(long)]
        keep_images: bool,
    },
    /// Say whether this machine is set up for quick builds, and what to type next.
    ///
    /// Asks for Docker, buildx and Compose and how old they are, whether BuildKit is on, whether the builder can export
    /// caches, and how much space there is. Nothing is changed, and nothing is waited for longer than some seconds.
    Doctor,
    /// Print the page of a rule.
    Explain {
        /// A rule's name, a code of another tool such as `DL3008`, or a family.
        name: String,
    },
    /// List the rules.
    Rules,
    /// Write what a repository needs to build its images well, from the builds that it has: a Bake file, overlays for
    /// Compose, a script, a GitHub workflow, a pre-commit hook.
    ///
    /// What is there is never written over: a file that exists is left out, and the reason told. Where there are fixes to
    /// apply, apply them first, so that what is written has the shared base image.
    Init {
        /// The folder for the files; its builds are looked for below it.
        #[arg(value_name = "PATH", default_value = ".")]
        path: String,
        /// Write only these files.
        #[arg(long, value_name = "FILES", value_delimiter = ',')]
        only: Vec<InitPart>,
        /// List what would be written, and write nothing.
        #[arg(long)]
        dry_run: bool,
        /// Write `dockopt.toml` from the configuration of hadolint instead: this file, or the one that hadolint would use.
        #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "")]
        #[arg(conflicts_with_all = ["path", "only", "dry_run"])]
        from_hadolint: Option<String>,
    },
    /// Print how Dockerfiles are read: one line of JSON for each.
    Syntax {
        /// Dockerfiles, or `-` for standard input.
        #[arg(value_name = "FILE", required = true)]
        files: Vec<String>,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Reports {
    /// Write the findings to a file, too, in a format of its own, such as `sarif=dockopt.sarif`; may be repeated.
    #[arg(long = "output-file", value_name = "FORMAT=FILE", value_parser = output_file)]
    pub files: Vec<(Format, String)>,
    /// Do not tell of the findings in this file; `--write-baseline` of `check` makes it.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<String>,
}

fn named_folder(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, folder)) if !name.is_empty() && !folder.is_empty() => Ok((name.to_owned(), folder.to_owned())),
        _ => Err("it has the form NAME=FOLDER".to_owned()),
    }
}

fn output_file(text: &str) -> Result<(Format, String), String> {
    let (name, path) = text.split_once('=').ok_or("it has the form FORMAT=FILE, such as sarif=dockopt.sarif")?;
    let format = Format::named(name).ok_or_else(|| {
        let names: Vec<_> = Format::ALL.iter().map(|it| it.as_str()).collect();
        format!("there is no format `{name}`; the formats are {}", names.join(", "))
    })?;
    if path.is_empty() {
        return Err("the name of the file is missing".to_owned());
    }
    Ok((format, path.to_owned()))
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Options for every command")]
pub(super) struct Common {
    /// How to print what was found; `human` if nothing is said.
    #[arg(long, global = true, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Run only these rules: names, families (those of their rules that run by themselves), codes of other tools,
    /// `hadolint`, `buildkit`, or `all`.
    #[arg(long, global = true, value_name = "NAMES", value_delimiter = ',')]
    pub select: Vec<String>,
    /// Do not run these rules.
    #[arg(long, global = true, value_name = "NAMES", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Which rules run if none are selected: dockopt's own choice, or what hadolint reports.
    #[arg(long, global = true, value_name = "PROFILE")]
    pub profile: Option<Profile>,
    /// Ask this program of ShellCheck about the commands of `RUN`, instead of what is inside dockopt.
    ///
    /// It is started once, if the rule `shell-mistake` is on; see `dockopt explain shell-mistake`.
    #[arg(long, global = true, value_name = "PROGRAM")]
    pub shellcheck: Option<String>,
    /// The lowest level of a finding that makes the exit code 1.
    ///
    /// If nothing is said: what the settings say, else `warning`.
    #[arg(long, global = true, value_name = "LEVEL")]
    pub fail_on: Option<FailOn>,
    /// Use this settings file instead of the nearest `dockopt.toml`.
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "isolated")]
    pub config: Option<PathBuf>,
    /// Use no settings file.
    #[arg(long, global = true)]
    pub isolated: bool,
    /// The path under which standard input is checked.
    #[arg(long, global = true, value_name = "PATH")]
    pub stdin_filename: Option<String>,
    /// When to use colour; `auto` heeds `NO_COLOR` and `CLICOLOR_FORCE`.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// Leave out what the settings exclude, and what lies in folders such as `vendor`, even where it is named here, as
    /// hooks name all files.
    #[arg(long, global = true)]
    pub force_exclude: bool,
    /// Print what was found and nothing else: no summary, no notes.
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

impl Common {
    /// The format on standard output.
    pub(super) fn format(&self) -> Format {
        self.format.unwrap_or_default()
    }

    /// The format of findings: where the command line says nothing, the settings may.
    pub(super) fn format_with(&self, settings: &Settings) -> Format {
        self.format.or_else(|| settings.format.and_then(Format::named)).unwrap_or_default()
    }
}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: LazyLock<Vec<Format>> = LazyLock::new(|| [&Format::ALL[..], &[Format::Svg]].concat());
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.as_str()).help(self.purpose()))
    }
}

/// The files that `init` writes.
#[derive(Clone, Copy, Debug)]
pub(super) struct InitPart(Part);

impl From<InitPart> for Part {
    fn from(part: InitPart) -> Self {
        part.0
    }
}

impl ValueEnum for InitPart {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: LazyLock<Vec<InitPart>> = LazyLock::new(|| Part::ALL.map(InitPart).to_vec());
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.as_str()).help(self.0.purpose()))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Profile {
    Default,
    Hadolint,
}

impl From<Profile> for settings::Profile {
    fn from(profile: Profile) -> Self {
        match profile {
            Profile::Default => Self::Default,
            Profile::Hadolint => Self::Hadolint,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    Note,
    Warning,
    Error,
    Never,
}

impl FailOn {
    pub(super) fn level(self) -> Option<Level> {
        match self {
            Self::Note => Some(Level::Note),
            Self::Warning => Some(Level::Warning),
            Self::Error => Some(Level::Error),
            Self::Never => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}
