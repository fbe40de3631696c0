# Replaces the secrets of .env, each by its rule. Part of scripts/init, which has `say`, `die`, `secret`, `put`, `$temporary`
# and `$force`.
#
# The former .env is kept beside it, for its owner only, until the new secrets are seen to work. First that copy appears,
# then the new .env, each by a rename: a run that is killed in between leaves a copy of the .env that is there, which the
# next run removes.

restart='docker compose down && docker compose up -d --wait'
at_once='DOOR_SCORING_PASSWORD DOOR_METRICS_PASSWORD PREFECT_PASSWORD S3_ROOT_PASSWORD'
# The new key makes and the former ones recognise, until nothing needs them; the erasure key's are needed for ever.
keeps_former='CALLWISE_SIGNING_KEY CALLWISE_SECOND_FACTOR_KEY CALLWISE_CONTACT_KEY CALLWISE_ERASURE_KEY'
replaceable="$at_once $keeps_former MONGO_ROOT_PASSWORD SERVICE_ACCOUNTS CALLWISE_ROUTING_KEY"

value() { sed -n "s/^$1=//p" "${2:-$temporary}" | tail -n 1; }
to_disk() { sync "$1" 2>/dev/null || sync; }

# Says why a secret is not replaced here.
refuse_name() {
  case $1 in
    ADMIN_PASSWORD) die "ADMIN_PASSWORD is read only where there is no account yet. For a new password: scripts/accounts reset admin" ;;
    CALLWISE_BACKUP_PASSPHRASE) die "CALLWISE_BACKUP_PASSPHRASE opens the archive that is there: with another one begin a new archive (docs/operations.md, Replacing secrets)" ;;
    S3_ROOT_USER) die "S3_ROOT_USER is a name; name S3_ROOT_PASSWORD" ;;
    *) die "there is no secret '$1' to replace; there are: $replaceable" ;;
  esac
}

# An upgrade that is taken back puts the .env of its begin back.
refuse_upgrade() { [ ! -e .state/upgrade/upgrade.json ] || die "an upgrade is under way: scripts/upgrade first. Nothing was changed"; }

# The copy $1 of a former .env, without its first line, which names what was replaced.
former_env() { if [[ $(head -n 1 "$1") == '# replaced: '* ]]; then tail -n +2 "$1"; else cat "$1"; fi; }

unfinished() {
  local file
  for file in .env.rotated-*; do
    [ -e "$file" ] || continue
    if former_env "$file" | cmp -s - .env; then
      rm -f "$file"
      say "$file was what .env is, and is removed: nothing of that rotation is in .env"
    else printf '%s\n' "$file"; fi
  done
}

# The secrets that were replaced and that .env has in front again, of which the files $@ tell.
put_back() {
  local file name back=''
  for file in "$@"; do
    for name in $(sed -n '1s/^# replaced: //p' "$file"); do
      case " $back " in *" $name "*) continue ;; esac
      [ "$(value "$name" "$file" | cut -d, -f1)" != "$(value "$name" | cut -d, -f1)" ] || back="$back $name"
    done
  done
  printf %s "$back"
}

# The former value of $1. Quotes and spaces would not survive beside a new one.
former() {
  local old
  old=$(value "$1")
  [ -n "$old" ] || die "there is no $1 in .env: scripts/init adds it"
  [[ $old =~ ^[A-Za-z0-9._,+/=-]+$ ]] || die "$1 in .env has other characters than letters, digits and . _ + / = -: replace it by hand"
  printf %s "$old"
}

no_trial() {
  command -v docker >/dev/null || { echo "there is no docker"; return 1; }
  docker compose run --rm --no-deps -T bootstrap python -m bootstrap.setup.rotation trial 2>&1
}

rotate() {
  local names=("$@") named=$# name old made kept answer earlier='' changed=()
  [ -e .env ] || die "there is no .env: scripts/init writes it, with the secrets that are in use"
  refuse_upgrade
  earlier=$(unfinished)
  [ -z "$earlier" ] || [ -n "$force" ] ||
    die "$(echo $earlier) is of an earlier rotation. First '$restart', then scripts/init --rotated; or --force"
  for name in "$@"; do
    case " $replaceable " in *" $name "*) ;; *) refuse_name "$name" ;; esac
  done
  [ "$named" -gt 0 ] || read -ra names <<<"$replaceable"
  cp .env "$temporary"
  for name in "${names[@]}"; do
    case " $at_once " in *" $name "*)
      old=$(former "$name")
      made=$(secret 43)
      put "$name=$made"
      changed+=("$name")
      continue ;;
    esac
    case $name in
      SERVICE_ACCOUNTS)
        made=$(secret 20)
        put "SERVICE_ACCOUNTS=$made" ;;
      MONGO_ROOT_PASSWORD)
        old=$(former "$name")
        kept=$(value MONGO_ROOT_PASSWORD_BEFORE)
        made=$(secret 43)
        put "MONGO_ROOT_PASSWORD_BEFORE=$old${kept:+,$kept}"
        put "MONGO_ROOT_PASSWORD=$made" ;;
      CALLWISE_ROUTING_KEY)
        old=$(former "$name")
        if [ -z "$force" ] && ! answer=$(no_trial); then
          answer=$(tail -n 1 <<<"$answer")
          [ "$named" -eq 0 ] || die "CALLWISE_ROUTING_KEY decides whom a canary scores, and another one mixes the evidence of a trial: $answer. Wait for the trial's end, or --force"
          say "CALLWISE_ROUTING_KEY is left as it is, because another one mixes the evidence of a trial: $answer"
          continue
        fi
        made=$(secret 43)
        put "CALLWISE_ROUTING_KEY=$made"
        say "CALLWISE_ROUTING_KEY: the next canary scores other people than the last one did" ;;
      *)
        old=$(former "$name")
        made=$(secret 43)
        put "$name=$made,$old" ;;
    esac
    changed+=("$name")
  done
  [ ${#changed[@]} -gt 0 ] || die "nothing was replaced"

  kept=".env.rotated-$(date -u +%Y%m%dT%H%M%SZ)"
  [ ! -e "$kept" ] || kept="$kept-$$"
  { printf '# replaced: %s\n' "${changed[*]}"; cat .env; } >"$temporary.new"
  to_disk "$temporary.new"
  to_disk "$temporary"
  mv "$temporary.new" "$kept"
  mv "$temporary" .env
  say "replaced in .env: ${changed[*]}"
  say "the former values are in $kept, for its owner only"
  advise "${changed[@]}"
}

advise() {
  local names=" $* " next='docker compose up -d --wait' name
  for name in "$@"; do case $name in DOOR_*) ;; *) next=$restart ;; esac; done  # the door's own need no new accounts
  echo "Next:"
  echo "  $next"
  echo "  scripts/init --rotated          looks whether the new ones are in use, and removes the former"
  case $names in *" DOOR_SCORING_PASSWORD "*) echo "Programs that ask for scores need the new DOOR_SCORING_PASSWORD." ;; esac
  case $names in *" DOOR_METRICS_PASSWORD "*) echo "Prometheus needs the new DOOR_METRICS_PASSWORD." ;; esac
  case $names in *" CALLWISE_ERASURE_KEY "*) echo "CALLWISE_ERASURE_KEY keeps the former key for ever: without it people who were erased come in again." ;; esac
}

# The services that run since before their accounts or secrets were last replaced, of which the files $@ tell. A service
# reads its files at its start alone: of its accounts, which has the verifying key too, and of its secrets.
started_before() {
  local file name replaced='' containers service once at mounts
  for file in "$@"; do # the newest last; each is named after the time at which it was written
    for name in $replaceable; do
      [ "$(value "$name" "$file")" = "$(value "$name")" ] || replaced=${file#.env.rotated-}
    done
  done
  [ -n "$replaced" ] || return 0
  containers=$(docker compose ps --quiet | xargs docker inspect --format \
    '{{index .Config.Labels "com.docker.compose.service"}} {{index .Config.Labels "com.docker.compose.oneoff"}} {{.State.StartedAt}}{{range .Mounts}} {{.Destination}}{{end}}') ||
    die "it cannot be seen since when the services run: docker inspect failed. Nothing was changed"
  while read -r service once at mounts; do
    at=${at//[-:]/}
    case " $mounts " in *" /run/callwise "* | *" /run/secrets "*) ;; *) continue ;; esac
    [ "$once" = True ] || [[ ${at:0:15} > ${replaced:0:15} ]] || printf '%s\n' "$service"
  done <<<"$containers"
}

# Looks whether the new secrets are in use; then the former ones go.
rotated() {
  local name earlier answer
  [ -e .env ] || die "there is no .env"
  refuse_upgrade
  earlier=$(unfinished)
  cp .env "$temporary"
  if [ -z "$earlier" ] && ! grep -q -e '^MONGO_ROOT_PASSWORD_BEFORE=' -e '^CALLWISE_SIGNING_KEY=.*,' \
    -e '^CALLWISE_SECOND_FACTOR_KEY=.*,' -e '^CALLWISE_CONTACT_KEY=.*,' .env; then
    say "no rotation was waiting"
    return
  fi
  if [ -z "$force" ]; then
    # shellcheck disable=SC2086
    answer=$(put_back $earlier)
    [ -z "$answer" ] || die "in .env the former ones are back:$answer. A restore put them there. Nothing was removed -> scripts/init --rotate$answer --force"
    command -v docker >/dev/null || die "there is no docker, so it cannot be seen whether the new secrets are in use"
    [ -n "$(docker compose ps --quiet --status running app 2>/dev/null)" ] || die "the appliance does not run: $restart"
    bad() { die "not in use yet: $2 -> $restart"; }
    warn() { bad "$@"; }
    # shellcheck source=/dev/null
    . deploy/doctor/settings.sh
    check_applied
    # shellcheck disable=SC2086
    answer=$(started_before $earlier)
    [ -z "$answer" ] || die "not in use yet: $(echo $answer) run since before -> $restart"
    answer=$(docker compose run --rm --no-deps -T accounts python -m bootstrap.setup.service_accounts --check 2>&1) ||
      die "not in use yet: $(tail -n 1 <<<"$answer") -> $restart"
    answer=$(docker compose run --rm --no-deps -T bootstrap python -m bootstrap.setup.rotation settled 2>&1) ||
      die "not in use yet: $(tail -n 1 <<<"$answer") -> $restart"
    case $answer in *reset-factor*) say "$(tail -n 1 <<<"$answer")" ;; esac
  fi
  for name in CALLWISE_SIGNING_KEY CALLWISE_SECOND_FACTOR_KEY CALLWISE_CONTACT_KEY; do
    case $(value "$name") in *,*) put "$name=$(value "$name" | cut -d, -f1)"; say "$name: the former key is removed" ;; esac
  done
  if grep -q '^MONGO_ROOT_PASSWORD_BEFORE=' "$temporary"; then
    grep -v '^MONGO_ROOT_PASSWORD_BEFORE=' "$temporary" >"$temporary.new"
    mv "$temporary.new" "$temporary"
    say "MONGO_ROOT_PASSWORD: the former one is removed"
  fi
  if ! cmp -s .env "$temporary"; then
    to_disk "$temporary"
    mv "$temporary" .env
    say "now: docker compose up -d --wait. Until then containers have the former ones, and so have backups"
  fi
  for name in $earlier; do rm -f "$name"; say "$name is removed"; done
}
