# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_dockopt_global_optspecs
    string join \n format= select= ignore= profile= shellcheck= fail-on= config= isolated stdin-filename= color= force-exclude q/quiet h/help V/version
end

function __fish_dockopt_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_dockopt_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_dockopt_using_subcommand
    set -l cmd (__fish_dockopt_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c dockopt -n "__fish_dockopt_needs_command" -l format -d 'How to print what was found; `human` if nothing is said' -r -f -a "human\t'For people, with the lines in question'
short\t'`path:line:column: name: message`'
json\t'For programs'
sarif\t'SARIF 2.1.0, for code scanning'
github\t'Annotations of GitHub Actions'
gitlab\t'A code quality report of GitLab'
junit\t'JUnit XML'
checkstyle\t'Checkstyle XML'
rdjson\t'For reviewdog, with suggestions'
sonarqube\t'Generic issues of SonarQube'
markdown\t'A table for a comment on a pull request'
hadolint-tty\t'As `hadolint --format tty`'
hadolint-json\t'As `hadolint --format json`'
hadolint-codeclimate\t'As `hadolint --format codeclimate`'
svg\t'A picture, of `dockopt bench` and `dockopt context` only'"
complete -c dockopt -n "__fish_dockopt_needs_command" -l select -d 'Run only these rules: names, families (those of their rules that run by themselves), codes of other tools, `hadolint`, `buildkit`, or `all`' -r
complete -c dockopt -n "__fish_dockopt_needs_command" -l ignore -d 'Do not run these rules' -r
complete -c dockopt -n "__fish_dockopt_needs_command" -l profile -d 'Which rules run if none are selected: dockopt\'s own choice, or what hadolint reports' -r -f -a "default\t''
hadolint\t''"
complete -c dockopt -n "__fish_dockopt_needs_command" -l shellcheck -d 'Ask this program of ShellCheck about the commands of `RUN`, instead of what is inside dockopt' -r
complete -c dockopt -n "__fish_dockopt_needs_command" -l fail-on -d 'The lowest level of a finding that makes the exit code 1' -r -f -a "note\t''
warning\t''
error\t''
never\t''"
complete -c dockopt -n "__fish_dockopt_needs_command" -l config -d 'Use this settings file instead of the nearest `dockopt.toml`' -r -F
complete -c dockopt -n "__fish_dockopt_needs_command" -l stdin-filename -d 'The path under which standard input is checked' -r
complete -c dockopt -n "__fish_dockopt_needs_command" -l color -d 'When to use colour; `auto` heeds `NO_COLOR` and `CLICOLOR_FORCE`' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dockopt -n "__fish_dockopt_needs_command" -l isolated -d 'Use no settings file'
complete -c dockopt -n "__fish_dockopt_needs_command" -l force-exclude -d 'Leave out what the settings exclude, and what lies in folders such as `vendor`, even where it is named here, as hooks name all files'
complete -c dockopt -n "__fish_dockopt_needs_command" -s q -l quiet -d 'Print what was found and nothing else: no summary, no notes'
complete -c dockopt -n "__fish_dockopt_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dockopt -n "__fish_dockopt_needs_command" -s V -l version -d 'Print version'
complete -c dockopt -n "__fish_dockopt_needs_command" -f -a "check" -d 'Say what is wrong with Dockerfiles; writes nothing'
complete -c dockopt -n "__fish_dockopt_needs_command" -f -a "fix" -d 'Apply the fixes that leave the image as it is, and say what is left'
complete -c dockopt -n "__fish_dockopt_needs_command" -f -a "builds" -d 'List which Dockerfile is built with which context, and where that is written'
complete -c dockopt -n "__fish_dockopt_needs_command" -f -a "context" -d 'Show what builds send of their contexts, and which instruction needs it'
complete -c dockopt -n "__fish_dockopt_needs_command" -f -a "bench" -d 'Build images before and after the fixes, and compare the times and the sizes'
complete -c dockopt -n "__fish_dockopt_needs_command" -f -a "doctor" -d 'Say whether this machine is set up for quick builds, and what to type next'
complete -c dockopt -n "__fish_dockopt_needs_command" -f -a "explain" -d 'Print the page of a rule'
complete -c dockopt -n "__fish_dockopt_needs_command" -f -a "rules" -d 'List the rules'
complete -c dockopt -n "__fish_dockopt_needs_command" -f -a "init" -d 'Write what a repository needs to build its images well, from the builds that it has: a Bake file, overlays for Compose, a script, a GitHub workflow, a pre-commit hook'
complete -c dockopt -n "__fish_dockopt_needs_command" -f -a "syntax" -d 'Print how Dockerfiles are read: one line of JSON for each'
complete -c dockopt -n "__fish_dockopt_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c dockopt -n "__fish_dockopt_using_subcommand check" -l output-file -d 'Write the findings to a file, too, in a format of its own, such as `sarif=dockopt.sarif`; may be repeated' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand check" -l baseline -d 'Do not tell of the findings in this file; `--write-baseline` of `check` makes it' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand check" -l diff-base -d 'Tell only of lines that differ from where this git revision and `HEAD` have parted, as in a pull request' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand check" -l add-ignores -d 'Write a comment above each instruction with findings that silences them, with a reason if one is given' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand check" -l format -d 'How to print what was found; `human` if nothing is said' -r -f -a "human\t'For people, with the lines in question'
short\t'`path:line:column: name: message`'
json\t'For programs'
sarif\t'SARIF 2.1.0, for code scanning'
github\t'Annotations of GitHub Actions'
gitlab\t'A code quality report of GitLab'
junit\t'JUnit XML'
checkstyle\t'Checkstyle XML'
rdjson\t'For reviewdog, with suggestions'
sonarqube\t'Generic issues of SonarQube'
markdown\t'A table for a comment on a pull request'
hadolint-tty\t'As `hadolint --format tty`'
hadolint-json\t'As `hadolint --format json`'
hadolint-codeclimate\t'As `hadolint --format codeclimate`'
svg\t'A picture, of `dockopt bench` and `dockopt context` only'"
complete -c dockopt -n "__fish_dockopt_using_subcommand check" -l select -d 'Run only these rules: names, families (those of their rules that run by themselves), codes of other tools, `hadolint`, `buildkit`, or `all`' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand check" -l ignore -d 'Do not run these rules' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand check" -l profile -d 'Which rules run if none are selected: dockopt\'s own choice, or what hadolint reports' -r -f -a "default\t''
hadolint\t''"
complete -c dockopt -n "__fish_dockopt_using_subcommand check" -l shellcheck -d 'Ask this program of ShellCheck about the commands of `RUN`, instead of what is inside dockopt' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand check" -l fail-on -d 'The lowest level of a finding that makes the exit code 1' -r -f -a "note\t''
warning\t''
error\t''
never\t''"
complete -c dockopt -n "__fish_dockopt_using_subcommand check" -l config -d 'Use this settings file instead of the nearest `dockopt.toml`' -r -F
complete -c dockopt -n "__fish_dockopt_using_subcommand check" -l stdin-filename -d 'The path under which standard input is checked' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand check" -l color -d 'When to use colour; `auto` heeds `NO_COLOR` and `CLICOLOR_FORCE`' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dockopt -n "__fish_dockopt_using_subcommand check" -l statistics -d 'Print how often each rule has found something, instead of what it found'
complete -c dockopt -n "__fish_dockopt_using_subcommand check" -l write-baseline -d 'Write all findings to the baseline, which is then not told again'
complete -c dockopt -n "__fish_dockopt_using_subcommand check" -l isolated -d 'Use no settings file'
complete -c dockopt -n "__fish_dockopt_using_subcommand check" -l force-exclude -d 'Leave out what the settings exclude, and what lies in folders such as `vendor`, even where it is named here, as hooks name all files'
complete -c dockopt -n "__fish_dockopt_using_subcommand check" -s q -l quiet -d 'Print what was found and nothing else: no summary, no notes'
complete -c dockopt -n "__fish_dockopt_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dockopt -n "__fish_dockopt_using_subcommand fix" -l output-file -d 'Write the findings to a file, too, in a format of its own, such as `sarif=dockopt.sarif`; may be repeated' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand fix" -l baseline -d 'Do not tell of the findings in this file; `--write-baseline` of `check` makes it' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand fix" -l format -d 'How to print what was found; `human` if nothing is said' -r -f -a "human\t'For people, with the lines in question'
short\t'`path:line:column: name: message`'
json\t'For programs'
sarif\t'SARIF 2.1.0, for code scanning'
github\t'Annotations of GitHub Actions'
gitlab\t'A code quality report of GitLab'
junit\t'JUnit XML'
checkstyle\t'Checkstyle XML'
rdjson\t'For reviewdog, with suggestions'
sonarqube\t'Generic issues of SonarQube'
markdown\t'A table for a comment on a pull request'
hadolint-tty\t'As `hadolint --format tty`'
hadolint-json\t'As `hadolint --format json`'
hadolint-codeclimate\t'As `hadolint --format codeclimate`'
svg\t'A picture, of `dockopt bench` and `dockopt context` only'"
complete -c dockopt -n "__fish_dockopt_using_subcommand fix" -l select -d 'Run only these rules: names, families (those of their rules that run by themselves), codes of other tools, `hadolint`, `buildkit`, or `all`' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand fix" -l ignore -d 'Do not run these rules' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand fix" -l profile -d 'Which rules run if none are selected: dockopt\'s own choice, or what hadolint reports' -r -f -a "default\t''
hadolint\t''"
complete -c dockopt -n "__fish_dockopt_using_subcommand fix" -l shellcheck -d 'Ask this program of ShellCheck about the commands of `RUN`, instead of what is inside dockopt' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand fix" -l fail-on -d 'The lowest level of a finding that makes the exit code 1' -r -f -a "note\t''
warning\t''
error\t''
never\t''"
complete -c dockopt -n "__fish_dockopt_using_subcommand fix" -l config -d 'Use this settings file instead of the nearest `dockopt.toml`' -r -F
complete -c dockopt -n "__fish_dockopt_using_subcommand fix" -l stdin-filename -d 'The path under which standard input is checked' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand fix" -l color -d 'When to use colour; `auto` heeds `NO_COLOR` and `CLICOLOR_FORCE`' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dockopt -n "__fish_dockopt_using_subcommand fix" -l unsafe-fixes -d 'Apply also the fixes after which the image, or how it is built, may differ'
complete -c dockopt -n "__fish_dockopt_using_subcommand fix" -l diff -d 'Print a unified diff and write nothing; exit with 1 if there is a difference'
complete -c dockopt -n "__fish_dockopt_using_subcommand fix" -l isolated -d 'Use no settings file'
complete -c dockopt -n "__fish_dockopt_using_subcommand fix" -l force-exclude -d 'Leave out what the settings exclude, and what lies in folders such as `vendor`, even where it is named here, as hooks name all files'
complete -c dockopt -n "__fish_dockopt_using_subcommand fix" -s q -l quiet -d 'Print what was found and nothing else: no summary, no notes'
complete -c dockopt -n "__fish_dockopt_using_subcommand fix" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dockopt -n "__fish_dockopt_using_subcommand builds" -l format -d 'How to print what was found; `human` if nothing is said' -r -f -a "human\t'For people, with the lines in question'
short\t'`path:line:column: name: message`'
json\t'For programs'
sarif\t'SARIF 2.1.0, for code scanning'
github\t'Annotations of GitHub Actions'
gitlab\t'A code quality report of GitLab'
junit\t'JUnit XML'
checkstyle\t'Checkstyle XML'
rdjson\t'For reviewdog, with suggestions'
sonarqube\t'Generic issues of SonarQube'
markdown\t'A table for a comment on a pull request'
hadolint-tty\t'As `hadolint --format tty`'
hadolint-json\t'As `hadolint --format json`'
hadolint-codeclimate\t'As `hadolint --format codeclimate`'
svg\t'A picture, of `dockopt bench` and `dockopt context` only'"
complete -c dockopt -n "__fish_dockopt_using_subcommand builds" -l select -d 'Run only these rules: names, families (those of their rules that run by themselves), codes of other tools, `hadolint`, `buildkit`, or `all`' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand builds" -l ignore -d 'Do not run these rules' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand builds" -l profile -d 'Which rules run if none are selected: dockopt\'s own choice, or what hadolint reports' -r -f -a "default\t''
hadolint\t''"
complete -c dockopt -n "__fish_dockopt_using_subcommand builds" -l shellcheck -d 'Ask this program of ShellCheck about the commands of `RUN`, instead of what is inside dockopt' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand builds" -l fail-on -d 'The lowest level of a finding that makes the exit code 1' -r -f -a "note\t''
warning\t''
error\t''
never\t''"
complete -c dockopt -n "__fish_dockopt_using_subcommand builds" -l config -d 'Use this settings file instead of the nearest `dockopt.toml`' -r -F
complete -c dockopt -n "__fish_dockopt_using_subcommand builds" -l stdin-filename -d 'The path under which standard input is checked' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand builds" -l color -d 'When to use colour; `auto` heeds `NO_COLOR` and `CLICOLOR_FORCE`' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dockopt -n "__fish_dockopt_using_subcommand builds" -l isolated -d 'Use no settings file'
complete -c dockopt -n "__fish_dockopt_using_subcommand builds" -l force-exclude -d 'Leave out what the settings exclude, and what lies in folders such as `vendor`, even where it is named here, as hooks name all files'
complete -c dockopt -n "__fish_dockopt_using_subcommand builds" -s q -l quiet -d 'Print what was found and nothing else: no summary, no notes'
complete -c dockopt -n "__fish_dockopt_using_subcommand builds" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dockopt -n "__fish_dockopt_using_subcommand context" -l format -d 'How to print what was found; `human` if nothing is said' -r -f -a "human\t'For people, with the lines in question'
short\t'`path:line:column: name: message`'
json\t'For programs'
sarif\t'SARIF 2.1.0, for code scanning'
github\t'Annotations of GitHub Actions'
gitlab\t'A code quality report of GitLab'
junit\t'JUnit XML'
checkstyle\t'Checkstyle XML'
rdjson\t'For reviewdog, with suggestions'
sonarqube\t'Generic issues of SonarQube'
markdown\t'A table for a comment on a pull request'
hadolint-tty\t'As `hadolint --format tty`'
hadolint-json\t'As `hadolint --format json`'
hadolint-codeclimate\t'As `hadolint --format codeclimate`'
svg\t'A picture, of `dockopt bench` and `dockopt context` only'"
complete -c dockopt -n "__fish_dockopt_using_subcommand context" -l select -d 'Run only these rules: names, families (those of their rules that run by themselves), codes of other tools, `hadolint`, `buildkit`, or `all`' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand context" -l ignore -d 'Do not run these rules' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand context" -l profile -d 'Which rules run if none are selected: dockopt\'s own choice, or what hadolint reports' -r -f -a "default\t''
hadolint\t''"
complete -c dockopt -n "__fish_dockopt_using_subcommand context" -l shellcheck -d 'Ask this program of ShellCheck about the commands of `RUN`, instead of what is inside dockopt' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand context" -l fail-on -d 'The lowest level of a finding that makes the exit code 1' -r -f -a "note\t''
warning\t''
error\t''
never\t''"
complete -c dockopt -n "__fish_dockopt_using_subcommand context" -l config -d 'Use this settings file instead of the nearest `dockopt.toml`' -r -F
complete -c dockopt -n "__fish_dockopt_using_subcommand context" -l stdin-filename -d 'The path under which standard input is checked' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand context" -l color -d 'When to use colour; `auto` heeds `NO_COLOR` and `CLICOLOR_FORCE`' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dockopt -n "__fish_dockopt_using_subcommand context" -l all -d 'List the files that the ignore file leaves of the folder, whether a Dockerfile copies them or not'
complete -c dockopt -n "__fish_dockopt_using_subcommand context" -l ignored -d 'Look also into ignored folders, to count what they keep back'
complete -c dockopt -n "__fish_dockopt_using_subcommand context" -l isolated -d 'Use no settings file'
complete -c dockopt -n "__fish_dockopt_using_subcommand context" -l force-exclude -d 'Leave out what the settings exclude, and what lies in folders such as `vendor`, even where it is named here, as hooks name all files'
complete -c dockopt -n "__fish_dockopt_using_subcommand context" -s q -l quiet -d 'Print what was found and nothing else: no summary, no notes'
complete -c dockopt -n "__fish_dockopt_using_subcommand context" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dockopt -n "__fish_dockopt_using_subcommand bench" -l runs -d 'How often to build all; the medians are told' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand bench" -l only -d 'Build only these images, by their names, and what they are built on' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand bench" -l change -d 'Build after this change instead of one of the manifest: the files of a folder are laid over the copy; may be repeated' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand bench" -l format -d 'How to print what was found; `human` if nothing is said' -r -f -a "human\t'For people, with the lines in question'
short\t'`path:line:column: name: message`'
json\t'For programs'
sarif\t'SARIF 2.1.0, for code scanning'
github\t'Annotations of GitHub Actions'
gitlab\t'A code quality report of GitLab'
junit\t'JUnit XML'
checkstyle\t'Checkstyle XML'
rdjson\t'For reviewdog, with suggestions'
sonarqube\t'Generic issues of SonarQube'
markdown\t'A table for a comment on a pull request'
hadolint-tty\t'As `hadolint --format tty`'
hadolint-json\t'As `hadolint --format json`'
hadolint-codeclimate\t'As `hadolint --format codeclimate`'
svg\t'A picture, of `dockopt bench` and `dockopt context` only'"
complete -c dockopt -n "__fish_dockopt_using_subcommand bench" -l select -d 'Run only these rules: names, families (those of their rules that run by themselves), codes of other tools, `hadolint`, `buildkit`, or `all`' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand bench" -l ignore -d 'Do not run these rules' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand bench" -l profile -d 'Which rules run if none are selected: dockopt\'s own choice, or what hadolint reports' -r -f -a "default\t''
hadolint\t''"
complete -c dockopt -n "__fish_dockopt_using_subcommand bench" -l shellcheck -d 'Ask this program of ShellCheck about the commands of `RUN`, instead of what is inside dockopt' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand bench" -l fail-on -d 'The lowest level of a finding that makes the exit code 1' -r -f -a "note\t''
warning\t''
error\t''
never\t''"
complete -c dockopt -n "__fish_dockopt_using_subcommand bench" -l config -d 'Use this settings file instead of the nearest `dockopt.toml`' -r -F
complete -c dockopt -n "__fish_dockopt_using_subcommand bench" -l stdin-filename -d 'The path under which standard input is checked' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand bench" -l color -d 'When to use colour; `auto` heeds `NO_COLOR` and `CLICOLOR_FORCE`' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dockopt -n "__fish_dockopt_using_subcommand bench" -l unsafe-fixes -d 'Build also what `fix --unsafe-fixes` leaves'
complete -c dockopt -n "__fish_dockopt_using_subcommand bench" -l at-once -d 'Build all images at once, instead of one after the other'
complete -c dockopt -n "__fish_dockopt_using_subcommand bench" -l keep-images -d 'Leave the images that were built, tagged `dockopt-bench-…`'
complete -c dockopt -n "__fish_dockopt_using_subcommand bench" -l isolated -d 'Use no settings file'
complete -c dockopt -n "__fish_dockopt_using_subcommand bench" -l force-exclude -d 'Leave out what the settings exclude, and what lies in folders such as `vendor`, even where it is named here, as hooks name all files'
complete -c dockopt -n "__fish_dockopt_using_subcommand bench" -s q -l quiet -d 'Print what was found and nothing else: no summary, no notes'
complete -c dockopt -n "__fish_dockopt_using_subcommand bench" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dockopt -n "__fish_dockopt_using_subcommand doctor" -l format -d 'How to print what was found; `human` if nothing is said' -r -f -a "human\t'For people, with the lines in question'
short\t'`path:line:column: name: message`'
json\t'For programs'
sarif\t'SARIF 2.1.0, for code scanning'
github\t'Annotations of GitHub Actions'
gitlab\t'A code quality report of GitLab'
junit\t'JUnit XML'
checkstyle\t'Checkstyle XML'
rdjson\t'For reviewdog, with suggestions'
sonarqube\t'Generic issues of SonarQube'
markdown\t'A table for a comment on a pull request'
hadolint-tty\t'As `hadolint --format tty`'
hadolint-json\t'As `hadolint --format json`'
hadolint-codeclimate\t'As `hadolint --format codeclimate`'
svg\t'A picture, of `dockopt bench` and `dockopt context` only'"
complete -c dockopt -n "__fish_dockopt_using_subcommand doctor" -l select -d 'Run only these rules: names, families (those of their rules that run by themselves), codes of other tools, `hadolint`, `buildkit`, or `all`' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand doctor" -l ignore -d 'Do not run these rules' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand doctor" -l profile -d 'Which rules run if none are selected: dockopt\'s own choice, or what hadolint reports' -r -f -a "default\t''
hadolint\t''"
complete -c dockopt -n "__fish_dockopt_using_subcommand doctor" -l shellcheck -d 'Ask this program of ShellCheck about the commands of `RUN`, instead of what is inside dockopt' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand doctor" -l fail-on -d 'The lowest level of a finding that makes the exit code 1' -r -f -a "note\t''
warning\t''
error\t''
never\t''"
complete -c dockopt -n "__fish_dockopt_using_subcommand doctor" -l config -d 'Use this settings file instead of the nearest `dockopt.toml`' -r -F
complete -c dockopt -n "__fish_dockopt_using_subcommand doctor" -l stdin-filename -d 'The path under which standard input is checked' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand doctor" -l color -d 'When to use colour; `auto` heeds `NO_COLOR` and `CLICOLOR_FORCE`' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dockopt -n "__fish_dockopt_using_subcommand doctor" -l isolated -d 'Use no settings file'
complete -c dockopt -n "__fish_dockopt_using_subcommand doctor" -l force-exclude -d 'Leave out what the settings exclude, and what lies in folders such as `vendor`, even where it is named here, as hooks name all files'
complete -c dockopt -n "__fish_dockopt_using_subcommand doctor" -s q -l quiet -d 'Print what was found and nothing else: no summary, no notes'
complete -c dockopt -n "__fish_dockopt_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dockopt -n "__fish_dockopt_using_subcommand explain" -l format -d 'How to print what was found; `human` if nothing is said' -r -f -a "human\t'For people, with the lines in question'
short\t'`path:line:column: name: message`'
json\t'For programs'
sarif\t'SARIF 2.1.0, for code scanning'
github\t'Annotations of GitHub Actions'
gitlab\t'A code quality report of GitLab'
junit\t'JUnit XML'
checkstyle\t'Checkstyle XML'
rdjson\t'For reviewdog, with suggestions'
sonarqube\t'Generic issues of SonarQube'
markdown\t'A table for a comment on a pull request'
hadolint-tty\t'As `hadolint --format tty`'
hadolint-json\t'As `hadolint --format json`'
hadolint-codeclimate\t'As `hadolint --format codeclimate`'
svg\t'A picture, of `dockopt bench` and `dockopt context` only'"
complete -c dockopt -n "__fish_dockopt_using_subcommand explain" -l select -d 'Run only these rules: names, families (those of their rules that run by themselves), codes of other tools, `hadolint`, `buildkit`, or `all`' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand explain" -l ignore -d 'Do not run these rules' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand explain" -l profile -d 'Which rules run if none are selected: dockopt\'s own choice, or what hadolint reports' -r -f -a "default\t''
hadolint\t''"
complete -c dockopt -n "__fish_dockopt_using_subcommand explain" -l shellcheck -d 'Ask this program of ShellCheck about the commands of `RUN`, instead of what is inside dockopt' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand explain" -l fail-on -d 'The lowest level of a finding that makes the exit code 1' -r -f -a "note\t''
warning\t''
error\t''
never\t''"
complete -c dockopt -n "__fish_dockopt_using_subcommand explain" -l config -d 'Use this settings file instead of the nearest `dockopt.toml`' -r -F
complete -c dockopt -n "__fish_dockopt_using_subcommand explain" -l stdin-filename -d 'The path under which standard input is checked' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand explain" -l color -d 'When to use colour; `auto` heeds `NO_COLOR` and `CLICOLOR_FORCE`' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dockopt -n "__fish_dockopt_using_subcommand explain" -l isolated -d 'Use no settings file'
complete -c dockopt -n "__fish_dockopt_using_subcommand explain" -l force-exclude -d 'Leave out what the settings exclude, and what lies in folders such as `vendor`, even where it is named here, as hooks name all files'
complete -c dockopt -n "__fish_dockopt_using_subcommand explain" -s q -l quiet -d 'Print what was found and nothing else: no summary, no notes'
complete -c dockopt -n "__fish_dockopt_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dockopt -n "__fish_dockopt_using_subcommand rules" -l format -d 'How to print what was found; `human` if nothing is said' -r -f -a "human\t'For people, with the lines in question'
short\t'`path:line:column: name: message`'
json\t'For programs'
sarif\t'SARIF 2.1.0, for code scanning'
github\t'Annotations of GitHub Actions'
gitlab\t'A code quality report of GitLab'
junit\t'JUnit XML'
checkstyle\t'Checkstyle XML'
rdjson\t'For reviewdog, with suggestions'
sonarqube\t'Generic issues of SonarQube'
markdown\t'A table for a comment on a pull request'
hadolint-tty\t'As `hadolint --format tty`'
hadolint-json\t'As `hadolint --format json`'
hadolint-codeclimate\t'As `hadolint --format codeclimate`'
svg\t'A picture, of `dockopt bench` and `dockopt context` only'"
complete -c dockopt -n "__fish_dockopt_using_subcommand rules" -l select -d 'Run only these rules: names, families (those of their rules that run by themselves), codes of other tools, `hadolint`, `buildkit`, or `all`' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand rules" -l ignore -d 'Do not run these rules' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand rules" -l profile -d 'Which rules run if none are selected: dockopt\'s own choice, or what hadolint reports' -r -f -a "default\t''
hadolint\t''"
complete -c dockopt -n "__fish_dockopt_using_subcommand rules" -l shellcheck -d 'Ask this program of ShellCheck about the commands of `RUN`, instead of what is inside dockopt' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand rules" -l fail-on -d 'The lowest level of a finding that makes the exit code 1' -r -f -a "note\t''
warning\t''
error\t''
never\t''"
complete -c dockopt -n "__fish_dockopt_using_subcommand rules" -l config -d 'Use this settings file instead of the nearest `dockopt.toml`' -r -F
complete -c dockopt -n "__fish_dockopt_using_subcommand rules" -l stdin-filename -d 'The path under which standard input is checked' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand rules" -l color -d 'When to use colour; `auto` heeds `NO_COLOR` and `CLICOLOR_FORCE`' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dockopt -n "__fish_dockopt_using_subcommand rules" -l isolated -d 'Use no settings file'
complete -c dockopt -n "__fish_dockopt_using_subcommand rules" -l force-exclude -d 'Leave out what the settings exclude, and what lies in folders such as `vendor`, even where it is named here, as hooks name all files'
complete -c dockopt -n "__fish_dockopt_using_subcommand rules" -s q -l quiet -d 'Print what was found and nothing else: no summary, no notes'
complete -c dockopt -n "__fish_dockopt_using_subcommand rules" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dockopt -n "__fish_dockopt_using_subcommand init" -l only -d 'Write only these files' -r -f -a "bake\t'builds all images with one command, each after those that it is built on'
compose\t'an overlay for Compose that takes layers from a registry'
dev\t'mounts the package caches of the host into the containers'
script\t'starts the builds with what they need'
workflow\t'builds in GitHub Actions, and keeps the layers in the registry'
pre-commit\t'checks Dockerfiles before each commit'"
complete -c dockopt -n "__fish_dockopt_using_subcommand init" -l from-hadolint -d 'Write `dockopt.toml` from the configuration of hadolint instead: this file, or the one that hadolint would use' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand init" -l format -d 'How to print what was found; `human` if nothing is said' -r -f -a "human\t'For people, with the lines in question'
short\t'`path:line:column: name: message`'
json\t'For programs'
sarif\t'SARIF 2.1.0, for code scanning'
github\t'Annotations of GitHub Actions'
gitlab\t'A code quality report of GitLab'
junit\t'JUnit XML'
checkstyle\t'Checkstyle XML'
rdjson\t'For reviewdog, with suggestions'
sonarqube\t'Generic issues of SonarQube'
markdown\t'A table for a comment on a pull request'
hadolint-tty\t'As `hadolint --format tty`'
hadolint-json\t'As `hadolint --format json`'
hadolint-codeclimate\t'As `hadolint --format codeclimate`'
svg\t'A picture, of `dockopt bench` and `dockopt context` only'"
complete -c dockopt -n "__fish_dockopt_using_subcommand init" -l select -d 'Run only these rules: names, families (those of their rules that run by themselves), codes of other tools, `hadolint`, `buildkit`, or `all`' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand init" -l ignore -d 'Do not run these rules' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand init" -l profile -d 'Which rules run if none are selected: dockopt\'s own choice, or what hadolint reports' -r -f -a "default\t''
hadolint\t''"
complete -c dockopt -n "__fish_dockopt_using_subcommand init" -l shellcheck -d 'Ask this program of ShellCheck about the commands of `RUN`, instead of what is inside dockopt' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand init" -l fail-on -d 'The lowest level of a finding that makes the exit code 1' -r -f -a "note\t''
warning\t''
error\t''
never\t''"
complete -c dockopt -n "__fish_dockopt_using_subcommand init" -l config -d 'Use this settings file instead of the nearest `dockopt.toml`' -r -F
complete -c dockopt -n "__fish_dockopt_using_subcommand init" -l stdin-filename -d 'The path under which standard input is checked' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand init" -l color -d 'When to use colour; `auto` heeds `NO_COLOR` and `CLICOLOR_FORCE`' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dockopt -n "__fish_dockopt_using_subcommand init" -l dry-run -d 'List what would be written, and write nothing'
complete -c dockopt -n "__fish_dockopt_using_subcommand init" -l isolated -d 'Use no settings file'
complete -c dockopt -n "__fish_dockopt_using_subcommand init" -l force-exclude -d 'Leave out what the settings exclude, and what lies in folders such as `vendor`, even where it is named here, as hooks name all files'
complete -c dockopt -n "__fish_dockopt_using_subcommand init" -s q -l quiet -d 'Print what was found and nothing else: no summary, no notes'
complete -c dockopt -n "__fish_dockopt_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dockopt -n "__fish_dockopt_using_subcommand syntax" -l format -d 'How to print what was found; `human` if nothing is said' -r -f -a "human\t'For people, with the lines in question'
short\t'`path:line:column: name: message`'
json\t'For programs'
sarif\t'SARIF 2.1.0, for code scanning'
github\t'Annotations of GitHub Actions'
gitlab\t'A code quality report of GitLab'
junit\t'JUnit XML'
checkstyle\t'Checkstyle XML'
rdjson\t'For reviewdog, with suggestions'
sonarqube\t'Generic issues of SonarQube'
markdown\t'A table for a comment on a pull request'
hadolint-tty\t'As `hadolint --format tty`'
hadolint-json\t'As `hadolint --format json`'
hadolint-codeclimate\t'As `hadolint --format codeclimate`'
svg\t'A picture, of `dockopt bench` and `dockopt context` only'"
complete -c dockopt -n "__fish_dockopt_using_subcommand syntax" -l select -d 'Run only these rules: names, families (those of their rules that run by themselves), codes of other tools, `hadolint`, `buildkit`, or `all`' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand syntax" -l ignore -d 'Do not run these rules' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand syntax" -l profile -d 'Which rules run if none are selected: dockopt\'s own choice, or what hadolint reports' -r -f -a "default\t''
hadolint\t''"
complete -c dockopt -n "__fish_dockopt_using_subcommand syntax" -l shellcheck -d 'Ask this program of ShellCheck about the commands of `RUN`, instead of what is inside dockopt' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand syntax" -l fail-on -d 'The lowest level of a finding that makes the exit code 1' -r -f -a "note\t''
warning\t''
error\t''
never\t''"
complete -c dockopt -n "__fish_dockopt_using_subcommand syntax" -l config -d 'Use this settings file instead of the nearest `dockopt.toml`' -r -F
complete -c dockopt -n "__fish_dockopt_using_subcommand syntax" -l stdin-filename -d 'The path under which standard input is checked' -r
complete -c dockopt -n "__fish_dockopt_using_subcommand syntax" -l color -d 'When to use colour; `auto` heeds `NO_COLOR` and `CLICOLOR_FORCE`' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dockopt -n "__fish_dockopt_using_subcommand syntax" -l isolated -d 'Use no settings file'
complete -c dockopt -n "__fish_dockopt_using_subcommand syntax" -l force-exclude -d 'Leave out what the settings exclude, and what lies in folders such as `vendor`, even where it is named here, as hooks name all files'
complete -c dockopt -n "__fish_dockopt_using_subcommand syntax" -s q -l quiet -d 'Print what was found and nothing else: no summary, no notes'
complete -c dockopt -n "__fish_dockopt_using_subcommand syntax" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dockopt -n "__fish_dockopt_using_subcommand help; and not __fish_seen_subcommand_from check fix builds context bench doctor explain rules init syntax help" -f -a "check" -d 'Say what is wrong with Dockerfiles; writes nothing'
complete -c dockopt -n "__fish_dockopt_using_subcommand help; and not __fish_seen_subcommand_from check fix builds context bench doctor explain rules init syntax help" -f -a "fix" -d 'Apply the fixes that leave the image as it is, and say what is left'
complete -c dockopt -n "__fish_dockopt_using_subcommand help; and not __fish_seen_subcommand_from check fix builds context bench doctor explain rules init syntax help" -f -a "builds" -d 'List which Dockerfile is built with which context, and where that is written'
complete -c dockopt -n "__fish_dockopt_using_subcommand help; and not __fish_seen_subcommand_from check fix builds context bench doctor explain rules init syntax help" -f -a "context" -d 'Show what builds send of their contexts, and which instruction needs it'
complete -c dockopt -n "__fish_dockopt_using_subcommand help; and not __fish_seen_subcommand_from check fix builds context bench doctor explain rules init syntax help" -f -a "bench" -d 'Build images before and after the fixes, and compare the times and the sizes'
complete -c dockopt -n "__fish_dockopt_using_subcommand help; and not __fish_seen_subcommand_from check fix builds context bench doctor explain rules init syntax help" -f -a "doctor" -d 'Say whether this machine is set up for quick builds, and what to type next'
complete -c dockopt -n "__fish_dockopt_using_subcommand help; and not __fish_seen_subcommand_from check fix builds context bench doctor explain rules init syntax help" -f -a "explain" -d 'Print the page of a rule'
complete -c dockopt -n "__fish_dockopt_using_subcommand help; and not __fish_seen_subcommand_from check fix builds context bench doctor explain rules init syntax help" -f -a "rules" -d 'List the rules'
complete -c dockopt -n "__fish_dockopt_using_subcommand help; and not __fish_seen_subcommand_from check fix builds context bench doctor explain rules init syntax help" -f -a "init" -d 'Write what a repository needs to build its images well, from the builds that it has: a Bake file, overlays for Compose, a script, a GitHub workflow, a pre-commit hook'
complete -c dockopt -n "__fish_dockopt_using_subcommand help; and not __fish_seen_subcommand_from check fix builds context bench doctor explain rules init syntax help" -f -a "syntax" -d 'Print how Dockerfiles are read: one line of JSON for each'
complete -c dockopt -n "__fish_dockopt_using_subcommand help; and not __fish_seen_subcommand_from check fix builds context bench doctor explain rules init syntax help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
