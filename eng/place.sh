# shellcheck shell=bash
# Shared by eng/postgres and eng/redis: a private server that lives in one directory and answers on 127.0.0.1 only.
# Sourced after lib.sh by a script that defines start, stop, status and remove; run_command calls the requested command.
#
#   DIR     the directory as the caller names it       PLACE   its real path, once the script knows it
#   PORT    the requested port, or nothing             OWNER   the user who owns the server's files
#   EPHEMERAL  "yes" for tests

# shellcheck disable=SC2034 # EPHEMERAL is for the script that sources this file
run_command() {
  local command=${1:-}
  case $command in
    start | stop | status | remove) ;;
    *) sed -n '2,/^# shellcheck/{/^# shellcheck/d;s/^# \{0,1\}//p}' "$0" >&2; exit 2 ;;
  esac
  (($# >= 2)) || die "which directory? eng/${0##*/} $command DIR"
  DIR=$(realpath -ms -- "$2")
  shift 2
  PORT='' EPHEMERAL=''
  while (($# > 0)); do
    case $1 in
      --port) PORT=${2:-}; [[ $PORT =~ ^[0-9]+$ ]] || die "--port takes a number."; shift 2 ;;
      --ephemeral) EPHEMERAL=yes; shift ;;
      *) die "unknown option '$1'." ;;
    esac
  done
  "$command"
}

# Two starts at once would both find no server and both make one. The lock is on the parent directory, because DIR itself
# may become a link; it ends with this process.
lock() {
  mkdir -p -- "${DIR%/*}/" 2>/dev/null || die "cannot create ${DIR%/*}: no permission, or the disk is full."
  exec 8<"${DIR%/*}/"
  flock 8
}

# The other user can certainly enter the directory /.
as_owner() {
  if ((EUID == 0)) && [[ $OWNER != root ]]; then (cd / && exec runuser -u "$OWNER" -- "$@"); else "$@"; fi
}

# Checked first, because a server on a full disk cannot even log why it ends.
need_space() {
  local free
  free=$(df -Pm -- "$PLACE" | awk 'NR == 2 { print $4 }')
  ((free >= $1)) || die "the disk is full: $PLACE has $free MB left and $2 needs $1 MB here."
}

# Protects a server that every user of the machine can reach: 48 random hex digits that only its owner can read.
make_password() {
  # shellcheck disable=SC2016 # $0 belongs to the inner shell
  [[ -s $PLACE/password ]] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' | as_owner sh -c 'umask 077; cat >"$0"' "$PLACE/password"
}

# The requested port, else the last one used, else a random one below the kernel's range for outgoing connections.
choose_port() {
  local port
  if [[ -n $PORT ]]; then
    ! port_taken "$PORT" || die "port $PORT is taken by another program; name another one."
    echo "$PORT"
    return
  fi
  port=$(cat -- "$PLACE/port" 2>/dev/null || echo $((20000 + RANDOM % 12000)))
  while port_taken "$port"; do port=$((20000 + RANDOM % 12000)); done
  echo "$port"
}

# Is the process of this pid file alive, and ours? After a reboot the number may belong to another program; our server's
# working directory is the data directory.
runs_in_data() {
  local pid
  pid=$(head -n 1 -- "$1" 2>/dev/null) && [[ -n $pid && -d /proc/$pid ]] && as_owner test "/proc/$pid/cwd" -ef "$PLACE/data"
}
