"""MongoDB users, one for each service, each with its own role.

Privileges are MongoDB's actions: https://www.mongodb.com/docs/manual/reference/privilege-actions/.

Every campaign kind has a database of its own, which comes while the appliance runs, and no running service may grant
rights. So a privilege names a collection in any database: the server is the appliance's alone. A role in `admin` may
hold such privileges, so the roles are there: https://www.mongodb.com/docs/manual/reference/resource-document/.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pymongo.errors import OperationFailure, PyMongoError

from bootstrap.setup.rights import MongoRights
from core.errors import Unavailable
from core.stores.mongo import COLLECTIONS, PRIVATE
from core.stores.mongo_client import Client, open_client

READS = ["find", "collStats", "listIndexes"]
WRITES = ["insert", "update"]
APPENDS = ["insert"]
CHANGES = ["update"]
REMOVES = ["remove"]
UNAUTHORIZED, UNAUTHENTICATED = 13, 18
SECONDS = 10


class MongoAccounts:
    """Users and roles of one database. `missing` says why the server has none, or is empty."""

    def __init__(
        self, address: str, database: str, admin: str, password: str, former: Sequence[str] = (), *, change: bool = True
    ) -> None:
        """Check whether the server requires a login. Raises Unavailable if it does not answer.

        `address`: `host:port`, or `host:port,host:port,host:port/?replicaSet=NAME`, with any options of a connection.
        `former`: passwords that the administrator had; if one of them still opens, it is changed to `password`, unless
        `change` is False.
        """
        self._address, self._database = address, database
        self.missing = ""
        if not requires_login(self._uri(), database):
            self.missing = f"MongoDB at {address} requires no login: services have no users of their own there."
            return
        client = self._open(admin, password)
        if former and not self._lets_in(client):
            for earlier in former if change else ():
                if self._lets_in(old := self._open(admin, earlier)):
                    self._change_password(old, admin, password)
                    break
            else:
                raise Unavailable(
                    f"MongoDB at {address} accepts neither the new password of its administrator nor a former one.",
                    kept="Nothing was changed.",
                    next="Put the MONGO_ROOT_PASSWORD back that opens it.",
                )
        self._db, self._roles = client[database], client["admin"]

    def grant(self, service: str, password: str, rights: MongoRights) -> str:
        """Make or update the service's user and role; returns its connection string. Raises Unavailable."""
        if self.missing:
            return self._uri()
        # Commands do not inherit the write concern of the client.
        durable = {"writeConcern": self._db.write_concern.document}
        name = f"{self._database}-{service}"
        role = {"privileges": privileges(rights), "roles": []}
        user = {"pwd": password, "roles": [{"role": name, "db": self._roles.name}]}
        try:
            known = self._roles.command({"rolesInfo": name})["roles"]
            self._roles.command({"updateRole" if known else "createRole": name, **role, **durable})
            known = self._db.command({"usersInfo": service})["users"]
            self._db.command({"updateUser" if known else "createUser": service, **user, **durable})
        except PyMongoError as error:
            raise Unavailable(
                f"MongoDB did not make the account of {service}: {error}.",
                kept="Accounts already made stay.",
                next="Read the log of mongo. MONGO_ROOT_PASSWORD in .env must be the password of its first start.",
            ) from error
        return self._uri(f"{service}:{password}@", f"authSource={self._database}")

    def _open(self, admin: str, password: str) -> Client:
        milliseconds = SECONDS * 1000
        login = {"username": admin, "password": password, "authSource": "admin"}
        return open_client(self._uri(), **login, serverSelectionTimeoutMS=milliseconds)

    def _lets_in(self, client: Client) -> bool:
        try:
            client["admin"].command("connectionStatus")
        except OperationFailure as error:
            if error.code == UNAUTHENTICATED:
                return False
            raise Unavailable(f"MongoDB at {self._address} answered: {error}.") from error
        except PyMongoError as error:
            raise Unavailable(f"MongoDB at {self._address} does not answer: {error}.") from error
        return True

    def _change_password(self, client: Client, admin: str, password: str) -> None:
        concern = client["admin"].write_concern.document
        try:
            client["admin"].command({"updateUser": admin, "pwd": password, "writeConcern": concern})
        except PyMongoError as error:
            raise Unavailable(f"MongoDB did not change its administrator's password: {error}.") from error

    def _uri(self, login: str = "", option: str = "") -> str:
        hosts, _, given = self._address.partition("/?")
        options = "&".join(one for one in (given, option) if one)
        return f"mongodb://{login}{hosts}/" + (f"?{options}" if options else "")


def requires_login(uri: str, database: str) -> bool:
    """Whether the server at `uri`, which names no user, refuses a caller without a login. Raises Unavailable."""
    shown = uri.removeprefix("mongodb://")
    with open_client(uri, serverSelectionTimeoutMS=SECONDS * 1000) as anybody:
        try:
            anybody[database].list_collection_names()
        except OperationFailure as error:
            if error.code in (UNAUTHORIZED, UNAUTHENTICATED):
                return True
            raise Unavailable(f"MongoDB at {shown} answered: {error}.") from error
        except PyMongoError as error:
            raise Unavailable(f"MongoDB at {shown} does not answer: {error}.") from error
    return False


def privileges(rights: MongoRights) -> list[dict[str, Any]]:
    """`rights` as MongoDB's privilege documents, for the database of any kind."""
    everything = {"db": "", "collection": ""}
    if rights.owns:
        actions = [*READS, *WRITES, "createCollection", "createIndex", "dropIndex", "collMod"]
        return [{"resource": everything, "actions": [*actions, "listCollections", "dbStats"]}]
    by_collection: dict[str, list[str]] = {}
    for names, actions in (
        (rights.writes, WRITES),
        (rights.appends, APPENDS),
        (rights.changes, CHANGES),
        (rights.removes, REMOVES),
    ):
        for name in names:
            by_collection[name] = [*by_collection.get(name, []), *actions]
    private = frozenset() if rights.reads_private else PRIVATE
    readable = sorted((COLLECTIONS - private) | {*rights.writes, *rights.appends, *rights.reads})
    allowed = [*((name, READS) for name in readable), *by_collection.items()]
    return [
        {
            "resource": everything,
            "actions": ["listCollections", "dbStats", *(["createCollection", "createIndex"] if rights.indexes else [])],
        },
        *({"resource": {"db": "", "collection": name}, "actions": actions} for name, actions in allowed),
    ]
