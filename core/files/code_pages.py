"""The encoding of a text, told for the file as a whole, with the reason and the others that could be meant.

First what the file declares (a byte order mark), then UTF-16 without its mark, then UTF-8, then the code pages of
Windows, Mac and DOS by the letters that they make of the bytes (`core.files.alphabets`), then charset-normalizer for
other scripts.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import IO

from charset_normalizer import from_bytes

from core.files.alphabets import PAGES, VOWELS, WESTERN
from core.sentences import Sentence

CHUNK = 1 << 20
SAMPLE = 1 << 18  # bytes of lines with letters beyond ASCII that the code page is found by
_FEW = 10  # one line of UTF-8 beside so many that are not is chance or a mistake
_SAID = 20  # numbers of bad lines that are kept
_SURE, _LEAST, _LIKE, _WEST_OF_ALL = 0.05, 0.6, 0.8, 0.9
_MARKED = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # it begins with the mark of UTF-16, so it is compared first
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
WIDE = frozenset({"utf-16", "utf-16-le", "utf-16-be", "utf-32"})
_WORD = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")
_ODD = re.compile(
    "[\u0080-\u009f\u0590-\u07ff]"
)  # letters of two bytes that two letters of a code page often make by chance
_ASIAN = frozenset({"big5", "big5hkscs", "cp932", "cp949", "euc_jp", "euc_kr", "gb18030", "gb2312", "gbk", "shift_jis"})
_SIGNS = frozenset("€£°§–—’‘“”„«»©®´·½…№\u00a0")  # noqa: RUF001  signs that stand between words
_USUAL = ("cp1252", "cp1250", "cp1251", "mac_roman", "cp850")
_TITLES = {
    "utf-8": "UTF-8", "utf-8-sig": "UTF-8", "utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16",
    "utf-32": "UTF-32", "mac_roman": "Mac OS Roman", "mac_latin2": "Mac OS Central European",
    "mac_cyrillic": "Mac OS Cyrillic", "cp850": "DOS 850", "cp852": "DOS 852", "cp866": "DOS 866",
}  # fmt: skip


@dataclass(frozen=True)
class Encoding:
    """An encoding by Python's `name`, and `why` it is taken. `sure` is False where another could be meant.

    `bad`: how many lines hold bytes that are not of the encoding, `bad_lines` the first of them.
    """

    name: str
    why: Sentence
    sure: bool = True
    bad: int = 0
    bad_lines: tuple[int, ...] = ()

    @property
    def title(self) -> str:
        """The encoding's name as people know it."""
        return title(self.name)


@dataclass(frozen=True)
class EncodingChoice:
    """An encoding that may be chosen, with cells of the file as they would be read."""

    name: str
    examples: tuple[str, ...]

    @property
    def title(self) -> str:
        """The encoding's name as people know it."""
        return title(self.name)


def title(name: str) -> str:
    """The name of an encoding as people know it."""
    if name.startswith("cp125"):
        return f"Windows {name.removeprefix('cp')}"
    return _TITLES.get(name, name.upper().replace("_", "-").replace("ISO8859", "ISO 8859"))


def encoding(binary: IO[bytes]) -> Encoding:
    """The encoding of the text in `binary`, which is read to its end."""
    first = binary.read(CHUNK)
    for mark, name in _MARKED:
        if first.startswith(mark):
            if name in WIDE:
                return Encoding(name, Sentence("the file says so in its first bytes"))
            seen = _look(first, binary)
            return Encoding(
                name, Sentence("the file says so in its first bytes"), bad=seen.bad, bad_lines=tuple(seen.bad_lines)
            )
    if wide := _wide(first[:4096]):
        return Encoding(wide, Sentence("every other byte is zero"))
    seen = _look(first, binary)
    if not seen.bad:
        return Encoding("utf-8", Sentence("all bytes are UTF-8") if seen.good else Sentence("all letters are ASCII"))
    if seen.good * _FEW >= seen.bad:
        why = Sentence("most lines with other letters than a to z are UTF-8")
        return Encoding("utf-8", why, False, seen.bad, tuple(seen.bad_lines))
    return _page(bytes(seen.sample))


def choices(binary: IO[bytes]) -> list[EncodingChoice]:
    """The encodings that can be meant, the likeliest first, with words of the file as each would read them."""
    found = encoding(binary)
    binary.seek(0)
    if found.name in WIDE:
        return [EncodingChoice(found.name, ())]
    sample = bytes(_look(binary.read(CHUNK), binary).sample)
    words = list(dict.fromkeys(match[0] for match in _WORD.finditer(sample)))[:5]
    guess = from_bytes(sample[:20_000]).best()
    ranked = [name for __, name in _ranked(sample)[:12]]
    names = [found.name, *ranked, *([guess.encoding] if guess else []), "utf-8", *_USUAL]
    unlike: dict[tuple[str, ...], str] = {}
    for name in dict.fromkeys(names):
        unlike.setdefault(tuple(word.decode(name, errors="replace") for word in words), name)
    return [EncodingChoice(name, examples) for examples, name in unlike.items()]


@dataclass
class _Seen:
    """What a pass over the bytes saw: lines with letters beyond ASCII that are UTF-8, and those that are not."""

    good: int = 0
    bad: int = 0
    bad_lines: list[int] = field(default_factory=list)
    sample: bytearray = field(default_factory=bytearray)


def _look(first: bytes, binary: IO[bytes]) -> _Seen:
    seen, line = _Seen(), 1
    for block in _blocks(first, binary):
        if not block.isascii():
            _count(block, line, seen)
        line += _ends(block)
    return seen


def _ends(block: bytes) -> int:
    """How many line ends are in `block`: LF, CR LF, or CR."""
    if b"\r" not in block:
        return block.count(b"\n")
    return block.count(b"\n") + block.count(b"\r") - block.count(b"\r\n")


def _count(block: bytes, line: int, seen: _Seen) -> None:
    for number, text in enumerate(block.splitlines(), line):
        if text.isascii():
            continue
        if len(seen.sample) < SAMPLE:
            seen.sample += text[:4096] + b"\n"
        try:
            seen.good += not _ODD.search(text.decode("utf-8"))
        except UnicodeDecodeError:
            seen.bad += 1
            if len(seen.bad_lines) < _SAID:
                seen.bad_lines.append(number)


def _blocks(first: bytes, binary: IO[bytes]) -> Iterator[bytes]:
    """The bytes in blocks that end at a line's end, unless a line is longer than two chunks."""
    rest, chunk = b"", first
    while chunk:
        block = rest + chunk
        cut = max(block.rfind(b"\n"), block.rfind(b"\r", 0, len(block) - 1)) + 1  # a CR at the end may belong to an LF
        if not cut and len(block) > 2 * CHUNK:
            cut = len(block)
        if cut:
            yield block[:cut]
        rest = block[cut:]
        chunk = binary.read(CHUNK)
    if rest:
        yield rest


def _wide(beginning: bytes) -> str:
    """The name of UTF-16 without its mark, or "": every other byte of mostly Latin text is zero."""
    low, high = beginning[0::2].count(0), beginning[1::2].count(0)
    if max(low, high) * 4 < len(beginning):
        return ""
    return "utf-16-le" if high > low else "utf-16-be"


def _page(sample: bytes) -> Encoding:
    """The code page of a sample that is not UTF-8."""
    ranked, guess = _ranked(sample), from_bytes(sample[:20_000]).best()
    foreign = not any(match[0][:1].isascii() or match[0][-1:].isascii() for match in _WORD.finditer(sample))
    unlike = not ranked or ranked[0][0] < _LIKE
    if guess is not None and guess.encoding in _ASIAN and foreign and unlike:
        return Encoding(guess.encoding, Sentence("its letters are the likeliest for these bytes"), False)
    if ranked and ranked[0][0] >= _LEAST:
        best, name = ranked[0]
        read = sample.decode(name, errors="replace")
        rivals = [score for score, other in ranked[1:] if sample.decode(other, errors="replace") != read]
        sure = best >= _LIKE and (not rivals or best - rivals[0] > _SURE)
        return Encoding(name, Sentence("it makes words of the bytes that are not ASCII"), sure)
    if guess is not None and guess.encoding not in ("ascii", "utf_8"):
        return Encoding(guess.encoding, Sentence("its letters are the likeliest for these bytes"), False)
    return Encoding(ranked[0][1] if ranked else "cp1252", Sentence("no encoding fits these bytes well"), False)


def _ranked(sample: bytes) -> list[tuple[float, str]]:
    """How well each code page reads the words of `sample`, from below 0 to 1, the best first."""
    words = [match[0] for match in _WORD.finditer(sample)][:5_000]
    scored = [(_score(words, name, languages), name) for name, languages in PAGES.items()]
    order = list(PAGES)
    return sorted(scored, key=lambda pair: (-round(pair[0], 4), order.index(pair[1]))) if words else []


def _score(words: list[bytes], page: str, languages: tuple[str, ...]) -> float:
    """The mean worth of the letters beyond ASCII, by the language that fits them best."""
    letters: list[str] = []
    lost = 0.0
    table = _table(page)
    for word in words:
        text = word.decode("latin-1").translate(table)
        for place, letter in enumerate(text):
            if letter.isascii():
                continue
            letters.append(letter)
            lost += _wrong(text, place)
    if not letters:
        return 0.0
    best = max(sum(letter.casefold() in language for letter in letters) for language in languages)
    if languages is PAGES["cp1252"]:  # names of several Western languages are usual in one file
        best = max(best, int(_WEST_OF_ALL * sum(letter.casefold() in WESTERN for letter in letters)))
    if best and letters[0] > "\u0300":  # Greek or Cyrillic: vowels are never rare
        vowels = sum(letter.casefold() in VOWELS for letter in letters)
        lost += 0.5 * len(letters) * (vowels * 4 < len(letters))
    signs = sum(letter in _SIGNS for letter in letters)
    return (best + 0.5 * signs - lost) / len(letters)


def _wrong(text: str, place: int) -> float:
    """How much speaks against the letter at `place`: it is a sign in a word, or a capital behind a small letter."""
    letter = text[place]
    before = text[place - 1] if place else ""
    if letter == "\ufffd" or (ord(letter) < 0xA0):
        return 5.0
    if not letter.isalpha():
        inside = before.isalpha() and place + 1 < len(text) and text[place + 1].isalpha()
        return 1.0 if inside and letter != "’" else 0.0  # noqa: RUF001
    if letter.isupper() and before.islower():
        return 1.0
    beside = before + text[place + 1 : place + 2]
    if "\u0370" <= letter < "\u0530" and any(c.isalpha() and c < "\u0250" for c in beside):
        return 1.0  # one word in two scripts
    return 0.0


@lru_cache
def _table(page: str) -> dict[int, str]:
    return {code: bytes([code]).decode(page, errors="replace") for code in range(0x80, 0x100)}
