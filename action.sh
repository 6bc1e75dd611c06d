#!/usr/bin/env bash
# The steps of action.yml. Inputs come as CAVEAT_* variables, never as text of a script; results go
# to the files that GITHUB_OUTPUT and GITHUB_STEP_SUMMARY name.
set -euo pipefail

readonly ANNOTATIONS_OF_A_KIND=10
readonly SUMMARY_LINES=200

main() {
  case "${1:-}" in
    scan) scan ;;
    judge) judge ;;
    explain-upload) explain_upload ;;
    *)
      echo "usage: action.sh scan|judge|explain-upload" >&2
      exit 2
      ;;
  esac
}

# Runs caveat once. Findings do not fail this step, or they would not be uploaded; `judge` does.
scan() {
  local folder program code=0
  folder="$(mktemp -d "${RUNNER_TEMP:-/tmp}/caveat.XXXXXX")"
  program="$(find_program)"
  local -a words=(scan --color never --format concise --also "sarif=$folder/caveat.sarif")
  add_option --min-severity "${CAVEAT_MIN_SEVERITY:-}"
  add_option --min-confidence "${CAVEAT_MIN_CONFIDENCE:-}"
  add_option --fail-on "$(fail_on)"
  add_option --select "${CAVEAT_SELECT:-}"
  add_option --ignore "${CAVEAT_IGNORE:-}"
  add_option --sarif-category "${CAVEAT_CATEGORY:-}"
  local path
  for path in ${CAVEAT_RULES:-}; do words+=("--rules=$path"); done
  words+=(--)
  for path in ${CAVEAT_PATHS:-.}; do words+=("$path"); done
  cd "${GITHUB_WORKSPACE:-.}"
  "$program" "${words[@]}" >"$folder/findings.txt" || code=$?
  cat "$folder/findings.txt"
  if ((code > 1)); then
    echo "::error title=caveat::The scan could not be done; see the log of this step."
    exit "$code"
  fi
  set_output sarif-file "$folder/caveat.sarif"
  set_output findings "$(finding_lines "$folder/findings.txt" | wc -l | tr -d ' ')"
  set_output version "$("$program" --version | cut -d' ' -f2)"
  set_output exit-code "$code"
  if [[ "${CAVEAT_ANNOTATIONS:-false}" == true ]]; then annotate "$folder/findings.txt"; fi
  if [[ "${CAVEAT_SUMMARY:-true}" == true ]]; then summarize "$folder/findings.txt"; fi
}

# Adds `--option=value` to `words`, unless the value is empty.
add_option() {
  if [[ -n "$2" ]]; then words+=("$1=$2"); fi
}

fail_on() {
  if [[ -n "${CAVEAT_FAIL_ON:-}" ]]; then
    echo "$CAVEAT_FAIL_ON"
  elif [[ "${CAVEAT_UPLOAD:-true}" == true ]]; then
    echo never
  else
    echo low
  fi
}

# Prints the path of the program.
find_program() {
  case "${CAVEAT_VERSION:-source}" in
    system)
      command -v caveat || die "\`version: system\` needs caveat on the PATH"
      ;;
    source)
      local here target
      here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
      command -v cargo >/dev/null || die "\`version: source\` needs Rust on the runner"
      target="${RUNNER_TEMP:-$here/target}/caveat-target"
      # From its own folder, so that its toolchain file counts, not that of the scanned project.
      (cd "$here" && cargo build --quiet --release --locked --package caveat-cli \
        --target-dir "$target" >&2) || die "caveat could not be built"
      echo "$target/release/caveat"
      ;;
    *) die "\`version\` is \`source\` or \`system\`, not \`$CAVEAT_VERSION\`" ;;
  esac
}

die() {
  echo "::error title=caveat::$1" >&2
  exit 2
}

set_output() {
  echo "$1=$2" >>"${GITHUB_OUTPUT:-/dev/null}"
}

# The lines `path:line:col: severity[rule] message` of a report.
finding_lines() {
  grep -E '^.+:[0-9]+:[0-9]+: (critical|high|medium|low)\[' "$1" || true
}

# Workflow commands that mark lines. GitHub shows ten of a kind, so the worst come first.
annotate() {
  local kind severities
  for kind in error warning notice; do
    case "$kind" in
      error) severities='critical|high' ;;
      warning) severities='medium' ;;
      *) severities='low' ;;
    esac
    finding_lines "$1" \
      | grep -E "^.+:[0-9]+:[0-9]+: ($severities)\[" \
      | head -n "$ANNOTATIONS_OF_A_KIND" \
      | sed -E 's/%/%25/g' \
      | sed -E "s/^(.+):([0-9]+):([0-9]+): [a-z]+\[([^]]+)\] (.*)$/::$kind file=\1,line=\2,col=\3,title=\4::\5/" \
      || true
  done
}

# The report as text, cut before GitHub refuses it.
summarize() {
  {
    echo "### caveat"
    echo
    echo '````text'
    head -n "$SUMMARY_LINES" "$1"
    if (($(wc -l <"$1") > SUMMARY_LINES)); then
      echo "..."
      tail -n 1 "$1"
    fi
    echo '````'
  } >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
}

judge() {
  if [[ "${CAVEAT_EXIT_CODE:-0}" == 0 ]]; then return; fi
  echo "::error title=caveat::There are findings at or above \`fail-on\`."
  exit 1
}

explain_upload() {
  echo "::error title=caveat::The findings could not be uploaded. The job needs" \
    "\`permissions: {security-events: write, contents: read}\`, in private repositories also" \
    "\`actions: read\`, and code scanning must be enabled. Forks cannot upload: set" \
    "\`upload: false\` and \`annotations: true\` for them."
}

main "$@"
