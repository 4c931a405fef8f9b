# shellcheck shell=bash
# The home of a CityHelper on this machine (CITYHELPER_HOME), its database and the server's build: for eng/run and
# eng/cityhelper. Sourced after lib.sh.

HOME_DIR=$(realpath -ms -- "${CITYHELPER_HOME:-$ROOT/.cityhelper}")
export CITYHELPER_HOME=$HOME_DIR
SERVER_DLL=$ROOT/src/CityHelper.Server/bin/Release/net10.0/CityHelper.Server.dll

# A server in production wants keys that all servers of a site share; one on a developer's machine makes its own.
export ASPNETCORE_ENVIRONMENT=${ASPNETCORE_ENVIRONMENT:-Development}
# Its settings file lies beside it, whatever folder it is started from.
export ASPNETCORE_CONTENTROOT=${ASPNETCORE_CONTENTROOT:-${SERVER_DLL%/*}}

make_home() { mkdir -p -- "$HOME_DIR" 2>/dev/null || die "cannot create $HOME_DIR: no permission, or the disk is full."; }

# --- The database -------------------------------------------------------------------------------------------------------
#
# With CITYHELPER_DATABASE the database is the caller's, and nothing is started or stopped. Otherwise the home has a private
# cluster. Whoever needs it starts it if it does not run, and the last one to leave stops it: every user holds a shared
# lock, and who can turn it into an exclusive one is the last. A cluster that was started by hand (eng/postgres start)
# stays; the file "started" tells the two apart.

CLUSTER=$HOME_DIR/postgres
OUR_CLUSTER=${CITYHELPER_OUR_CLUSTER:-} # set for a process that carries on with the database of the one that started it

open_database() {
  [[ -z ${CITYHELPER_DATABASE:-} ]] || return 0
  local running='' connection
  OUR_CLUSTER=yes
  # The descriptor is inherited on purpose by the server: as long as it lives, the database is in use.
  exec 9>>"$HOME_DIR/database.lock"
  flock -s 9
  if "$ENG/postgres" status "$CLUSTER" >/dev/null 2>&1; then running=yes; fi
  connection=$("$ENG/postgres" start "$CLUSTER" | tail -n 1)
  [[ -n $running ]] || postmaster >"$HOME_DIR/database.started"
  export CITYHELPER_DATABASE=$connection
  if [[ $(sql "select count(*) from pg_database where datname = 'cityhelper'") == 0 ]]; then
    sql 'create database cityhelper' || [[ $(sql "select count(*) from pg_database where datname = 'cityhelper'") == 1 ]]
  fi
  CITYHELPER_DATABASE="${connection%;Database=*};Database=cityhelper"
}

close_database() {
  [[ -n $OUR_CLUSTER ]] || return 0
  OUR_CLUSTER=
  exec 9>&-
  exec 9>>"$HOME_DIR/database.lock"
  if flock -nx 9 && [[ -e $HOME_DIR/database.started && $(<"$HOME_DIR/database.started") == "$(postmaster)" ]]; then
    "$ENG/postgres" stop "$CLUSTER"
    rm -f -- "$HOME_DIR/database.started"
  fi
  exec 9>&-
}

# Process id and start time of the cluster's postmaster: one particular start of it.
postmaster() { sed -n '1p;3p' "$CLUSTER/data/postmaster.pid" 2>/dev/null || true; }

# Runs a statement on the database of CITYHELPER_DATABASE with psql; the answer is plain text.
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

# Names, sizes and times of what the build reads. An up-to-date 'dotnet build' takes three seconds, this 20 ms.
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
    # Build servers would stay for minutes after the command that started them.
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
