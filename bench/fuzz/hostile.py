"""Makes requests that nobody means well: from good ones, by changes of a `Random`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import httptools

from bench.fuzz.wire import Raw

WORDS = (
    *(
        "",
        " ",
        "\x00",
        "\t",
        "%00",
        "%2e%2e",
        "..",
        "//",
        "\\",
        "%",
        "%zz",
        "%c0%ae",
        "'",
        '"',
        "<",
        "{}",
        "[]",
        "null",
    ),
    *(
        "true",
        "-1",
        "0",
        "1e999",
        "NaN",
        "Infinity",
        "99999999999999999999",
        "A" * 2_000,
        "ü",
        "\u202e",
        "😀",
        "${jndi:x}",
    ),
    *("../../etc/passwd", "%252e", ";", "&", "=", "?", "#", "*", "/", "//x", "http://x/", "\x7f", "\ufeff"),
)
HEADERS = (
    *(
        "Content-Type",
        "Content-Encoding",
        "Accept",
        "Accept-Language",
        "Accept-Encoding",
        "Cookie",
        "Origin",
        "Referer",
    ),
    *(
        "Sec-Fetch-Site",
        "X-Forwarded-For",
        "X-Forwarded-Proto",
        "X-Forwarded-Host",
        "X-Forwarded-Uri",
        "Range",
        "If-Match",
    ),
    *(
        "X-Forwarded-Method",
        "Authorization",
        "User-Agent",
        "Forwarded",
        "Expect",
        "Ce-Id",
        "X-Request-Id",
        "Traceparent",
    ),
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "X" * 40)
TYPES = (
    *("application/json", "application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"),
    *("application/octet-stream", "application/json; charset=utf-7", "application/xml", "nonsense", ""),
)
CODINGS = ("gzip", "deflate", "br", "identity", "gzip, gzip", "x-gzip", "nonsense", "")
VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1.5,
        1e308,
        -1e308,
        2**63,
        2**70,
        float("nan"),
        float("inf"),
        "",
        "x",
        "\x00",
        "ü" * 50,
    ),
    *([], {}, [[]], [None], [1, "a"], {"a": {"b": []}}, "A" * 5_000, [[1, 2], [3]], "BYTES", "FP64", "../x"),
)
BAD_ESCAPE = re.compile(rb"%(?![0-9a-fA-F]{2})")
DEEP, LONG = 200, 40_000


def is_odd(data: bytes) -> bool:
    """Whether a parser of HTTP may stop in the request `data`."""
    if BAD_ESCAPE.search(data.partition(b"\r\n")[0]):
        return True
    try:
        httptools.HttpRequestParser(object()).feed_data(data)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        return True
    return False


class Hostile:
    """Makes requests for `host`; `roots` are paths that are answered, and `bodies` good ones; or `forms`, as sent."""

    def __init__(
        self,
        random: Random,
        host: str,
        roots: Sequence[str],
        bodies: Sequence[Any] = ({},),
        headers: Sequence[str] = (),
        forms: Sequence[str] = (),
    ) -> None:
        self.random, self._host, self._roots, self._bodies = random, host, roots, bodies
        self._headers = headers  # such as a login, which most requests have
        self._forms = forms

    def request(self, broken: float = 0.02) -> Raw:
        """A request; the share `broken` of them cannot be told from their neighbours, and ends its connection."""
        random = self.random
        method = random.choice(METHODS) if random.random() < 0.3 else random.choice(("GET", "POST", "POST"))
        lines = [f"{method} {self.path()} HTTP/1.1", f"Host: {self._host}"]
        lines += [header for header in self._headers if random.random() < 0.9]
        lines += [f"{random.choice(HEADERS)}: {self._word(header=True)}" for _ in range(random.choice((0, 1, 1, 3)))]
        body = self.body()
        if random.random() < 0.9:
            usual = TYPES[1] if self._forms else TYPES[0]
            lines.append(f"Content-Type: {random.choice(TYPES) if random.random() < 0.3 else usual}")
        if random.random() < 0.05:
            lines.append(f"Content-Encoding: {random.choice(CODINGS)}")
        lines.append(f"Content-Length: {len(body)}")
        data = "\r\n".join([*lines, "", ""]).encode(errors="replace") + body
        if random.random() < broken:
            return Raw(self._broken(data), whole=False)
        return Raw(data, whole=method not in ("CONNECT", "X" * 40), head=method == "HEAD", odd=is_odd(data))

    def path(self) -> str:
        """A path with a query, or something like it."""
        random = self.random
        path = random.choice(self._roots)
        for _ in range(random.choice((0, 0, 1, 2))):
            change: Callable[[str], str] = random.choice((self._inserted, self._parted, self._queried, self._escaped))
            path = change(path)
        return "".join(one for one in path if one.isprintable() and one != " ") or "/"

    def _inserted(self, path: str) -> str:
        place = self.random.randrange(len(path) + 1)
        return path[:place] + self._word() + path[place:]

    def _parted(self, path: str) -> str:
        parts = path.split("/")
        self.random.shuffle(parts)
        return "/" + "/".join(parts)

    def _queried(self, path: str) -> str:
        name = self.random.choice(("next", "at", "name", "x", "ended", "id", ""))
        return f"{path}?{name}={self._word()}"

    def _escaped(self, path: str) -> str:
        return "".join(f"%{ord(one):02x}" if ord(one) < 128 and self.random.random() < 0.2 else one for one in path)

    def _word(self, *, header: bool = False) -> str:
        word = self.random.choice(WORDS)
        return "".join(one for one in word if one not in "\r\n\x00" and one.isascii()) if header else word

    def body(self) -> bytes:
        """A body: JSON that was changed, JSON that is none, or bytes."""
        random = self.random
        kind = random.random()
        if kind < 0.03:
            return bytes(random.randrange(256) for _ in range(random.randrange(400)))
        if kind < 0.04:
            return (b"[" * DEEP) + (b"]" * random.choice((DEEP, DEEP - 1)))
        if kind < 0.08:
            return f"name={self._word()}&password={self._word()}&next={self._word()}".encode(errors="replace")
        if self._forms and kind < 0.9:
            return self._form().encode(errors="replace")
        document = json.loads(json.dumps(random.choice(self._bodies)))
        for _ in range(random.choice((0, 1, 1, 1, 2, 5))):
            document = self.changed(document)
        text = json.dumps(document).encode()
        if random.random() < 0.1 and text:
            place = random.randrange(len(text))
            text = text[:place] + self._word().encode() + text[place + random.randrange(8) :]
        return text

    def _form(self) -> str:
        """A form with some changes; some are doubled, or grow far over what a form may have."""
        random, form = self.random, self.random.choice(self._forms)
        for _ in range(random.choice((0, 1, 1, 2))):
            change: Callable[[str], str] = random.choice((self._inserted, self._escaped, self._doubled))
            form = change(form)
        return form

    def _doubled(self, form: str) -> str:
        return "&".join([form] * self.random.choice((2, 2, 12, 1_000)))[:LONG]

    def changed(self, value: Any) -> Any:
        """`value` with one change somewhere inside."""
        random = self.random
        if not isinstance(value, dict | list) or not value or random.random() < 0.15:
            return random.choice(VALUES)
        return self._other_keys(value) if isinstance(value, dict) else self._other_items(value)

    def _other_keys(self, value: dict[str, Any]) -> dict[str, Any]:
        key, how = self.random.choice(list(value)), self.random.random()
        if how < 0.15:
            return {name: kept for name, kept in value.items() if name != key}
        if how < 0.25:
            return {**value, self._word(): self.random.choice(VALUES)}
        return {**value, key: self.changed(value[key])}

    def _other_items(self, value: list[Any]) -> list[Any]:
        place, how = self.random.randrange(len(value)), self.random.random()
        if how < 0.15:
            return value[:place] + value[place + 1 :]
        if how < 0.3:
            return [*value, value[place]]
        return [*value[:place], self.changed(value[place]), *value[place + 1 :]]

    def _broken(self, data: bytes) -> bytes:
        """The request cut, doubled, or with other bytes."""
        random = self.random
        place = random.randrange(1, len(data))
        return random.choice(
            (
                data[:place],
                data[:place] + bytes((random.randrange(256),)) + data[place:],
                data[:place] + data[place + random.randrange(1, 40) :],
                data.replace(b"\r\n", b"\n", random.randrange(3)),
                data.replace(b"Content-Length", b"Content-Length: 5\r\nContent-Length", 1),
                data.replace(b"Content-Length", b"Transfer-Encoding: chunked\r\nContent-Length", 1),
                data.replace(b"HTTP/1.1", random.choice((b"HTTP/9.9", b"HTTP/1.0", b"", b"\xff")), 1),
                bytes(random.randrange(256) for _ in range(200)),
                b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + data[:place],
                b"GET / HTTP/1.1\r\n" + b"X: " + b"a" * 70_000 + b"\r\n\r\n",
            )
        )
