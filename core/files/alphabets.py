"""The letters beyond a to z of European languages, by which the code page of a text is recognised.

A text decoded with the wrong page has letters that no single language has, signs inside words, and capitals behind
small letters.
"""

from __future__ import annotations

WESTERN = "áàâäãåæçéèêëíìîïñóòôöõøœúùûüßÿýšžðþ"
VOWELS = "аеёиоуыэюяєіїαεηιουωάέήίόύώ"
LANGUAGES = {
    "cp1252": ("äöüß", "éèàçùêâîôûëïüœæÿ", "áéíóúñü", "áàâãçéêíóôõúü", "àèéìòóù", "æøåäöéü", "áéíóúýþðæö", "ëéïöüèó"),
    "cp1250": ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîșțşţ", "čćđšž"),
    "cp1251": ("абвгдежзийклмнопрстуфхцчшщъыьэюяё", "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя"),
    "cp1253": ("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",),
    "cp1254": ("çğıöşüâî",),
    "cp1257": ("ąčęėįšųūž", "āčēģīķļņšūž", "äöõüšž"),
}
"""Languages by the Windows page that was made for them."""

_CENTRAL, _CYRILLIC, _WEST, _GREEK = (LANGUAGES[page] for page in ("cp1250", "cp1251", "cp1252", "cp1253"))
PAGES: dict[str, tuple[str, ...]] = {
    **LANGUAGES,
    "mac_roman": _WEST,
    "mac_latin2": _CENTRAL,
    "mac_cyrillic": _CYRILLIC,
    "cp850": _WEST,
    "cp852": _CENTRAL,
    "cp866": _CYRILLIC,
    "koi8_r": _CYRILLIC[:1],
    "koi8_u": _CYRILLIC[1:],
    "iso8859_15": _WEST,
    "iso8859_2": _CENTRAL,
    "iso8859_5": _CYRILLIC,
    "iso8859_7": _GREEK,
    "iso8859_9": LANGUAGES["cp1254"],
}
"""The pages that are tried, the commonest first, with the languages that are written in them."""
