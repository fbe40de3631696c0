"""Words in the names of columns, and in cells, that tell what a column is; in several languages.

Names are compared in their `normal` form: lower case, no accents, one space between words.
"""

from __future__ import annotations

from core.imports.column_mapping import normal


def _forms(*texts: str) -> frozenset[str]:
    forms = [normal(text) for text in ", ".join(texts).split(", ")]
    # German umlauts are written as ae, oe, ue here, and in files as either: `normal` makes a, o, u of them.
    plain = [form.replace(pair, pair[0]) for form in forms for pair in ("ae", "oe", "ue")]
    return frozenset((*forms, *plain))


OUTCOMES = _forms(
    "y, outcome, result, results, converted, conversion, is converted, sold, sale, is sold, subscribed, subscription",
    "response, responded, won, is won, bought, purchased, purchase, purchase made, target, label, success, successful",
    "accepted, class, deposit, abgeschlossen, verkauft, gekauft, verkauf, kauf, ergebnis, erfolg, abschluss",
    "zusage, resultat, gewonnen, zielgroesse, vendu, achete, reponse, souscrit, converti, resultado, vendido",
    "comprado, exito, compra, convertido, sucesso, convertito, venduto, acquistato, esito, risultato, verkocht",
    "gekocht, resultaat, wynik, sprzedane, kupione, zakup",
)
"""Names of the column that says what came of the call."""

POSITIVE = _forms(
    "yes, y, true, t, 1, sold, sale, won, converted, success, successful, accepted, bought, purchased, subscribed",
    "positive, ja, j, wahr, verkauft, gekauft, gewonnen, erfolg, abgeschlossen, oui, vrai, vendu, gagne, si, s",
    "sim, vendido, ganado, ganho, comprado, exito, sucesso, venduto, vinto, vinta, verkocht, tak, sprzedane",
    "closed won, responder, buyer",
)
NEGATIVE = _forms(
    "no, n, false, f, 0, refused, rejected, lost, failure, failed, declined, not sold, not converted, negative",
    "-1, nein, falsch, abgelehnt, verloren, nicht verkauft, non, faux, refuse, perdu, nao, perdido, rechazado",
    "recusado, rifiutato, perso, niet verkocht, afgewezen, nie, odmowa, closed lost, non responder, non buyer",
    "no sale",
)

UNDECIDED = _forms(
    "not reached, no answer, no reply, unreachable, not reachable, voicemail, answering machine, mailbox, busy",
    "call back, callback, call again, later, try again, open, pending, new, in progress, not called, not yet called",
    "undecided, thinking about it, follow up, nicht erreicht, nicht erreichbar, keine antwort, anrufbeantworter",
    "besetzt, rueckruf, wiedervorlage, spaeter, offen, neu, in bearbeitung, noch nicht angerufen, unentschieden",
    "pas de reponse, injoignable, rappeler, a rappeler, occupe, no contesta, sin respuesta, ocupado, pendiente",
    "volver a llamar, sem resposta, pendente, nessuna risposta, richiamare, occupato, geen antwoord, terugbellen",
)
"""Words of a call that has no outcome yet."""

BEFORE = _forms(
    "previous, prev, prior, last, past, earlier, former, old, letzte, letzter, letztes, vorherige, vorheriges",
    "frueher, dernier, precedent, ultimo, ultima, anterior, precedente, poutcome, pdays, since, seit, until now",
)
"""Words that put what they describe before the call."""

AFTER = _forms(
    "duration, call duration, duration of call, talk time, talktime, call length, length of call, call seconds",
    "call time, handling time, wrap up, status after call, call status, call result, call outcome, result",
    "disposition, call disposition, closed at, close date, closed date, date closed, closed on, won at, won date",
    "lost at, converted at, conversion date, converted date, date converted, purchase date, order date, order id",
    "order number, order value, contract number, revenue, sale amount, sales amount, deal value, deal amount",
    "contract value, amount sold, amount won, sold amount, lost reason, reason lost, loss reason, refusal reason",
    "rejection reason, reason for refusal, cancellation reason, after call, after the call, follow up result",
    "gespraechsdauer, anrufdauer, dauer, dauer des anrufs, ergebnis, status nach anruf, status nach dem anruf",
    "anrufergebnis, abschlussdatum, abgeschlossen am, umsatz, auftragswert, ablehnungsgrund, absagegrund",
    "verlustgrund, kaufdatum, bestelldatum, duree, duree appel, chiffre d affaires, duracion",
    "duracion de la llamada, motivo de rechazo, ingresos, duracao, receita, durata, ricavo, fatturato",
)
"""Names of what is known only once the call is over."""

AFTER_PHRASES = _forms(
    "after call, after the call, nach anruf, nach dem anruf, nach gespraech, call duration, call result",
    "call outcome, disposition, talk time, lost reason, reason lost, refusal reason, closed at, close date",
    "won date, gespraechsdauer, ablehnungsgrund, abschlussdatum, converted at, conversion date, revenue, umsatz",
    "auftragswert, deal value",
)
"""The same, wherever they stand in a name."""

KEYS = _forms(
    "id, key, uid, uuid, guid, ref, reference, number, no, nr, num, code, customer, client, account, lead",
    "contact id, kunde, kunden, kundennummer, kundennr, kundenummer, kunden nr, kundenid, schluessel, konto",
    "referenz, nummer, vertrag, cliente, numero, codigo, chiave, cle, klant, klantnummer, identifier, pk, rowid",
    "row id, index, record, member, policy",
)
PERSON_KEYS = _forms(
    "customer, client, person, lead, account, kunde, kunden, kundennummer, cliente, klant, prospect, member",
    "contact, user, policy holder, interessent, patient, subscriber, debtor, kundenid, customerid, clientid",
    "personid, leadid",
)
NAMES = _forms(
    "name, full name, fullname, first name, firstname, last name, lastname, surname, given name, family name",
    "middle name, customer name, client name, contact name, person name, lead name, vorname, nachname",
    "familienname, kundenname, kunde name, nom, prenom, nombre, apellido, apellidos, nome, cognome, sobrenome",
    "naam, voornaam, achternaam, imie, nazwisko",
)
PHONES = _forms(
    "phone, telephone, tel, mobile, cell, cellphone, cell phone, mobile phone, phone number, handy, telefon",
    "mobil, telefonnummer, handynummer, mobilnummer, rufnummer, telefono, movil, celular, telefone, cellulare",
    "portable, gsm, telefoon, landline, festnetz, fax, whatsapp, komorka, msisdn",
)
EMAILS = _forms(
    "e mail, email, mail, email address, mailadresse, e mail adresse, correo, courriel, posta, address, street",
    "street address, adresse, strasse, hausnummer, address line, iban, direccion, rue, indirizzo, via, ssn",
    "social security number, passport, tax id, steuernummer",
)
PERSONAL = _forms(
    "address, street, street address, adresse, strasse, hausnummer, address line, iban, direccion, rue, indirizzo",
    "via, ssn, social security number, passport, tax id, steuernummer",
)
TEXTS = _forms(
    "note, notes, comment, comments, remark, remarks, description, message, memo, free text, bemerkung",
    "bemerkungen, notiz, notizen, kommentar, beschreibung, commentaire, remarque, comentario, comentarios",
    "observaciones, nota, note interne",
)
CODES = _forms(
    "code, type, class, group, segment, region, branch, cluster, category, kind, zip, zip code, plz, postal",
    "postcode, postal code, postleitzahl, art, typ, klasse, gruppe, filiale, kategorie, tarif, plan, product",
    "produkt, district, area, tier, cp, cap, codigo postal, sector, channel, source, band, grade, level, model",
)
"""Names of whole numbers that are names, not amounts."""
COUNTS = _forms(
    "count, number of, anzahl, visits, times, calls, anrufe, besuche, quantity, menge, amount, nombre de, month",
    "weekday, day of week, day, hour, channel, contact, campaign, agent, list, monat, wochentag, stunde, kanal",
    "kampagne, attempt, attempts, versuch, caller, team",
)
CONTEXT = _forms(
    "month, weekday, day of week, day, hour, channel, contact, campaign, agent, list, monat, wochentag, stunde",
    "kanal, kampagne, attempt, attempts, versuch, caller, team",
)
HISTORY = _forms(
    "visits, visit, purchases, orders, calls, contacts, clicks, opens, sessions, logins, complaints, tickets",
    "tenure, besuche, kaeufe, bestellungen, anrufe, kontakte, klicks, signup, sign up, registered, created",
    "time on site, joined",
)
AGES = _forms(
    "age, alter, edad, eta, idade, wiek, leeftijd, age years, geburtsdatum, birthday, birth date, date of birth",
)

MISSING = frozenset(
    {
        *(
            "n/a",
            "na",
            "n.a.",
            "#n/a",
            "null",
            "(null)",
            "none",
            "nan",
            "nil",
            "-",
            "--",
            "---",
            "?",
            "unknown",
            "missing",
        ),
        *(
            "not available",
            "not set",
            "undefined",
            "unbekannt",
            "k.a.",
            "k. a.",
            "keine angabe",
            "#value!",
            "#ref!",
            ".",
        ),
        *("#div/0!", "#name?", "\\n", "tbd", "empty", "leer", "inconnu", "desconocido", "sconosciuto"),
    }
)
"""Cells that say that nothing is known, in lower case."""


def has(name: str, words: frozenset[str]) -> bool:
    """Whether one of `words`, or of its phrases, stands in the column's name."""
    own = f" {normal(name)} "
    return any(f" {word} " in own for word in words)


def is_one(name: str, words: frozenset[str]) -> bool:
    """Whether the column's name is one of `words`, apart from a unit in brackets."""
    return normal(name.split("(", maxsplit=1)[0].split("[", maxsplit=1)[0]) in words
