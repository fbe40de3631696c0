# Sourced by the scripts that run a module of the appliance. `in_appliance SERVICE MODULE ARGUMENT…` becomes that module:
# in the appliance of scripts/demo whose folder CALLWISE_STATE names; without that, in the one of docker compose, if its
# SERVICE runs here, or else in the one of scripts/demo in .state/demo.
# `with_compose` is the command that runs a module in docker compose.
in_appliance() {
  local service=$1
  shift
  if [ -z "${CALLWISE_STATE:-}" ] && command -v docker >/dev/null && [ -n "$(docker compose ps --quiet --status running "$service" 2>/dev/null)" ]; then
    exec docker compose "${with_compose[@]}" python -m "$@"
  fi
  if [ ! -x .venv/bin/python ]; then
    echo "scripts/${0##*/}: no appliance runs here: neither docker compose's $service nor scripts/demo." >&2
    exit 1
  fi
  PYTHONPATH=$PWD exec .venv/bin/python -P -m bootstrap.demo.run_inside "$@"
}
