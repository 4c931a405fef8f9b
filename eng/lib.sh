# shellcheck shell=bash
# Shared by the scripts in this folder: sourced, never run.
set -euo pipefail

ENG=$(cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck disable=SC2034 # used by the scripts that source this file
ROOT=${ENG%/*}

# Standard output is for results (connection strings, answers); messages to people go to standard error.
say() { printf '%s\n' "$*" >&2; }
die() { say "${0##*/}: $*"; exit 1; }

# The code below requires flock, /proc and GNU coreutils.
[[ $(uname -s) == Linux ]] ||
  die "these scripts need Linux (WSL is fine); elsewhere use 'docker compose up --wait', or your own PostgreSQL 15+ with PostGIS."

# The installed PostgreSQL versions that can run CityHelper (15 or later, with PostGIS), one "VERSION BINDIR" a line, newest
# first. Debian keeps versions side by side; other systems have the one of pg_config.
postgres_versions() {
  local bin version
  for bin in /usr/lib/postgresql/*/bin; do
    version=${bin#/usr/lib/postgresql/} version=${version%/bin}
    if [[ -x $bin/initdb && -e /usr/share/postgresql/$version/extension/postgis.control ]]; then
      printf '%s %s\n' "$version" "$bin"
    fi
  done | awk '$1 >= 15' | sort -rn
  if [[ ! -d /usr/lib/postgresql ]] && command -v pg_config >/dev/null; then
    bin=$(pg_config --bindir) version=$(pg_config --version | grep -oE '[0-9]+' | head -n 1)
    if [[ -x $bin/initdb && -e $(pg_config --sharedir)/extension/postgis.control ]] && ((version >= 15)); then
      printf '%s %s\n' "$version" "$bin"
    fi
  fi
}

# A Redis server program of version 7 or later (SET with NX and GET needs it), or nothing. Debian's package redis-tools has it without
# the service of redis-server: redis-check-rdb is the same program, and acts by the name under which it is started.
redis_program() {
  local name program
  for name in redis-server redis-check-rdb; do
    program=$(command -v "$name") || continue
    if (exec -a redis-server "$program" --version) 2>/dev/null | grep -qE ' v=([7-9]|[1-9][0-9]+)\.'; then
      echo "$program"
      return
    fi
  done
}

# Does anything listen on this port of 127.0.0.1?
port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Runs a command with standard input, output and error only. A process that outlives its script would otherwise keep inherited
# locks held and the caller's pipes open.
without_inherited_files() (
  for path in /proc/"$BASHPID"/fd/*; do
    fd=${path##*/}
    # 255 is the script itself, which bash closes on exec.
    if ((fd > 2 && fd != 255)); then eval "exec $fd>&-"; fi
  done
  "$@"
)
