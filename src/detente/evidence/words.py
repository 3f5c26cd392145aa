"""What the page for people says, in English and in French.

French has a narrow no-break space before : ; ! and ?, written \\u202f here.
"""

from __future__ import annotations

from collections.abc import Mapping

from detente.words import Words

TITLE = Words("Evidence bundle", "Dossier de preuves")

WHAT = Words(
    "This file shows entries of a record that one party keeps under an agreement with others. Each "
    "entry is signed by its author. All entries are tied together by hashes, so that none can be "
    "changed, removed or put in later without its showing. The other parties, and neutral "
    "witnesses if there are any, have signed the state of this record at certain moments: from "
    "then on it cannot be rewritten without their signatures giving it away.",
    "Ce fichier présente des écritures d’un registre qu’une partie tient en vertu d’un accord avec "
    "d’autres. Chaque écriture est signée par son auteur. Toutes sont liées par des empreintes "
    "cryptographiques\u202f: aucune ne peut être modifiée, retirée ou ajoutée après coup sans que "
    "cela se voie. Les autres parties, et des témoins neutres s’il y en a, ont signé l’état de ce "
    "registre à certains moments\u202f: dès lors, leurs signatures trahiraient toute réécriture.",
)

NOT_A_CHECK = Words(
    "This page is a guide for the reader. It proves nothing by itself: it was written by the "
    "party that made the bundle. The proof is in the other files, and is checked as described "
    "below.",
    "Cette page guide le lecteur. Elle ne prouve rien par elle-même\u202f: elle a été rédigée par "
    "le logiciel de la partie qui a établi le dossier. La preuve se trouve dans les autres "
    "fichiers et se vérifie comme indiqué plus bas.",
)

FACTS = {
    "agreement": Words("Agreement", "Accord"),
    "agreement_hash": Words("Fingerprint of the agreement", "Empreinte de l’accord"),
    "parties": Words("Parties", "Parties"),
    "party": Words("Whose record", "Registre tenu par"),
    "by": Words("Made by", "Établi par"),
    "at": Words("Made at (UTC)", "Établi le (UTC)"),
    "purpose": Words("Purpose", "Motif"),
    "origin": Words("Name of the log", "Nom du registre"),
    "tree": Words("Entries in the log at that state", "Écritures au registre à cet état"),
    "root": Words("Fingerprint of that state", "Empreinte de cet état"),
    "cosigners": Words("Signed as seen by", "Contresigné par"),
    "scope": Words("Shown", "Étendue"),
    "kinds": Words("Kinds of entries", "Nature des écritures"),
    "between": Words("Stated times, from – to (UTC)", "Heures déclarées, de – à (UTC)"),
    "grade": Words("Grade, as the exporter saw it", "Degré, selon l’exportateur"),
    "withheld": Words("Attachments left out", "Pièces jointes omises"),
    "erased": Words("Entries whose content was erased", "Écritures au contenu effacé"),
}

SCOPES: Mapping[str, Words] = {
    "full": Words("the whole log", "le registre entier"),
    "subset": Words("a selection of the log", "une sélection du registre"),
}

GRADES: Mapping[str, Words] = {
    "bilateral": Words(
        "every other party has countersigned the state of the record that covers these entries, "
        "as the agreement asks",
        "les autres parties ont contresigné l’état du registre qui couvre ces écritures, comme "
        "l’accord l’exige",
    ),
    "third-party": Words(
        "a neutral witness has countersigned, not every other party",
        "un témoin neutre a contresigné, mais non toutes les autres parties",
    ),
    "timestamped": Words(
        "a time-stamping authority has confirmed when this state existed; no witness has "
        "countersigned",
        "une autorité d’horodatage a confirmé la date de cet état\u202f; aucun témoin n’a "
        "contresigné",
    ),
    "single": Words(
        "the keeper of the record has signed this state; of the others, fewer than needed or none",
        "la partie qui tient le registre a signé cet état\u202f; les autres ne l’ont pas fait, ou "
        "trop peu d’entre elles",
    ),
}

GRADE_NAMES: Mapping[str, Words] = {
    "bilateral": Words("bilateral", "bilatéral"),
    "third-party": Words("third party", "tiers"),
    "timestamped": Words("timestamped", "horodaté"),
    "single": Words("single", "simple"),
}

STATUSES: Mapping[str, Words] = {
    "exercise": Words("EXERCISE", "EXERCICE"),
    "test": Words("TEST", "ESSAI"),
}

KINDS: Mapping[str, Words] = {
    "agreement": Words("agreement in force", "accord en vigueur"),
    "receipt": Words("receipt", "accusé de réception"),
    "acknowledgement": Words("acknowledgement", "prise d’acte"),
    "anchor": Words("other party’s state noted", "état de l’autre partie consigné"),
    "clock": Words("statement on clocks", "relevé d’horloge"),
    "key-rotation": Words("key replaced", "clé remplacée"),
    "key-revocation": Words("key revoked", "clé révoquée"),
    "erasure": Words("content erased", "contenu effacé"),
    "gap": Words("erased before it came", "effacée avant d’arriver"),
    "withheld": Words("files kept back", "fichiers retenus"),
    "witness-refusal": Words("refusal to countersign", "refus de contresigner"),
    "custody": Words("export", "exportation"),
    "suspension": Words("suspension", "suspension"),
    "resumption": Words("resumption", "reprise"),
    "withdrawal": Words("withdrawal", "retrait"),
    "message": Words("message", "message"),
    "shown": Words("shown to an officer", "affiché devant un officier"),
    "read-back": Words("read back", "collationnement"),
    "read-back-refused": Words("wrong read-back refused", "collationnement erroné refusé"),
    "escalation": Words("officers called", "appel d’officiers"),
    "alarm": Words("alarm", "alarme"),
    "watch": Words("state of the line", "état de la ligne"),
    "outage": Words("outage", "interruption"),
    "room-open": Words("room opened", "salle ouverte"),
    "room-members": Words("members of a room", "membres d’une salle"),
    "room-leave": Words("room left", "départ d’une salle"),
    "room-close": Words("room closed", "salle fermée"),
    "conference": Words("conference called", "conférence convoquée"),
    "attendance": Words("attendance", "présence"),
    "proposal": Words("proposal", "proposition"),
    "proposal-fate": Words("what became of a proposal", "sort d’une proposition"),
    "minutes": Words("minutes", "procès-verbal"),
    "minutes-signature": Words("minutes signed", "procès-verbal signé"),
    "dissent": Words("dissent", "désaccord"),
    "conference-close": Words("conference closed", "conférence close"),
    "security": Words("event of security", "événement de sécurité"),
    "approval-request": Words("second person asked", "demande à une seconde personne"),
    "approval": Words("second person’s decision", "décision d’une seconde personne"),
    "uss-exchange": Words("exchange of messages", "échange de messages"),
    "operational-intent": Words("operational intent", "intention opérationnelle"),
    "operational-intent-pending": Words("order under way", "ordre en cours"),
    "planning-attempt": Words("attempt at planning", "tentative de planification"),
    "operator-notice": Words("operator told", "opérateur informé"),
    "operator-input": Words("operator’s statement", "déclaration d’un opérateur"),
    "positions": Words("positions of an aircraft", "positions d’un aéronef"),
    "constraint": Words("constraint", "contrainte"),
    "constraint-order": Words("order for a constraint", "ordre pour une contrainte"),
}

ANSWERS: Mapping[str, Words] = {
    "receipt": Words("received by the node of", "reçu par le nœud de"),
    "acknowledgement": Words("acknowledged by an officer of", "acte pris par un officier de"),
    "shown": Words("shown to an officer of", "affiché devant un officier de"),
    "read-back": Words("read back by an officer of", "collationné par un officier de"),
}

TIMELINE = Words("Who said what to whom", "Qui a dit quoi à qui")
TIMELINE_NOTE = Words(
    "Order of the log, downwards; times as each author states them. Solid: message. Dashed: "
    "receipt, or that it was shown, said by a machine. Dotted: read back or acknowledged, signed "
    "by a person. A missing arrow means only that no such answer is in this bundle.",
    "Ordre du registre, de haut en bas\u202f; heures déclarées par chaque auteur. Trait "
    "plein\u202f: message. Tirets\u202f: accusé de réception, ou affichage, dit par une machine. "
    "Pointillés\u202f: collationnement ou prise d’acte, signés par une personne. Une flèche "
    "absente signifie seulement que le dossier ne contient pas cette réponse.",
)
ENTRIES = Words("Entries", "Écritures")
ENTRIES_HEAD = (
    Words("No.", "Nº"),
    Words("Stated time (UTC)", "Heure déclarée (UTC)"),
    Words("From → to", "De → à"),
    Words("What", "Quoi"),
    Words("Receipts, acknowledgements", "Accusés, prises d’acte"),
)
ERASED = Words(
    "content erased; its fingerprint remains. Erasure stated by entry",
    "contenu effacé\u202f; son empreinte demeure. Effacement déclaré par l’écriture",
)
EVERYONE = Words("all parties", "toutes les parties")
LEFT_OUT = Words(
    "further messages are in the bundle but not on this page; the files in envelopes/ hold all.",
    "autres messages figurent au dossier mais non sur cette page\u202f; les fichiers du répertoire "
    "envelopes/ les contiennent tous.",
)
NONE = Words("none", "aucun")
UP_TO = Words("up to entry {index}", "jusqu’à l’écriture {index}")

EVENTS_TITLE = Words("Keys, clocks, erasures, refusals", "Clés, horloges, effacements, refus")
PURPOSES: Mapping[str, Words] = {
    "log": Words("the key of its record", "la clé de son registre"),
    "witness": Words("the key of its witness", "la clé de son témoin"),
    "signing": Words("a key of its node", "une clé de son nœud"),
    "officer": Words("an officer’s key", "la clé d’un officier"),
}
EVENTS: Mapping[str, Words] = {
    "key-rotation": Words(
        "Entry {at}: {party} replaced {what}. From the next entry on, it is {new}.",
        "Écriture {at}\u202f: {party} a remplacé {what}. Dès l’écriture suivante, c’est {new}.",
    ),
    "key-revocation": Words(
        "Entry {at}: {party} declared the key {key} invalid after entry {good_until_index} of the "
        "record {origin}. The reason it gives: {reason}",
        "Écriture {at}\u202f: {party} a déclaré la clé {key} invalide après l’écriture "
        "{good_until_index} du registre {origin}. Motif indiqué\u202f: {reason}",
    ),
    "erasure": Words(
        "Entry {at}: {party} states that the content of entry {index} of the record {origin} was "
        "erased. The ground it gives: {ground}",
        "Écriture {at}\u202f: {party} déclare que le contenu de l’écriture {index} du registre "
        "{origin} a été effacé. Fondement indiqué\u202f: {ground}",
    ),
    "witness-refusal": Words(
        "Entry {at}: {party} states that a cosignature over {size} entries of the record {origin} "
        "was refused. The reason it gives: {reason}",
        "Écriture {at}\u202f: {party} déclare qu’un contreseing sur {size} écritures du registre "
        "{origin} a été refusé. Motif indiqué\u202f: {reason}",
    ),
    "clock": Words(
        "Statements of {party} on its clock: {count}. The largest error among them: {offset_ms} "
        "ms, give or take {uncertainty_ms} ms, by {source} (entry {at}).",
        "Déclarations de {party} sur son horloge\u202f: {count}. Le plus grand écart\u202f: "
        "{offset_ms} ms, à {uncertainty_ms} ms près, selon {source} (écriture {at}).",
    ),
}
MORE_EVENTS = Words(
    "Changes of keys, refusals and erasures not listed: {count}.",
    "Changements de clés, refus et effacements non énumérés\u202f: {count}.",
)

VERIFY = Words("How to check it", "Comment le vérifier")
VERIFY_OURS = Words(
    "With our verifier, which needs neither network nor server:",
    "Avec notre vérificateur, sans réseau ni serveur\u202f:",
)
VERIFY_PIN = Words(
    "Compare the fingerprint of the agreement with one that you have from elsewhere: from the "
    "treaty file, from each party. Without that, the bundle shows only that the parties named "
    "in it agree with themselves.",
    "Comparez l’empreinte de l’accord avec celle que vous tenez d’une autre source\u202f: dossier "
    "de l’accord, chacune des parties. Sans cela, le dossier établit seulement que les parties "
    "qu’il nomme sont d’accord avec elles-mêmes.",
)
VERIFY_OTHERS = Words(
    "With the tools of others (OpenSSL, Sigstore, securesystemslib): VERIFY.md has the commands, "
    "and says of each what it shows and what it leaves open.",
    "Avec des outils tiers (OpenSSL, Sigstore, securesystemslib)\u202f: VERIFY.md donne les "
    "commandes, et dit de chacune ce qu’elle établit et ce qu’elle laisse ouvert.",
)

LIMITS = Words("What it does not prove", "Ce que cela ne prouve pas")
LIMITS_LIST = (
    Words(
        "That what was written is true. Signatures show who wrote, not whether it happened.",
        "Que ce qui est écrit est vrai. Les signatures montrent qui a écrit, non ce qui s’est "
        "passé.",
    ),
    Words(
        "That nothing was withheld: what was never recorded, or is not in this selection, cannot "
        "be seen here.",
        "Que rien n’a été tu\u202f: ce qui n’a jamais été consigné, ou n’est pas dans cette "
        "sélection, ne se voit pas ici.",
    ),
    Words(
        "That clocks were right. Times are those that authors and witnesses state, unless a "
        "time-stamping authority has confirmed them.",
        "Que les horloges étaient justes. Les heures sont celles que déclarent auteurs et témoins, "
        "sauf confirmation par une autorité d’horodatage.",
    ),
    Words(
        "That a message without receipt did not arrive. A missing answer is only missing.",
        "Qu’un message sans accusé n’est pas arrivé. Une réponse absente n’est qu’absente.",
    ),
    Words(
        "Anything against all parties together: if all of them, and every witness, act in concert, "
        "they can write another record.",
        "Quoi que ce soit contre toutes les parties réunies\u202f: de concert avec tous les "
        "témoins, elles peuvent établir un autre registre.",
    ),
    Words(
        "That the keys belong to whom the agreement says. The agreement’s fingerprint has to be "
        "compared.",
        "Que les clés appartiennent à ceux que l’accord désigne. L’empreinte de l’accord doit être "
        "comparée.",
    ),
)
