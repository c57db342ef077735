# shellcheck shell=bash
# Shared by the scripts in this folder; sourced, not run.
# Expects bash with `set -euo pipefail`.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly root

started_at=$(date +%s)
readonly started_at

say() { printf '[%3ds] %s\n' "$(($(date +%s) - started_at))" "$*" >&2; }

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# Runs a noisy step with its output in a log file, shown only when the step fails.
quietly() {
  local what=$1 log
  shift
  log=$(mktemp)
  if ! "$@" >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    rm -f "$log"
    fail "$what failed"
  fi
  rm -f "$log"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -- "$@"; fi
}

# Installs the named Debian packages that are missing. Nothing is asked of the network
# when all are present, so that a second start is quick.
need_packages() {
  local missing=()
  local package installed
  installed=$(dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
    sed --quiet 's/^installed //p' || true)
  for package in "$@"; do
    grep --quiet --line-regexp --fixed-strings "$package" <<<"$installed" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || fail "these packages are missing and there is no apt-get: ${missing[*]}"
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  # The answer of an unreachable third-party source must not stop us; a missing package will.
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update --quiet --quiet >/dev/null 2>&1 || true
  quietly "apt-get install" as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install --yes --quiet --no-install-recommends "${missing[@]}"
}

# One directory for what is fetched and built once; ignored by git.
cache_dir=${COTERIE_CACHE:-$root/.cache}
readonly cache_dir
export cache_dir # for whoever sources this

use_ccache() {
  # base_dir and no hash_dir: a clone in another folder shares the cache. The sloppiness
  # flags are what ccache's manual asks for with precompiled headers.
  export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
  export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
}
