#!/usr/bin/env bash
# The pre-commit hook `caveat-rust`: builds caveat in pre-commit's clone of this repository when it
# is not built yet, and runs it. `language: rust` would do the same, were the root of this
# repository a package; it is a workspace, which `cargo install --path .` refuses.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
program="$here/target/release/caveat"
if [[ ! -x "$program" ]]; then
  # From its own folder, so that its toolchain file counts, not that of the scanned project.
  (cd "$here" && cargo build --quiet --release --locked --package caveat-cli) || {
    echo "caveat could not be built; is Rust installed?" >&2
    exit 2
  }
fi
exec "$program" "$@"
