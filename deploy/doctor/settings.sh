# Checks of .env and settings.env: what nobody reads, what others may read, and what the running containers do not have.
# Part of scripts/doctor, which has `ok`, `warn`, `bad` and `setting`.

names_in() { sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p' "$1" 2>/dev/null | sort -u; }
mode_of() { stat -c %a "$1" 2>/dev/null || stat -f %Lp "$1"; }
unquoted() { local text=$1; case $text in \"*\" | \'*\') text=${text:1:-1} ;; esac; printf '%s' "$text"; }

# Names of .env.example up to, or from, the line that parts docker compose's from the services'.
compose_names() { sed -n '/^# === the services/q; s/^\(# \)\{0,1\}\([A-Z][A-Z0-9_]*\)=.*/\2/p' .env.example | sort -u; }
service_names() { sed -n '/^# === the services/,$ s/^\(# \)\{0,1\}\([A-Z][A-Z0-9_]*\)=.*/\2/p' .env.example | sort -u; }

check_names() {
  local name unread='' misplaced='' unknown=''
  while IFS= read -r name; do
    case $name in COMPOSE_* | DOCKER_* | BUILDKIT_*) continue ;; esac
    # Variables of your own may serve a compose.override.yaml of yours.
    if [ -e compose.override.yaml ] && grep -q "\${*$name" compose.override.yaml; then continue; fi
    if service_names | grep -qx "$name"; then misplaced="$misplaced $name"; else unread="$unread $name"; fi
  done < <(comm -23 <(names_in .env) <(compose_names))
  [ -z "$unread" ] || bad .env "nothing reads:$unread" "correct the name; .env.example has every variable"
  [ -z "$misplaced" ] || bad .env "nothing reads here:$misplaced" "move the line to settings.env"
  [ -e settings.env ] || return 0
  while IFS= read -r name; do
    case $name in CALLWISE_*) unknown="$unknown $name" ;; esac
  done < <(comm -23 <(names_in settings.env) <(service_names))
  [ -z "$unknown" ] || bad settings.env "unknown:$unknown; services with it do not start" "correct the name; .env.example has every variable"
}

check_mode_of_settings() {
  [ -e settings.env ] || return 0
  local mode
  mode=$(mode_of settings.env)
  case $mode in
    *00) ok settings.env "readable by its owner only" ;;
    *) bad settings.env "its mode is $mode: others may read the secrets in it" "chmod 600 settings.env" ;;
  esac
}

check_certificate_setting() {
  local tls port
  tls=$(unquoted "$(setting DOOR_TLS)")
  port=$(setting DOOR_PORT)
  if [ -z "$tls" ] || [ "$tls" = internal ]; then return 0; fi
  if [[ $tls =~ ^/[^[:space:]]+[[:space:]]+/[^[:space:]]+$ ]]; then return 0; fi
  if [[ $tls =~ ^[^@[:space:]/]+@[^@[:space:]/]+\.[^@[:space:]/]+$ ]]; then
    [ "${port:-8443}" = 443 ] ||
      bad certificate "Let's Encrypt asks on port 443, and DOOR_PORT is ${port:-8443}" "DOOR_PORT=443 in .env, or DOOR_TLS=internal"
    return 0
  fi
  bad certificate "DOOR_TLS=$tls is none of: internal, an e-mail address, two paths" "correct it in .env; docs/operations.md, Letting the team in"
}

# A container keeps the environment that it was made with, whatever .env says later; that of the service `secrets` has every
# secret of .env. `docker compose config --hash` would tell, but not for services with an env_file (docker/compose issue
# 14001). Names alone are printed, never values.
check_applied() {
  local ids service name value has known=$'\n' changed='' late=''
  declare -A wanted=()
  mapfile -t ids < <(docker compose ps --quiet 2>/dev/null; docker compose ps --all --quiet secrets 2>/dev/null)
  for file in .env settings.env; do
    [ -e "$file" ] || continue
    while IFS='=' read -r name value; do
      case $name in '' | *[!A-Za-z0-9_]*) ;; *) wanted[$name]=$(unquoted "$value") ;; esac
    done <"$file"
  done
  while IFS=' ' read -r service value; do
    [ -n "$value" ] || continue
    name=${value%%=*} has=${value#*=}
    [ -n "${wanted[$name]+set}" ] && [ "${wanted[$name]}" != "$has" ] || continue
    if [ "$service:$has" = secrets: ]; then late="$late $name"; continue; fi # at the start .env did not have it
    case $known in *$'\n'"$name"$'\n'*) ;; *) known="$known$name"$'\n' changed="$changed $name" ;; esac
  done < <([ ${#ids[@]} -eq 0 ] || docker inspect --format \
    '{{$service := index .Config.Labels "com.docker.compose.service"}}{{range .Config.Env}}{{$service}} {{println .}}{{end}}' "${ids[@]}" 2>/dev/null)
  [ -z "$late" ] || warn applied "in .env since the last start:$late" "docker compose up -d --wait takes them up"
  [ -n "$changed" ] || return 0
  case " $changed " in
    *" MONGO_ROOT_PASSWORD "*)
      if [ -n "${wanted[MONGO_ROOT_PASSWORD_BEFORE]:-}" ]; then # scripts/init --rotate: the set-up changes it in the database
        bad applied "changed, but not in use:$changed" "docker compose down && docker compose up -d --wait"
        return
      fi
      bad applied "changed, but not in use:$changed" "put the former one back, then scripts/init --rotate MONGO_ROOT_PASSWORD" ;;
    *) bad applied "changed, but not in use:$changed" "$(start_for $changed)" ;;
  esac
}

# While a rotation waits, `up` alone hands out new accounts and keys that the services that run on do not learn. The door
# has neither.
start_for() {
  local name
  if compgen -G '.env.rotated-*' >/dev/null; then
    for name in "$@"; do
      case $name in DOOR_*) ;; *) echo 'docker compose down && docker compose up -d --wait'; return ;; esac
    done
  fi
  echo 'docker compose up -d --wait'
}
