
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'dockopt' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'dockopt'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'dockopt' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print what was found; `human` if nothing is said')
            [CompletionResult]::new('--select', '--select', [CompletionResultType]::ParameterName, 'Run only these rules: names, families (those of their rules that run by themselves), codes of other tools, `hadolint`, `buildkit`, or `all`')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'Do not run these rules')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which rules run if none are selected: dockopt''s own choice, or what hadolint reports')
            [CompletionResult]::new('--shellcheck', '--shellcheck', [CompletionResultType]::ParameterName, 'Ask this program of ShellCheck about the commands of `RUN`, instead of what is inside dockopt')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'The lowest level of a finding that makes the exit code 1')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this settings file instead of the nearest `dockopt.toml`')
            [CompletionResult]::new('--stdin-filename', '--stdin-filename', [CompletionResultType]::ParameterName, 'The path under which standard input is checked')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; `auto` heeds `NO_COLOR` and `CLICOLOR_FORCE`')
            [CompletionResult]::new('--isolated', '--isolated', [CompletionResultType]::ParameterName, 'Use no settings file')
            [CompletionResult]::new('--force-exclude', '--force-exclude', [CompletionResultType]::ParameterName, 'Leave out what the settings exclude, and what lies in folders such as `vendor`, even where it is named here, as hooks name all files')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print what was found and nothing else: no summary, no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print what was found and nothing else: no summary, no notes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Say what is wrong with Dockerfiles; writes nothing')
            [CompletionResult]::new('fix', 'fix', [CompletionResultType]::ParameterValue, 'Apply the fixes that leave the image as it is, and say what is left')
            [CompletionResult]::new('builds', 'builds', [CompletionResultType]::ParameterValue, 'List which Dockerfile is built with which context, and where that is written')
            [CompletionResult]::new('context', 'context', [CompletionResultType]::ParameterValue, 'Show what builds send of their contexts, and which instruction needs it')
            [CompletionResult]::new('bench', 'bench', [CompletionResultType]::ParameterValue, 'Build images before and after the fixes, and compare the times and the sizes')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Say whether this machine is set up for quick builds, and what to type next')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Print the page of a rule')
            [CompletionResult]::new('rules', 'rules', [CompletionResultType]::ParameterValue, 'List the rules')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Write what a repository needs to build its images well, from the builds that it has: a Bake file, overlays for Compose, a script, a GitHub workflow, a pre-commit hook')
            [CompletionResult]::new('syntax', 'syntax', [CompletionResultType]::ParameterValue, 'Print how Dockerfiles are read: one line of JSON for each')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'dockopt;check' {
            [CompletionResult]::new('--output-file', '--output-file', [CompletionResultType]::ParameterName, 'Write the findings to a file, too, in a format of its own, such as `sarif=dockopt.sarif`; may be repeated')
            [CompletionResult]::new('--baseline', '--baseline', [CompletionResultType]::ParameterName, 'Do not tell of the findings in this file; `--write-baseline` of `check` makes it')
            [CompletionResult]::new('--diff-base', '--diff-base', [CompletionResultType]::ParameterName, 'Tell only of lines that differ from where this git revision and `HEAD` have parted, as in a pull request')
            [CompletionResult]::new('--add-ignores', '--add-ignores', [CompletionResultType]::ParameterName, 'Write a comment above each instruction with findings that silences them, with a reason if one is given')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print what was found; `human` if nothing is said')
            [CompletionResult]::new('--select', '--select', [CompletionResultType]::ParameterName, 'Run only these rules: names, families (those of their rules that run by themselves), codes of other tools, `hadolint`, `buildkit`, or `all`')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'Do not run these rules')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which rules run if none are selected: dockopt''s own choice, or what hadolint reports')
            [CompletionResult]::new('--shellcheck', '--shellcheck', [CompletionResultType]::ParameterName, 'Ask this program of ShellCheck about the commands of `RUN`, instead of what is inside dockopt')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'The lowest level of a finding that makes the exit code 1')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this settings file instead of the nearest `dockopt.toml`')
            [CompletionResult]::new('--stdin-filename', '--stdin-filename', [CompletionResultType]::ParameterName, 'The path under which standard input is checked')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; `auto` heeds `NO_COLOR` and `CLICOLOR_FORCE`')
            [CompletionResult]::new('--statistics', '--statistics', [CompletionResultType]::ParameterName, 'Print how often each rule has found something, instead of what it found')
            [CompletionResult]::new('--write-baseline', '--write-baseline', [CompletionResultType]::ParameterName, 'Write all findings to the baseline, which is then not told again')
            [CompletionResult]::new('--isolated', '--isolated', [CompletionResultType]::ParameterName, 'Use no settings file')
            [CompletionResult]::new('--force-exclude', '--force-exclude', [CompletionResultType]::ParameterName, 'Leave out what the settings exclude, and what lies in folders such as `vendor`, even where it is named here, as hooks name all files')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print what was found and nothing else: no summary, no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print what was found and nothing else: no summary, no notes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dockopt;fix' {
            [CompletionResult]::new('--output-file', '--output-file', [CompletionResultType]::ParameterName, 'Write the findings to a file, too, in a format of its own, such as `sarif=dockopt.sarif`; may be repeated')
            [CompletionResult]::new('--baseline', '--baseline', [CompletionResultType]::ParameterName, 'Do not tell of the findings in this file; `--write-baseline` of `check` makes it')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print what was found; `human` if nothing is said')
            [CompletionResult]::new('--select', '--select', [CompletionResultType]::ParameterName, 'Run only these rules: names, families (those of their rules that run by themselves), codes of other tools, `hadolint`, `buildkit`, or `all`')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'Do not run these rules')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which rules run if none are selected: dockopt''s own choice, or what hadolint reports')
            [CompletionResult]::new('--shellcheck', '--shellcheck', [CompletionResultType]::ParameterName, 'Ask this program of ShellCheck about the commands of `RUN`, instead of what is inside dockopt')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'The lowest level of a finding that makes the exit code 1')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this settings file instead of the nearest `dockopt.toml`')
            [CompletionResult]::new('--stdin-filename', '--stdin-filename', [CompletionResultType]::ParameterName, 'The path under which standard input is checked')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; `auto` heeds `NO_COLOR` and `CLICOLOR_FORCE`')
            [CompletionResult]::new('--unsafe-fixes', '--unsafe-fixes', [CompletionResultType]::ParameterName, 'Apply also the fixes after which the image, or how it is built, may differ')
            [CompletionResult]::new('--diff', '--diff', [CompletionResultType]::ParameterName, 'Print a unified diff and write nothing; exit with 1 if there is a difference')
            [CompletionResult]::new('--isolated', '--isolated', [CompletionResultType]::ParameterName, 'Use no settings file')
            [CompletionResult]::new('--force-exclude', '--force-exclude', [CompletionResultType]::ParameterName, 'Leave out what the settings exclude, and what lies in folders such as `vendor`, even where it is named here, as hooks name all files')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print what was found and nothing else: no summary, no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print what was found and nothing else: no summary, no notes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dockopt;builds' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print what was found; `human` if nothing is said')
            [CompletionResult]::new('--select', '--select', [CompletionResultType]::ParameterName, 'Run only these rules: names, families (those of their rules that run by themselves), codes of other tools, `hadolint`, `buildkit`, or `all`')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'Do not run these rules')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which rules run if none are selected: dockopt''s own choice, or what hadolint reports')
            [CompletionResult]::new('--shellcheck', '--shellcheck', [CompletionResultType]::ParameterName, 'Ask this program of ShellCheck about the commands of `RUN`, instead of what is inside dockopt')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'The lowest level of a finding that makes the exit code 1')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this settings file instead of the nearest `dockopt.toml`')
            [CompletionResult]::new('--stdin-filename', '--stdin-filename', [CompletionResultType]::ParameterName, 'The path under which standard input is checked')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; `auto` heeds `NO_COLOR` and `CLICOLOR_FORCE`')
            [CompletionResult]::new('--isolated', '--isolated', [CompletionResultType]::ParameterName, 'Use no settings file')
            [CompletionResult]::new('--force-exclude', '--force-exclude', [CompletionResultType]::ParameterName, 'Leave out what the settings exclude, and what lies in folders such as `vendor`, even where it is named here, as hooks name all files')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print what was found and nothing else: no summary, no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print what was found and nothing else: no summary, no notes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dockopt;context' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print what was found; `human` if nothing is said')
            [CompletionResult]::new('--select', '--select', [CompletionResultType]::ParameterName, 'Run only these rules: names, families (those of their rules that run by themselves), codes of other tools, `hadolint`, `buildkit`, or `all`')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'Do not run these rules')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which rules run if none are selected: dockopt''s own choice, or what hadolint reports')
            [CompletionResult]::new('--shellcheck', '--shellcheck', [CompletionResultType]::ParameterName, 'Ask this program of ShellCheck about the commands of `RUN`, instead of what is inside dockopt')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'The lowest level of a finding that makes the exit code 1')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this settings file instead of the nearest `dockopt.toml`')
            [CompletionResult]::new('--stdin-filename', '--stdin-filename', [CompletionResultType]::ParameterName, 'The path under which standard input is checked')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; `auto` heeds `NO_COLOR` and `CLICOLOR_FORCE`')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'List the files that the ignore file leaves of the folder, whether a Dockerfile copies them or not')
            [CompletionResult]::new('--ignored', '--ignored', [CompletionResultType]::ParameterName, 'Look also into ignored folders, to count what they keep back')
            [CompletionResult]::new('--isolated', '--isolated', [CompletionResultType]::ParameterName, 'Use no settings file')
            [CompletionResult]::new('--force-exclude', '--force-exclude', [CompletionResultType]::ParameterName, 'Leave out what the settings exclude, and what lies in folders such as `vendor`, even where it is named here, as hooks name all files')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print what was found and nothing else: no summary, no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print what was found and nothing else: no summary, no notes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dockopt;bench' {
            [CompletionResult]::new('--runs', '--runs', [CompletionResultType]::ParameterName, 'How often to build all; the medians are told')
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Build only these images, by their names, and what they are built on')
            [CompletionResult]::new('--change', '--change', [CompletionResultType]::ParameterName, 'Build after this change instead of one of the manifest: the files of a folder are laid over the copy; may be repeated')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print what was found; `human` if nothing is said')
            [CompletionResult]::new('--select', '--select', [CompletionResultType]::ParameterName, 'Run only these rules: names, families (those of their rules that run by themselves), codes of other tools, `hadolint`, `buildkit`, or `all`')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'Do not run these rules')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which rules run if none are selected: dockopt''s own choice, or what hadolint reports')
            [CompletionResult]::new('--shellcheck', '--shellcheck', [CompletionResultType]::ParameterName, 'Ask this program of ShellCheck about the commands of `RUN`, instead of what is inside dockopt')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'The lowest level of a finding that makes the exit code 1')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this settings file instead of the nearest `dockopt.toml`')
            [CompletionResult]::new('--stdin-filename', '--stdin-filename', [CompletionResultType]::ParameterName, 'The path under which standard input is checked')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; `auto` heeds `NO_COLOR` and `CLICOLOR_FORCE`')
            [CompletionResult]::new('--unsafe-fixes', '--unsafe-fixes', [CompletionResultType]::ParameterName, 'Build also what `fix --unsafe-fixes` leaves')
            [CompletionResult]::new('--at-once', '--at-once', [CompletionResultType]::ParameterName, 'Build all images at once, instead of one after the other')
            [CompletionResult]::new('--keep-images', '--keep-images', [CompletionResultType]::ParameterName, 'Leave the images that were built, tagged `dockopt-bench-…`')
            [CompletionResult]::new('--isolated', '--isolated', [CompletionResultType]::ParameterName, 'Use no settings file')
            [CompletionResult]::new('--force-exclude', '--force-exclude', [CompletionResultType]::ParameterName, 'Leave out what the settings exclude, and what lies in folders such as `vendor`, even where it is named here, as hooks name all files')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print what was found and nothing else: no summary, no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print what was found and nothing else: no summary, no notes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dockopt;doctor' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print what was found; `human` if nothing is said')
            [CompletionResult]::new('--select', '--select', [CompletionResultType]::ParameterName, 'Run only these rules: names, families (those of their rules that run by themselves), codes of other tools, `hadolint`, `buildkit`, or `all`')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'Do not run these rules')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which rules run if none are selected: dockopt''s own choice, or what hadolint reports')
            [CompletionResult]::new('--shellcheck', '--shellcheck', [CompletionResultType]::ParameterName, 'Ask this program of ShellCheck about the commands of `RUN`, instead of what is inside dockopt')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'The lowest level of a finding that makes the exit code 1')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this settings file instead of the nearest `dockopt.toml`')
            [CompletionResult]::new('--stdin-filename', '--stdin-filename', [CompletionResultType]::ParameterName, 'The path under which standard input is checked')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; `auto` heeds `NO_COLOR` and `CLICOLOR_FORCE`')
            [CompletionResult]::new('--isolated', '--isolated', [CompletionResultType]::ParameterName, 'Use no settings file')
            [CompletionResult]::new('--force-exclude', '--force-exclude', [CompletionResultType]::ParameterName, 'Leave out what the settings exclude, and what lies in folders such as `vendor`, even where it is named here, as hooks name all files')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print what was found and nothing else: no summary, no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print what was found and nothing else: no summary, no notes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dockopt;explain' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print what was found; `human` if nothing is said')
            [CompletionResult]::new('--select', '--select', [CompletionResultType]::ParameterName, 'Run only these rules: names, families (those of their rules that run by themselves), codes of other tools, `hadolint`, `buildkit`, or `all`')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'Do not run these rules')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which rules run if none are selected: dockopt''s own choice, or what hadolint reports')
            [CompletionResult]::new('--shellcheck', '--shellcheck', [CompletionResultType]::ParameterName, 'Ask this program of ShellCheck about the commands of `RUN`, instead of what is inside dockopt')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'The lowest level of a finding that makes the exit code 1')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this settings file instead of the nearest `dockopt.toml`')
            [CompletionResult]::new('--stdin-filename', '--stdin-filename', [CompletionResultType]::ParameterName, 'The path under which standard input is checked')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; `auto` heeds `NO_COLOR` and `CLICOLOR_FORCE`')
            [CompletionResult]::new('--isolated', '--isolated', [CompletionResultType]::ParameterName, 'Use no settings file')
            [CompletionResult]::new('--force-exclude', '--force-exclude', [CompletionResultType]::ParameterName, 'Leave out what the settings exclude, and what lies in folders such as `vendor`, even where it is named here, as hooks name all files')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print what was found and nothing else: no summary, no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print what was found and nothing else: no summary, no notes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dockopt;rules' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print what was found; `human` if nothing is said')
            [CompletionResult]::new('--select', '--select', [CompletionResultType]::ParameterName, 'Run only these rules: names, families (those of their rules that run by themselves), codes of other tools, `hadolint`, `buildkit`, or `all`')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'Do not run these rules')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which rules run if none are selected: dockopt''s own choice, or what hadolint reports')
            [CompletionResult]::new('--shellcheck', '--shellcheck', [CompletionResultType]::ParameterName, 'Ask this program of ShellCheck about the commands of `RUN`, instead of what is inside dockopt')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'The lowest level of a finding that makes the exit code 1')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this settings file instead of the nearest `dockopt.toml`')
            [CompletionResult]::new('--stdin-filename', '--stdin-filename', [CompletionResultType]::ParameterName, 'The path under which standard input is checked')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; `auto` heeds `NO_COLOR` and `CLICOLOR_FORCE`')
            [CompletionResult]::new('--isolated', '--isolated', [CompletionResultType]::ParameterName, 'Use no settings file')
            [CompletionResult]::new('--force-exclude', '--force-exclude', [CompletionResultType]::ParameterName, 'Leave out what the settings exclude, and what lies in folders such as `vendor`, even where it is named here, as hooks name all files')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print what was found and nothing else: no summary, no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print what was found and nothing else: no summary, no notes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dockopt;init' {
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Write only these files')
            [CompletionResult]::new('--from-hadolint', '--from-hadolint', [CompletionResultType]::ParameterName, 'Write `dockopt.toml` from the configuration of hadolint instead: this file, or the one that hadolint would use')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print what was found; `human` if nothing is said')
            [CompletionResult]::new('--select', '--select', [CompletionResultType]::ParameterName, 'Run only these rules: names, families (those of their rules that run by themselves), codes of other tools, `hadolint`, `buildkit`, or `all`')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'Do not run these rules')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which rules run if none are selected: dockopt''s own choice, or what hadolint reports')
            [CompletionResult]::new('--shellcheck', '--shellcheck', [CompletionResultType]::ParameterName, 'Ask this program of ShellCheck about the commands of `RUN`, instead of what is inside dockopt')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'The lowest level of a finding that makes the exit code 1')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this settings file instead of the nearest `dockopt.toml`')
            [CompletionResult]::new('--stdin-filename', '--stdin-filename', [CompletionResultType]::ParameterName, 'The path under which standard input is checked')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; `auto` heeds `NO_COLOR` and `CLICOLOR_FORCE`')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'List what would be written, and write nothing')
            [CompletionResult]::new('--isolated', '--isolated', [CompletionResultType]::ParameterName, 'Use no settings file')
            [CompletionResult]::new('--force-exclude', '--force-exclude', [CompletionResultType]::ParameterName, 'Leave out what the settings exclude, and what lies in folders such as `vendor`, even where it is named here, as hooks name all files')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print what was found and nothing else: no summary, no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print what was found and nothing else: no summary, no notes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dockopt;syntax' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'How to print what was found; `human` if nothing is said')
            [CompletionResult]::new('--select', '--select', [CompletionResultType]::ParameterName, 'Run only these rules: names, families (those of their rules that run by themselves), codes of other tools, `hadolint`, `buildkit`, or `all`')
            [CompletionResult]::new('--ignore', '--ignore', [CompletionResultType]::ParameterName, 'Do not run these rules')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Which rules run if none are selected: dockopt''s own choice, or what hadolint reports')
            [CompletionResult]::new('--shellcheck', '--shellcheck', [CompletionResultType]::ParameterName, 'Ask this program of ShellCheck about the commands of `RUN`, instead of what is inside dockopt')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'The lowest level of a finding that makes the exit code 1')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Use this settings file instead of the nearest `dockopt.toml`')
            [CompletionResult]::new('--stdin-filename', '--stdin-filename', [CompletionResultType]::ParameterName, 'The path under which standard input is checked')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colour; `auto` heeds `NO_COLOR` and `CLICOLOR_FORCE`')
            [CompletionResult]::new('--isolated', '--isolated', [CompletionResultType]::ParameterName, 'Use no settings file')
            [CompletionResult]::new('--force-exclude', '--force-exclude', [CompletionResultType]::ParameterName, 'Leave out what the settings exclude, and what lies in folders such as `vendor`, even where it is named here, as hooks name all files')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print what was found and nothing else: no summary, no notes')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print what was found and nothing else: no summary, no notes')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dockopt;help' {
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Say what is wrong with Dockerfiles; writes nothing')
            [CompletionResult]::new('fix', 'fix', [CompletionResultType]::ParameterValue, 'Apply the fixes that leave the image as it is, and say what is left')
            [CompletionResult]::new('builds', 'builds', [CompletionResultType]::ParameterValue, 'List which Dockerfile is built with which context, and where that is written')
            [CompletionResult]::new('context', 'context', [CompletionResultType]::ParameterValue, 'Show what builds send of their contexts, and which instruction needs it')
            [CompletionResult]::new('bench', 'bench', [CompletionResultType]::ParameterValue, 'Build images before and after the fixes, and compare the times and the sizes')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Say whether this machine is set up for quick builds, and what to type next')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Print the page of a rule')
            [CompletionResult]::new('rules', 'rules', [CompletionResultType]::ParameterValue, 'List the rules')
            [CompletionResult]::new('init', 'init', [CompletionResultType]::ParameterValue, 'Write what a repository needs to build its images well, from the builds that it has: a Bake file, overlays for Compose, a script, a GitHub workflow, a pre-commit hook')
            [CompletionResult]::new('syntax', 'syntax', [CompletionResultType]::ParameterValue, 'Print how Dockerfiles are read: one line of JSON for each')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'dockopt;help;check' {
            break
        }
        'dockopt;help;fix' {
            break
        }
        'dockopt;help;builds' {
            break
        }
        'dockopt;help;context' {
            break
        }
        'dockopt;help;bench' {
            break
        }
        'dockopt;help;doctor' {
            break
        }
        'dockopt;help;explain' {
            break
        }
        'dockopt;help;rules' {
            break
        }
        'dockopt;help;init' {
            break
        }
        'dockopt;help;syntax' {
            break
        }
        'dockopt;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
