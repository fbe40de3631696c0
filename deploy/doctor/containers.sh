# Checks of the containers: which are well, start, crash at each start, or have stopped, and their last words.
# Part of scripts/doctor, which has `ok`, `warn`, `bad` and `$running`.

services=(mongo s3 mlflow prefect evidently prefect-worker mlserver monitor app api backup caddy)
one_shots=(secrets volumes accounts bootstrap)

# One question to the engine for all: "SERVICE ONE-OFF STATUS HEALTH RESTARTS KILLED-FOR-MEMORY EXIT-STATUS". A container
# of `docker compose run` has the label one-off, and is none of the appliance's.
declare -A state_of=()
read_containers() {
  local ids service once rest
  mapfile -t ids < <(docker compose ps --all --quiet 2>/dev/null)
  [ ${#ids[@]} -gt 0 ] || return 0
  while read -r service once rest; do
    [ "$once" = True ] || state_of[$service]=$rest
  done < <(docker inspect --format '{{index .Config.Labels "com.docker.compose.service"}} {{index .Config.Labels "com.docker.compose.oneoff"}} {{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}-{{end}} {{.RestartCount}} {{.State.OOMKilled}} {{.State.ExitCode}}' "${ids[@]}")
}
runs() { case $'\n'"$running"$'\n' in *$'\n'"$1"$'\n'*) return 0 ;; esac; return 1; }
memory_name() { local name=${1^^}; [ "$1" != prefect-worker ] || name=WORKER; echo "${name}_MEMORY"; }

# The line that most likely says why it ended: the last one with an error, or else the last.
last_words() {
  local lines words
  lines=$(docker compose logs --no-log-prefix --tail 60 "$1" 2>/dev/null | grep -v '^[[:space:]]*$')
  words=$(grep -E 'ERROR|CRITICAL|[Ee]rror: |not usable|refused' <<<"$lines" | tail -n 1)
  [ -n "$words" ] || words=$(tail -n 1 <<<"$lines")
  printf '%s' "${words:0:300}"
}

check_container() {
  local service=$1 status health restarts oom code advice="docker compose logs --tail 50 $1; docs/operations.md, When a service is down"
  if [ -z "${state_of[$service]:-}" ]; then
    bad "$service" "has no container" "docker compose up -d --wait"
    return
  fi
  read -r status health restarts oom code <<<"${state_of[$service]}"
  case $status:$health in
    running:healthy)
      if [ "$oom" = true ]; then
        warn "$service" "healthy, but was killed for its memory" "raise its limit in .env ($(memory_name "$service"))"
      elif [ "$restarts" -gt 3 ]; then
        warn "$service" "healthy, but restarted $restarts times" "docker compose logs $service"
      else ok "$service" healthy; fi ;;
    # The engine counts restarts after a crash from each start by a person or of the machine. So a first start has none.
    running:starting)
      if [ "$restarts" -gt 0 ]; then
        bad "$service" "crashes at its start, $restarts times so far: $(last_words "$service")" "$advice"
      else warn "$service" "starting" "wait a minute; then docker compose logs $service"; fi ;;
    restarting:*)
      bad "$service" "crashes at its start, $restarts times so far, with status $code: $(last_words "$service")" "$advice" ;;
    running:*) bad "$service" "$health" "$advice" ;;
    created:*) bad "$service" "was never started: what it needs is not well" "docker compose up -d --wait" ;;
    paused:*) bad "$service" "paused" "docker compose unpause $service" ;;
    *)
      if [ "$oom" = true ]; then
        bad "$service" "was killed for its memory and has stopped" "raise its limit in .env ($(memory_name "$service")), then docker compose up -d --wait"
      else
        bad "$service" "has stopped with status $code: $(last_words "$service")" "docker compose up -d --wait; $advice"
      fi ;;
  esac
}

# The set-up ends by itself; a failure keeps the others from starting.
check_one_shot() {
  local service=$1 status code
  read -r status _ _ _ code <<<"${state_of[$service]:-}"
  if [ "$status" = exited ] && [ "$code" != 0 ]; then
    bad "$service" "ended with status $code: $(last_words "$service")" "correct what it says, then docker compose up -d --wait"
  fi
}
