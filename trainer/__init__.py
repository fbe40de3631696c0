"""Continuous training: snapshot, validate, search, calibrate, validate, compare, register, promote.

Its libraries send usage reports to their makers unless these variables are set before they are imported.
"""

import os

NO_TELEMETRY = {
    "DO_NOT_TRACK": "1",
    "DISABLE_DEEPCHECKS_ANONYMOUS_TELEMETRY": "true",
    "DVC_NO_ANALYTICS": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}

for _name, _value in NO_TELEMETRY.items():
    os.environ.setdefault(_name, _value)
