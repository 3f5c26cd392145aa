"""Every sentence of the report, in English and in French, by key.

Keys of findings are their codes. In French, the narrow no-break space before high punctuation and
within quotation marks is put in here, so that the texts below stay easy to edit.
"""

from __future__ import annotations

import re
from typing import Final, Literal

Language = Literal["en", "fr"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "fr")

_HIGH: Final = re.compile(r" (?=[:;!?»%])|(?<=«) ")


def _typeset(text: str) -> str:
    return _HIGH.sub("\u202f", text)


def say(key: str, language: Language, /, **values: str | int) -> str:
    """The sentence of that key, with its values put in."""
    return (EN if language == "en" else FR)[key].format(**values)


EN: Final[dict[str, str]] = {
    # Findings
    "zip.malformed": "The archive is damaged.",
    "zip.trick": "The archive says different things to different programs.",
    "zip.limit": "The archive is larger than a bundle may be.",
    "manifest.malformed": "The manifest does not have its prescribed form.",
    "manifest.mismatch": "The manifest states something else than what the bundle holds.",
    "file.missing": "A file that must be there is missing.",
    "file.extra": "There is a file that does not belong in the bundle.",
    "json.malformed": "A file is not unambiguous JSON.",
    "agreement.malformed": "The agreement does not have its prescribed form.",
    "agreement.file": "A document of the agreement is not the one that was signed.",
    "agreement.signature": "A signature under the agreement is wrong, or by a stranger.",
    "agreement.unsigned": "A party has not signed the agreement.",
    "agreement.pinned": "The agreement or key is not the one that you expect.",
    "key.unusable": "A key is unfit: with it, signatures could be forged or disputed.",
    "key.duplicate": "The same key stands under two names or purposes.",
    "key.rotation": "A change of keys lacks a proof that it needs.",
    "key.revoked": "A key was used that had been declared invalid.",
    "policy.mismatch": "The rule on cosignatures is not the one in the agreement.",
    "policy.quorum": "The cosignatures that the agreement demands are not there.",
    "checkpoint.malformed": "A checkpoint does not have its prescribed form.",
    "checkpoint.signature": "A checkpoint is not rightly signed by the record's key.",
    "checkpoint.origin": "A checkpoint belongs to another record.",
    "cosignature.wrong": "A cosignature is wrong.",
    "cosignature.future": "A cosignature bears a time in the future.",
    "tree.root": "The entries are not those that the checkpoint was signed for.",
    "tree.tile": "A part of the hash tree does not fit with the rest.",
    "leaf.mismatch": "A message is not the one that stands in the record at its place.",
    "leaf.malformed": "An entry of the record does not have its prescribed form.",
    "proof.inclusion": "A proof that an entry is in the record is wrong.",
    "proof.consistency": "An earlier state of the record is not the beginning of the present one.",
    "envelope.malformed": "A message's envelope does not have its prescribed form.",
    "envelope.signature": "The signature of a message is wrong.",
    "envelope.author": "A message is not signed by a key that its sender had at that time.",
    "payload.malformed": "A message does not have its prescribed form.",
    "payload.agreement": "An entry belongs to another agreement, or names parties that it lacks.",
    "chain.gap": "A message is missing, or numbered twice.",
    "chain.prev": "A message does not follow the one that it names.",
    "receipt.mismatch": "A receipt or acknowledgement does not fit the message that it is for.",
    "receipt.replayed": "A receipt or acknowledgement of one message is used for another.",
    "acknowledgement.author": "An acknowledgement is not by an officer of the other party.",
    "blob.missing": "An attachment is missing and not listed as withheld.",
    "blob.mismatch": "An attachment is not the one that was sent.",
    "sigstore.mismatch": "An item for Sigstore verifiers says something else than the record.",
    "trusted_root.mismatch": "The keys given to Sigstore verifiers are not those of the record.",
    "tlog_proof.mismatch": "A separate proof says something else than the record.",
    "timestamp.wrong": "A timestamp is wrong.",
    "erasure.unstated": "A message is gone, and no valid entry says that it was erased.",
    "custody.mismatch": "The list of exports is not what the record states.",
    "grade.lower": "The evidence is weaker than stated or demanded.",
    "anchor.fork": "Two versions of the same record were signed: the record was forked.",
    # Headings
    "title": "Verification of an evidence bundle",
    "proven": "PROVEN",
    "refused": "REFUSED",
    "proven.text": "Everything that was checked is in order. What follows rests on it.",
    "unconfirmed": "REFUSED: TOO LITTLE CONFIRMED",
    "unconfirmed.text": "Nothing that was checked is wrong, but fewer have confirmed the record "
    "than is demanded or stated. See the findings; --accept tells what to be content with.",
    "refused.text": "Something is wrong with this bundle. Do not rely on it; see the findings.",
    "heading.what": "What this is",
    "heading.findings": "Findings",
    "heading.proven": "What is proven",
    "heading.items": "Messages",
    "heading.limits": "What is not proven",
    "findings.none": "None.",
    "findings.more": "Findings not listed: {count}.",
    "notice": "note",
    "error": "error",
    "code": "code",
    "where": "where",
    "where.entry": "entry {index}",
    "detail": "detail",
    "items.more": "Messages not listed here: {count}.",
    # What this is
    "what.bundle": "File: {name}",
    "what.agreement": "Agreement: {title} ({id}, version {version}, SHA-256 {sha256})",
    "what.parties": "Parties: {parties}",
    "what.officers": "Officers of {party}: {officers}",
    "what.record": "Record: {origin}, kept by {party}; {size} entries at this checkpoint",
    "what.items": "Shown: {count} entries ({scope}), of which {erased} erased",
    "what.kinds": "Kinds: {kinds}",
    "what.span": "Stated times: from {first} to {last}",
    "what.export": "Exported, as the exporter states: {at}, by {by}",
    "what.grade": "Grade: {grade}",
    "scope.full": "the whole record up to there",
    "scope.subset": "a selection",
    "scope.": "unknown",
    "grade.bilateral": "bilateral (cosigned by the other party, or as the agreement demands)",
    "grade.third-party": "third party (cosigned by a neutral witness, not by the other party)",
    "grade.timestamped": "timestamped (the record's own signature and a timestamp)",
    "grade.single": "single (the record's own signature only)",
    "grade.": "none",
    # Proven
    "agreed": "{parties} have each signed the same agreement, version {version}.",
    "head": "The record of {party} had these {size} entries, in this order.",
    "cosigned": "Cosignature of {name} over the first {size} entries, at {time} by its clock.",
    "neutral": "Cosignature of the neutral witness {name} over the first {size} entries, at {time} "
    "by its clock.",
    "stamped": "Timestamp over the first {size} entries, good by a certificate in the bundle: by "
    "its holder's clock, they existed at {time}.",
    "complete": "No entry is left out. No channel skips a number, erased entries aside; whether "
    "more followed its last message, this does not show.",
    "subset": "Each entry shown stands in the record at its place; others are not shown.",
    "rewritten": "What is cosigned cannot have been changed since, without the keys of those who "
    "cosigned it.",
    "anchors": "Checkpoints in these entries that a party witnessed for another: {count}. None "
    "contradicts another, or this record, at the same size; different sizes are not compared.",
    "event.rotation.log": "Entry {at}: {party} replaced the key of its record. From the next entry "
    "on, it is {new_vkey}.",
    "event.rotation.witness": "Entry {at}: {party} replaced the key of its witness. From the next "
    "entry on, it is {new_vkey}.",
    "event.rotation.signing": "Entry {at}: {party} replaced a key of its node. From the next entry "
    "on, it is {new_vkey}.",
    "event.rotation.officer": "Entry {at}: {party} replaced an officer's key. From the next entry "
    "on, it is {new_vkey}.",
    "event.revocation": "Entry {at}: {party} declared the key {key_vkey} invalid after entry "
    "{good_until_index} of the record {origin}. The reason it gives: {reason}",
    "event.refusal": "Entry {at}: {party} states that a cosignature over {size} entries of the "
    "record {origin} was refused. The reason it gives: {reason}",
    "event.erasure": "Entry {index}: what it said was erased; {party} states so in entry {at}. The "
    "ground it gives: {ground}",
    "event.clock": "Statements of {party} on its clock: {count}. The largest error among them: "
    "{offset_ms} ms, give or take {uncertainty_ms} ms, by {source} (entry {at}).",
    "event.more": "Changes of keys, refusals and erasures not listed: {count}.",
    "item": "Entry {index}: {party} signed a message of kind “{kind}” on channel “{channel}”, "
    "dated {time}, with the key {author}.",
    "item.officer": "Entry {index}: {holder}, officer of {party}, signed a message of kind "
    "“{kind}” on channel “{channel}”, dated {time}.",
    "item.status": "It is marked “{status}”, not as actual.",
    "item.receipt": "The node of {party} received exactly these bytes (its signature; entry "
    "{index} of its own record {origin}).",
    "item.acknowledgement": "{holder}, officer of {party}, acknowledged exactly these bytes "
    "(signature in entry {index}).",
    "item.unbelieved": "Its sender has since declared the key invalid from before this entry on.",
    # Limits
    "limit.pinned": "That the keys belong to the parties named. Compare the agreement's hash "
    "({sha256}) with one that you have from elsewhere, and give it with --agreement.",
    "limit.truth": "That what the messages say is true. Shown is who said it, not if it is so.",
    "limit.withheld": "That nothing was kept back before it was written into the record.",
    "limit.subset": "Anything about the entries that are not shown, and among them may be some "
    "that declare keys invalid; the selection was the exporter's.",
    "limit.clock": "The stated times. They are the parties' own clocks.",
    "limit.stamped": "The stated times, except that what a timestamp covers is not younger than "
    "it. "
    "Whose the timestamp's certificate is must be found out elsewhere.",
    "limit.unchecked": "A timestamp over {size} entries is there, but was not checked. Unpack the "
    "bundle and run: {command}",
    "limit.collusion": "That the parties, and the witnesses, did not act together. If all who sign "
    "agree on it, a record can be made up.",
    "limit.missing": "Anything by a missing receipt or acknowledgement: it shows only that it is "
    "missing here.",
    "limit.keys": "That a key was in nobody else's hands.",
    "limit.erased": "What erased entries said ({count}). Their place and hash remain.",
    "limit.gaps": "What entries said that never reached this record ({count}). Their author had "
    "erased them before, and has signed that; number and hash of each remain.",
    "limit.blobs": "What withheld attachments contain ({count}). Their hashes remain.",
    "limit.believed": "Anything by entries whose key its party declared invalid afterwards "
    "({count}). They were in the record before that declaration.",
    "limit.absent": "That {party} has seen all that is shown: it has not cosigned all of it.",
    "limit.anchors": "That {count} checkpoints of this record, which entries hold, are of this "
    "record: the selection does not give its root at their sizes.",
    "limit.single": "That the other party has seen this record: it has not cosigned it.",
    "limit.partly": "That the other party has seen all of this record: parties have cosigned no "
    "more than the first {size} entries, or fewer of them than needed.",
}

_FRENCH: Final[dict[str, str]] = {
    "zip.malformed": "L’archive est endommagée.",
    "zip.trick": "L’archive ne dit pas la même chose à tous les logiciels.",
    "zip.limit": "L’archive dépasse la taille permise d’un dossier.",
    "manifest.malformed": "Le manifeste n’a pas la forme prescrite.",
    "manifest.mismatch": "Le manifeste indique autre chose que ce que contient le dossier.",
    "file.missing": "Un fichier obligatoire manque.",
    "file.extra": "Un fichier n’a pas sa place dans le dossier.",
    "json.malformed": "Un fichier n’est pas du JSON sans équivoque.",
    "agreement.malformed": "L’accord n’a pas la forme prescrite.",
    "agreement.file": "Un document de l’accord n’est pas celui qui a été signé.",
    "agreement.signature": "Une signature de l’accord est fausse ou d’un inconnu.",
    "agreement.unsigned": "Une partie n’a pas signé l’accord.",
    "agreement.pinned": "L’accord ou la clé n’est pas celui ou celle que vous attendez.",
    "key.unusable": "Une clé est inapte : ses signatures pourraient être imitées ou contestées.",
    "key.duplicate": "La même clé figure sous deux noms ou pour deux usages.",
    "key.rotation": "Il manque à un changement de clé une preuve nécessaire.",
    "key.revoked": "Une clé a servi alors qu’elle avait été déclarée invalide.",
    "policy.mismatch": "La règle des contreseings n’est pas celle de l’accord.",
    "policy.quorum": "Les contreseings exigés par l’accord n’y sont pas.",
    "checkpoint.malformed": "Un point de contrôle n’a pas la forme prescrite.",
    "checkpoint.signature": "Un point de contrôle n’est pas dûment signé par la clé du registre.",
    "checkpoint.origin": "Un point de contrôle appartient à un autre registre.",
    "cosignature.wrong": "Un contreseing est faux.",
    "cosignature.future": "Un contreseing porte une heure future.",
    "tree.root": "Les écritures ne sont pas celles pour lesquelles le point de contrôle a été "
    "signé.",
    "tree.tile": "Une partie de l’arbre d’empreintes ne concorde pas avec le reste.",
    "leaf.mismatch": "Un message n’est pas celui qui est inscrit à sa place au registre.",
    "leaf.malformed": "Une écriture du registre n’a pas la forme prescrite.",
    "proof.inclusion": "Une preuve de présence au registre est fausse.",
    "proof.consistency": "Un état antérieur du registre n’est pas le début de l’état présent.",
    "envelope.malformed": "L’enveloppe d’un message n’a pas la forme prescrite.",
    "envelope.signature": "La signature d’un message est fausse.",
    "envelope.author": "Un message n’est pas signé d’une clé que son expéditeur avait alors.",
    "payload.malformed": "Un message n’a pas la forme prescrite.",
    "payload.agreement": "Une écriture relève d’un autre accord ou nomme des parties étrangères à "
    "celui-ci.",
    "chain.gap": "Un message manque ou porte un numéro déjà pris.",
    "chain.prev": "Un message ne suit pas celui qu’il désigne.",
    "receipt.mismatch": "Un accusé ne concorde pas avec le message auquel il se rapporte.",
    "receipt.replayed": "L’accusé d’un message sert pour un autre.",
    "acknowledgement.author": "Une prise d’acte n’est pas d’un officier de l’autre partie.",
    "blob.missing": "Une pièce jointe manque sans être déclarée retenue.",
    "blob.mismatch": "Une pièce jointe n’est pas celle qui a été envoyée.",
    "sigstore.mismatch": "Une pièce pour vérificateurs Sigstore dit autre chose que le registre.",
    "trusted_root.mismatch": "Les clés données aux vérificateurs Sigstore ne sont pas celles du "
    "registre.",
    "tlog_proof.mismatch": "Une preuve séparée dit autre chose que le registre.",
    "timestamp.wrong": "Un horodatage est faux.",
    "erasure.unstated": "Un message a disparu sans qu’une écriture valable déclare son effacement.",
    "custody.mismatch": "La liste des exports n’est pas celle qu’indique le registre.",
    "grade.lower": "La preuve est plus faible qu’indiqué ou qu’exigé.",
    "anchor.fork": "Deux versions du même registre ont été signées : le registre a bifurqué.",
    "title": "Vérification d’un dossier de preuves",
    "proven": "PROUVÉ",
    "refused": "REFUSÉ",
    "proven.text": "Tout ce qui a été contrôlé est en ordre. Ce qui suit s’appuie là-dessus.",
    "unconfirmed": "REFUSÉ : TROP PEU CONFIRMÉ",
    "unconfirmed.text": "Rien de ce qui a été contrôlé n’est faux, mais le registre est confirmé "
    "par moins de parties qu’il n’est exigé ou déclaré. Voyez les constats ; --accept dit de quoi "
    "se contenter.",
    "refused.text": "Ce dossier présente un défaut. Ne vous y fiez pas ; voyez les constats.",
    "heading.what": "De quoi il s’agit",
    "heading.findings": "Constats",
    "heading.proven": "Ce qui est prouvé",
    "heading.items": "Messages",
    "heading.limits": "Ce qui n’est pas prouvé",
    "findings.none": "Aucun.",
    "findings.more": "Constats non énumérés : {count}.",
    "notice": "remarque",
    "error": "erreur",
    "code": "code",
    "where": "lieu",
    "where.entry": "écriture {index}",
    "detail": "détail (en anglais)",
    "items.more": "Messages non énumérés ici : {count}.",
    "what.bundle": "Fichier : {name}",
    "what.agreement": "Accord : {title} ({id}, version {version}, SHA-256 {sha256})",
    "what.parties": "Parties : {parties}",
    "what.officers": "Officiers de {party} : {officers}",
    "what.record": "Registre : {origin}, tenu par {party} ; {size} écritures à ce point de "
    "contrôle",
    "what.items": "Présentées : {count} écritures ({scope}) ; effacées : {erased}",
    "what.kinds": "Genres : {kinds}",
    "what.span": "Heures déclarées : de {first} à {last}",
    "what.export": "Exporté, selon l’exportateur : {at}, par {by}",
    "what.grade": "Degré : {grade}",
    "scope.full": "le registre entier jusque-là",
    "scope.subset": "un choix",
    "scope.": "inconnu",
    "grade.bilateral": "bilatéral (contresigné par l’autre partie, ou comme l’exige l’accord)",
    "grade.third-party": "tiers (contresigné par un témoin neutre, non par l’autre partie)",
    "grade.timestamped": "horodaté (signature du registre et horodatage)",
    "grade.single": "simple (signature du registre seule)",
    "grade.": "aucun",
    "agreed": "{parties} ont chacune signé le même accord, version {version}.",
    "head": "Le registre de {party} comptait ces {size} écritures, dans cet ordre.",
    "cosigned": "Contreseing de {name} sur les {size} premières écritures, daté de {time} "
    "selon son horloge.",
    "neutral": "Contreseing du témoin neutre {name} sur les {size} premières écritures, daté de "
    "{time} selon son horloge.",
    "stamped": "Horodatage des {size} premières écritures, bon selon un certificat du dossier : à "
    "l’horloge de son titulaire, elles existaient à {time}.",
    "complete": "Aucune écriture n’est omise. Aucun canal ne saute de numéro, hormis les écritures "
    "effacées ; si d’autres messages ont suivi le dernier, cela n’apparaît pas ici.",
    "subset": "Chaque écriture présentée est à sa place au registre ; d’autres ne sont pas "
    "présentées.",
    "rewritten": "Ce qui est contresigné n’a pu être changé depuis sans les clés de ceux qui l’ont "
    "contresigné.",
    "anchors": "Points de contrôle, dans ces écritures, qu’une partie a contresignés pour une "
    "autre : {count}. Aucun n’en contredit un autre, ni ce registre, à la même taille ; les "
    "tailles différentes ne sont pas comparées.",
    "event.rotation.log": "Écriture {at} : {party} a remplacé la clé de son registre. Dès "
    "l’écriture suivante, c’est {new_vkey}.",
    "event.rotation.witness": "Écriture {at} : {party} a remplacé la clé de son témoin. Dès "
    "l’écriture suivante, c’est {new_vkey}.",
    "event.rotation.signing": "Écriture {at} : {party} a remplacé une clé de son nœud. Dès "
    "l’écriture suivante, c’est {new_vkey}.",
    "event.rotation.officer": "Écriture {at} : {party} a remplacé la clé d’un officier. Dès "
    "l’écriture suivante, c’est {new_vkey}.",
    "event.revocation": "Écriture {at} : {party} a déclaré la clé {key_vkey} invalide après "
    "l’écriture {good_until_index} du registre {origin}. Motif indiqué : {reason}",
    "event.refusal": "Écriture {at} : {party} déclare qu’un contreseing sur {size} écritures du "
    "registre {origin} a été refusé. Motif indiqué : {reason}",
    "event.erasure": "Écriture {index} : son contenu a été effacé ; {party} le déclare à "
    "l’écriture {at}. Fondement indiqué : {ground}",
    "event.clock": "Déclarations de {party} sur son horloge : {count}. Le plus grand écart : "
    "{offset_ms} ms, à {uncertainty_ms} ms près, selon {source} (écriture {at}).",
    "event.more": "Changements de clés, refus et effacements non énumérés : {count}.",
    "item": "Écriture {index} : {party} a signé un message de genre « {kind} » sur le canal "
    "« {channel} », daté {time}, avec la clé {author}.",
    "item.officer": "Écriture {index} : {holder}, officier de {party}, a signé un message de genre "
    "« {kind} » sur le canal « {channel} », daté {time}.",
    "item.status": "Il porte la mention « {status} » et non « actual » (réel).",
    "item.receipt": "Le nœud de {party} a reçu exactement ces octets (sa signature ; écriture "
    "{index} de son propre registre {origin}).",
    "item.acknowledgement": "{holder}, officier de {party}, a pris acte d’exactement ces octets "
    "(signature à l’écriture {index}).",
    "item.unbelieved": "Son expéditeur a depuis déclaré la clé invalide dès avant cette écriture.",
    "limit.pinned": "Que les clés appartiennent aux parties nommées. Comparez l’empreinte de "
    "l’accord ({sha256}) avec celle que vous tenez d’ailleurs, et donnez-la par --agreement.",
    "limit.truth": "Que ce que disent les messages est vrai. Il est montré qui l’a dit, non si "
    "cela est.",
    "limit.withheld": "Que rien n’a été retenu avant d’être inscrit au registre.",
    "limit.subset": "Quoi que ce soit sur les écritures non présentées, dont certaines déclarent "
    "peut-être des clés invalides ; le choix est celui de l’exportateur.",
    "limit.clock": "Les heures déclarées. Ce sont celles des horloges des parties.",
    "limit.stamped": "Les heures déclarées, sauf que ce qu’un horodatage couvre n’est pas plus "
    "récent que lui. À qui appartient le certificat de l’horodatage est à établir ailleurs.",
    "limit.unchecked": "Un horodatage sur {size} écritures est présent mais n’a pas été contrôlé. "
    "Décompressez le dossier et lancez : {command}",
    "limit.collusion": "Que les parties, et les témoins, n’ont pas agi de concert. Si tous les "
    "signataires s’entendent, un registre peut être inventé.",
    "limit.missing": "Quoi que ce soit par l’absence d’un accusé ou d’une prise d’acte : elle ne "
    "montre que son absence ici.",
    "limit.keys": "Qu’une clé n’était dans les mains de personne d’autre.",
    "limit.erased": "Ce que disaient les écritures effacées ({count}). Leur place et leur "
    "empreinte demeurent.",
    "limit.gaps": "Ce que disaient des écritures qui ne sont jamais parvenues à ce registre "
    "({count}). Leur auteur les avait effacées auparavant et l’a signé ; le numéro et l’empreinte "
    "de chacune demeurent.",
    "limit.blobs": "Ce que contiennent les pièces jointes retenues ({count}). Leurs empreintes "
    "demeurent.",
    "limit.believed": "Quoi que ce soit par des écritures dont la partie a déclaré la clé invalide "
    "après coup ({count}). Elles étaient au registre avant cette déclaration.",
    "limit.absent": "Que {party} a vu tout ce qui est présenté : elle n’en a pas contresigné la "
    "totalité.",
    "limit.anchors": "Que {count} points de contrôle de ce registre, contenus dans des écritures, "
    "en sont bien : le choix n’en donne pas la racine à ces tailles.",
    "limit.single": "Que l’autre partie a vu ce registre : elle ne l’a pas contresigné.",
    "limit.partly": "Que l’autre partie a vu tout ce registre : des parties n’ont contresigné que "
    "les {size} premières écritures, ou moins d’entre elles qu’il n’en faut.",
}

FR: Final[dict[str, str]] = {key: _typeset(text) for key, text in _FRENCH.items()}
