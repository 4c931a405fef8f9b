# shellcheck shell=bash
# The home of a CityHelper on this machine (CITYHELPER_HOME), its database and Redis, and the server's build: for eng/run and
# eng/cityhelper. Sourced after lib.sh.

HOME_DIR=$(realpath -ms -- "${CITYHELPER_HOME:-$ROOT/.cityhelper}")
export CITYHELPER_HOME=$HOME_DIR
SERVER_DLL=$ROOT/src/CityHelper.Server/bin/Release/net10.0/CityHelper.Server.dll

# A server in production needs keys that all servers of a site share; a developer's server makes its own.
export ASPNETCORE_ENVIRONMENT=${ASPNETCORE_ENVIRONMENT:-Development}
# The settings file is beside the program, whatever folder the server starts from.
export ASPNETCORE_CONTENTROOT=${ASPNETCORE_CONTENTROOT:-${SERVER_DLL%/*}}

make_home() { mkdir -p -- "$HOME_DIR" 2>/dev/null || die "cannot create $HOME_DIR: no permission, or the disk is full."; }

# --- The database and Redis -----------------------------------------------------------------------------------------------
#
# With CITYHELPER_DATABASE the database is the caller's, and nothing is started or stopped; the same with CITYHELPER_REDIS.
# Otherwise the home has private ones. A script starts those that do not run, and the last user stops them: every user holds a
# shared lock, and the one that can turn it into an exclusive lock is the last. A server started by hand (eng/postgres start,
# eng/redis start) stays; the files "postgres.started" and "redis.started" tell the two apart.

OURS=${CITYHELPER_OURS:-} # servers of the home in use; set for a process that continues with those of its parent

open_database() {
  [[ -z ${CITYHELPER_DATABASE:-} ]] || return 0
  local connection
  use_server postgres || die "PostgreSQL could not be started (see above)."
  export CITYHELPER_DATABASE=$connection
  if [[ $(sql "select count(*) from pg_database where datname = 'cityhelper'") == 0 ]]; then
    sql 'create database cityhelper' || [[ $(sql "select count(*) from pg_database where datname = 'cityhelper'") == 1 ]]
  fi
  CITYHELPER_DATABASE="${connection%;Database=*};Database=cityhelper"
}

# Without Redis the server runs from its files, so a missing Redis stops nothing.
open_redis() {
  [[ -z ${CITYHELPER_REDIS:-} ]] || return 0
  local connection
  if use_server redis; then
    export CITYHELPER_REDIS=$connection
  else
    say "Going on without Redis: operations come from the files alone, and none can be published or registered."
  fi
}

# Starts a server of the home if it does not run, and sets connection.
use_server() {
  local running=''
  OURS+=" $1"
  # CityHelper's server inherits the descriptor on purpose: while it lives, all of them are in use.
  exec 9>>"$HOME_DIR/servers.lock"
  flock -s 9
  if "$ENG/$1" status "$HOME_DIR/$1" >/dev/null 2>&1; then running=yes; fi
  connection=$("$ENG/$1" start "$HOME_DIR/$1" | tail -n 1) || return 1
  [[ -n $running ]] || incarnation "$1" >"$HOME_DIR/$1.started"
}

close_servers() {
  [[ -n $OURS ]] || return 0
  OURS=
  exec 9>&-
  exec 9>>"$HOME_DIR/servers.lock"
  if flock -nx 9; then
    stop_started redis
    stop_started postgres
  fi
  exec 9>&-
}

stop_started() {
  [[ -e $HOME_DIR/$1.started && $(<"$HOME_DIR/$1.started") == "$(incarnation "$1")" ]] || return 0
  "$ENG/$1" stop "$HOME_DIR/$1"
  rm -f -- "$HOME_DIR/$1.started"
}

# Identifies one start of a server: its process id and start time.
incarnation() {
  case $1 in
    postgres) sed -n '1p;3p' "$HOME_DIR/postgres/data/postmaster.pid" 2>/dev/null || true ;;
    redis) find "$HOME_DIR/redis/redis.pid" -printf '%T@ ' -exec cat {} \; 2>/dev/null || true ;;
  esac
}

# Runs a statement on the database of CITYHELPER_DATABASE with psql; the result is plain text.
sql() (
  unset "${!PG@}"
  IFS=';'
  for pair in $CITYHELPER_DATABASE; do
    value=${pair#*=}
    case $(tr -d ' ' <<<"${pair%%=*}" | tr '[:upper:]' '[:lower:]') in
      host | server) export PGHOST=$value ;;
      port) export PGPORT=$value ;;
      username | userid | user | uid) export PGUSER=$value ;;
      password | pwd) export PGPASSWORD=$value ;;
      database | db) export PGDATABASE=$value ;;
      sslmode) PGSSLMODE=$(tr '[:upper:]' '[:lower:]' <<<"$value") && export PGSSLMODE ;;
    esac
  done
  psql=$(command -v psql || postgres_versions | sed -n '1s/^[^ ]* \(.*\)/\1\/psql/p')
  "${psql:-psql}" -XAtq -v ON_ERROR_STOP=1 -c "$1" 9>&- </dev/null
)

# --- The server's build --------------------------------------------------------------------------------------------------

# Names, sizes and times of the build's inputs. An up-to-date 'dotnet build' takes three seconds, this 20 ms.
source_state() {
  (cd "$ROOT" && find src persisted-queries global.json .editorconfig Directory.*.props eng/BannedSymbols.txt \
    \( -name bin -o -name obj \) -prune -o -type f -printf '%p %s %T@\n' | LC_ALL=C sort | sha256sum)
}

build_server() {
  local stamp=$ROOT/src/CityHelper.Server/bin/built state log
  (
    flock 8 # two builds at once write the same files
    state=$(source_state)
    if [[ -e $SERVER_DLL && $(cat -- "$stamp" 2>/dev/null) == "$state" ]]; then exit 0; fi
    say "Building the server"
    log=$(mktemp)
    # Build servers would run for minutes after this command.
    if ! without_inherited_files dotnet build "$ROOT/src/CityHelper.Server" -c Release --nologo -v quiet \
      --disable-build-servers </dev/null >"$log" 2>&1; then
      cat -- "$log" >&2
      rm -f -- "$log"
      die "the server could not be built (see above)."
    fi
    rm -f -- "$log"
    echo "$state" >"$stamp"
  ) 8<"$ROOT/eng/home.sh"
}
