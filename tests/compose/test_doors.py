"""Wrong and missing credentials are refused at every door, from the host and between the services."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import uuid

import httpx
import pytest

from core.schema import Schema
from core.scoring import protocol
from tests.compose.appliance import LASTING, Appliance, Failed

TOOLS = ("mlflow", "prefect", "evidently")
ANSWERS = {"mlflow": "/health", "prefect": "/api/health", "evidently": "/api/version"}
PAGE = {"accept": "text/html"}  # what a browser asks for when somebody opens an address
V2 = "/v2/models/prospect-scorer"
INFER = f"{V2}/infer"
OK, SEE_OTHER, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_LARGE, UNAVAILABLE = 200, 303, 401, 403, 404, 413, 503
ONE = """
import json, os
from pymongo import MongoClient
db = MongoClient(os.environ["MONGODB_URI"])["callwise"]
print(json.dumps(list(db.prospects.find({}, {"features": 1}).limit(1))))
"""


@pytest.mark.parametrize("page", TOOLS)
@pytest.mark.parametrize("path", ["/", "answers", "/api", "/static/../", "//"])
def test_a_page_opens_for_nobody_who_is_not_signed_in(appliance: Appliance, page: str, path: str) -> None:
    url = appliance.url(page) + (ANSWERS[page] if path == "answers" else path)
    for login in (None, ("admin", appliance.env["ADMIN_PASSWORD"]), appliance.program):
        with appliance.client(login, cookies={"callwise_session": "guessed"}) as client:
            assert client.get(url).status_code == UNAUTHORIZED, f"{url} answered {login and login[0]}"
            assert client.post(url, headers={"sec-fetch-site": "same-origin"}).status_code == UNAUTHORIZED
    with appliance.person("agent") as client:
        assert client.get(url).status_code == FORBIDDEN


@pytest.mark.parametrize("page", TOOLS)
def test_a_page_opens_for_managers(appliance: Appliance, page: str) -> None:
    with appliance.person("manager") as client:
        assert client.get(appliance.url(page) + ANSWERS[page]).status_code == OK
        home = client.get(appliance.url(page) + "/")
    assert home.status_code == OK
    assert "text/html" in home.headers["content-type"]
    assert home.headers["strict-transport-security"]
    assert "server" not in home.headers


def test_a_manager_cannot_act_and_an_engineer_makes_no_deployment(appliance: Appliance) -> None:
    api = f"{appliance.url('prefect')}/api"
    with appliance.person("manager") as client:
        found = client.post(f"{api}/deployments/filter", json={}).json()
        run = f"{api}/deployments/{found[0]['id']}/create_flow_run"
        assert client.post(run, json={}).status_code == FORBIDDEN
    with appliance.person() as client:
        for path in ("deployments/", "work_pools/", "block_documents/", "automations/"):
            assert client.post(f"{api}/{path}", json={}).status_code == FORBIDDEN


def test_prefect_itself_refuses_who_lacks_its_secret(appliance: Appliance) -> None:
    program = """
import json, urllib.request, urllib.error
try:
    urllib.request.urlopen("http://prefect:4200/api/deployments/name/continuous-training/default")
    print(json.dumps(200))
except urllib.error.HTTPError as error:
    print(json.dumps(error.code))
"""
    assert appliance.ask("mlserver", program) == UNAUTHORIZED


@pytest.mark.parametrize("service", ["monitor", "app", "api", "scoring", "worker", "prefect"])
def test_figures_open_with_their_own_login_only(appliance: Appliance, service: str) -> None:
    url = f"{appliance.url()}/metrics/{service}"
    user, password = appliance.scraper
    for login in (None, (user, password[:-1]), appliance.program):
        with appliance.client(login) as client:
            assert client.get(url).status_code == UNAUTHORIZED
    with appliance.client(appliance.scraper) as client:
        answer = client.get(url)
        assert answer.status_code == OK
        assert "process_cpu_seconds_total" in answer.text
        assert client.get(f"{appliance.url()}/metrics/mongo").status_code == NOT_FOUND
        assert client.get(appliance.url() + V2).status_code == UNAUTHORIZED


def test_a_probe_outside_needs_no_account(appliance: Appliance) -> None:
    with appliance.client() as client:
        answer = client.get(f"{appliance.url()}/status")
    assert set(answer.json()) == {"ok", "wrong", "at"}
    assert answer.status_code == (OK if answer.json()["ok"] else UNAVAILABLE)


@pytest.mark.parametrize(
    "path", ["/", "/campaigns", "/api", "/media/x", "/_stcore/upload_file/x/y", "/_stcore/metrics"]
)
def test_the_screens_open_for_nobody_who_is_not_signed_in(appliance: Appliance, path: str) -> None:
    for login in (None, ("admin", appliance.env["ADMIN_PASSWORD"]), appliance.program):
        with appliance.client(login, cookies={"callwise_session": "guessed"}) as client:
            assert client.get(appliance.url() + path).status_code == UNAUTHORIZED
            sent = client.get(appliance.url() + path, headers=PAGE)
            assert sent.status_code == SEE_OTHER
            assert sent.headers["location"].startswith("/sign-in?next=%2F")


def test_the_sign_in_page_is_for_everybody_and_its_form_for_itself(appliance: Appliance) -> None:
    with appliance.client() as client:
        page = client.get(appliance.url() + "/sign-in")
        assert page.status_code == OK
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert page.headers["strict-transport-security"]
        assert "server" not in page.headers
        form = {"name": "nobody-at-all", "password": "not the password"}
        for headers in ({}, {"origin": "https://elsewhere.example"}, {"sec-fetch-site": "cross-site"}):
            assert client.post(appliance.url() + "/sign-in", data=form, headers=headers).status_code == FORBIDDEN
        own = {"origin": appliance.url()}
        assert client.post(appliance.url() + "/sign-in", data=form, headers=own).status_code == UNAUTHORIZED


@pytest.mark.parametrize("path", [V2, INFER, "/v2", "/v2/health/live", "/v2/repository/index"])
def test_scores_are_for_the_scoring_login_only(appliance: Appliance, path: str) -> None:
    user, password = appliance.program
    for login in (
        None,
        (user, ""),
        (user, password[:-1]),
        ("root", password),
        ("admin", appliance.env["ADMIN_PASSWORD"]),
    ):
        with appliance.client(login) as client:
            for method in ("GET", "POST"):
                assert client.request(method, appliance.url() + path).status_code == UNAUTHORIZED


def test_models_cannot_be_loaded_or_unloaded_from_outside(appliance: Appliance) -> None:
    with appliance.client(appliance.program) as client:
        assert client.get(appliance.url() + V2).status_code == OK
        for path in ("/v2/repository/index", "/v2/repository/models/prospect-scorer/unload", "/metrics"):
            assert client.post(appliance.url() + path).status_code in (NOT_FOUND, UNAUTHORIZED)


def test_there_is_no_way_in_without_tls(appliance: Appliance) -> None:
    with appliance.person() as client:
        try:
            answer = client.get(appliance.url().replace("https://", "http://"))
        except httpx.HTTPError:
            return
    assert answer.status_code >= 400


def test_the_door_shows_a_certificate_for_its_name_by_its_own_authority(appliance: Appliance) -> None:
    if appliance.env.get("DOOR_TLS", "internal") != "internal":
        pytest.skip("DOOR_TLS names another authority")
    authority = appliance.inside("caddy", "cat", "/var/lib/callwise/caddy/caddy/pki/authorities/local/root.crt")
    context = ssl.create_default_context(cadata=authority)
    host, port = appliance.env["DOOR_HOST"], int(appliance.env.get("DOOR_PORT", "8443"))
    with (
        socket.create_connection((host, port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=host) as wire,
    ):
        assert wire.version() in ("TLSv1.2", "TLSv1.3")


# --- behind the door -----------------------------------------------------------------------------------------------

REACH = """
import json, socket
def reaches(host, port):
    try:
        socket.create_connection((host, port), 3).close()
        return True
    except OSError:
        return False
print(json.dumps([name for name, port in {wanted} if reaches(name, port)]))
"""
DATA = [("mongo", 27017), ("s3", 9000)]
BACK = [("mlflow", 5000), ("prefect", 4200), ("evidently", 8000), ("mlserver", 8080)]


@pytest.mark.parametrize(
    ("service", "wanted"),
    [
        ("caddy", ["mlflow", "prefect", "evidently", "mlserver"]),
        ("evidently", ["mlflow", "prefect", "evidently", "mlserver"]),
        ("app", ["mongo", "s3", "mlflow", "prefect", "evidently", "mlserver"]),
    ],
)
def test_who_reaches_whom(appliance: Appliance, service: str, wanted: list[str]) -> None:
    said = appliance.inside(service, "python3", "-", given=REACH.replace("{wanted}", repr(DATA + BACK)))
    assert json.loads(said) == wanted


S3_REFUSES = """
import json, os
from minio import Minio
from minio.error import S3Error
bucket = os.environ["S3_BUCKET_DATASETS"]
key, secret = os.environ["S3_ACCESS_KEY"], os.environ["S3_SECRET_KEY"]
found = {}
for who, given in {
    "nobody": (None, None), "unknown": ("nobody", "x" * 40), "wrong secret": (key, secret[:-1]),
    "right": (key, secret),
}.items():
    try:
        found[who] = len(list(Minio("s3:9000", *given, secure=False).list_objects(bucket))) >= 0
    except S3Error as error:
        found[who] = error.code
print(json.dumps(found))
"""


def test_s3_refuses_who_has_no_key(appliance: Appliance) -> None:
    found = appliance.ask("prefect-worker", S3_REFUSES)
    assert found["right"] is True
    assert set(found.values()) - {True} <= {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
    assert len([who for who, answer in found.items() if answer is not True]) == 3


def warnings(appliance: Appliance) -> str:
    return "".join(line for line in appliance.compose("logs", "accounts").splitlines() if "WARNING" in line)


MONGO_REFUSES = """
import json, os
from pymongo import MongoClient
from pymongo.errors import OperationFailure
def tries(uri, collection, write=False):
    db = MongoClient(uri, serverSelectionTimeoutMS=5000)["callwise"]
    try:
        if write:
            db[collection].update_one({"_id": "no such"}, {"$set": {"x": 1}})
        else:
            db[collection].find_one()
        return "done"
    except OperationFailure as error:
        return error.code
mine = os.environ["MONGODB_URI"]
password = mine.split(":")[2].split("@")[0]
print(json.dumps({
    "nobody": tries("mongodb://mongo:27017/", "prospects"),
    "wrong": tries(mine.replace(password, password[:-1]), "prospects"),
    "reads": tries(mine, "prospects"),
    "another's": tries(mine, "prospects", write=True),
    "changes what is only added to": tries(mine, "predictions", write=True),
}))
"""


def test_mongodb_refuses_who_has_no_user_and_who_has_no_right(appliance: Appliance) -> None:
    if "MongoDB" in warnings(appliance):
        pytest.skip("this MongoDB server keeps no users; the accounts' log says so")
    found = appliance.ask("mlserver", MONGO_REFUSES)
    refused = {"nobody": 13, "wrong": 18, "another's": 13, "changes what is only added to": 13}
    assert found == {**refused, "reads": "done"}


S3_RIGHTS = """
import json, os
from minio import Minio
from minio.error import S3Error
client = Minio("s3:9000", os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"], secure=False)
found = {}
for bucket in ("callwise-models", "callwise-datasets"):
    try:
        found[bucket] = len(list(client.list_objects(bucket))) >= 0
    except S3Error as error:
        found[bucket] = error.code
print(json.dumps(found))
"""


def test_an_s3_key_opens_its_own_bucket_only(appliance: Appliance) -> None:
    if "S3" in warnings(appliance):
        pytest.skip("this S3 server has no accounts to make; the accounts' log says so")
    assert appliance.ask("mlflow", S3_RIGHTS) == {"callwise-models": True, "callwise-datasets": "AccessDenied"}


SECRETS = {
    "MONGO_ROOT_PASSWORD": {"mongo"},
    "S3_ROOT_PASSWORD": {"s3"},
    "PREFECT_PASSWORD": {"prefect", "prefect-worker", "monitor", "caddy"},
    "DOOR_SCORING_PASSWORD": {"caddy"},
    "DOOR_METRICS_PASSWORD": {"caddy"},
    "ADMIN_PASSWORD": set(),
    "CALLWISE_ROUTING_KEY": {"mlserver"},
    "CALLWISE_SIGNING_KEY": {"prefect-worker"},
    "CALLWISE_ERASURE_KEY": {"prefect-worker", "app", "api"},
    "CALLWISE_CONTACT_KEY": {"app", "api"},
    "CALLWISE_SECOND_FACTOR_KEY": {"app"},
    "CALLWISE_BACKUP_PASSPHRASE": set(),
}
"""Which running containers may know a secret, besides `backup`, which keeps them all (docs/security.md)."""

KEEP_OBJECTS = {"mlflow", "prefect-worker", "monitor", "app", "api"}
"""Services with an account on S3."""


READ = "cat /run/callwise/account.env /run/secrets/* 2>/dev/null || true"


@pytest.mark.parametrize("service", [name for name in LASTING if name != "backup"])
def test_a_container_finds_no_secret_but_its_own(appliance: Appliance, service: str) -> None:
    container, env = appliance.containers()[service], appliance.env
    told = "\n".join([*container["Config"]["Env"], *(container["Config"]["Cmd"] or ())])
    files = appliance.inside(service, "sh", "-c", READ)
    found = {name for name in SECRETS if env[name] in told + files}
    allowed = {name for name, knowing in SECRETS.items() if service in knowing}
    if "S3" in warnings(appliance) and service in KEEP_OBJECTS:
        allowed.add("S3_ROOT_PASSWORD")  # a server without accounts has this key alone, which the accounts' log reports
    assert found == allowed
    assert not {name for name in SECRETS if env[name] in told}, "the engine shows what a container is made with"


def test_the_backup_finds_every_secret(appliance: Appliance) -> None:
    env, files = appliance.env, appliance.inside("backup", "sh", "-c", READ)
    assert not {name for name in SECRETS if env[name] not in files}


@pytest.mark.parametrize("service", [name for name in LASTING if name not in ("mlflow", "evidently")])
def test_a_container_cannot_change_its_secrets(appliance: Appliance, service: str) -> None:
    with pytest.raises(Failed, match=r"Read-only file system|Permission denied"):
        appliance.inside(service, "sh", "-c", "echo x > /run/secrets/CALLWISE_ERASURE_KEY")


def test_the_first_password_is_printed_by_one_command(appliance: Appliance) -> None:
    printed = appliance.compose("run", "--rm", "-T", "secrets", "make-secrets", "password")
    assert printed == appliance.env["ADMIN_PASSWORD"] + "\n"


def test_a_body_that_grows_a_thousandfold_is_refused_and_the_next_request_is_answered(
    appliance: Appliance, schema: Schema
) -> None:
    packed = gzip.compress(b" " * (1_100 * 1_000_000), compresslevel=6)
    assert 1_000_000 < len(packed) < 1_300_000
    [person] = appliance.ask("app", ONE)
    request = protocol.request(schema, [person["features"]], [person["_id"]], f"bomb-{uuid.uuid4().hex}")
    with appliance.client(appliance.program) as client:
        headers = {"content-type": "application/json", "content-encoding": "gzip"}
        assert client.post(appliance.url() + INFER, content=packed, headers=headers).status_code == TOO_LARGE
        answer = client.post(appliance.url() + INFER, json=request)
    assert answer.status_code == OK, answer.text
