"""What the terminal says by itself, in English and in French."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from detente.words import Words

from .typesetting import told

Known = Mapping[str, Words]

NO_ANSWER: Final = told("NO ANSWER FROM THE NODE", "LE NŒUD NE RÉPOND PAS")
SINCE: Final = told("since", "depuis")
AS_IT_WAS: Final = told(
    "what follows is as it was then, not as it is", "ce qui suit date d’alors et a pu changer"
)
WAS: Final = told("was:", "était :")
STARTING: Final = told("asking the node …", "interrogation du nœud…")

STATUS_BANNER: Final[Mapping[str, Words]] = {
    "actual": told("ACTUAL", "RÉEL"),
    "exercise": told("EXERCISE – EXERCISE", "EXERCICE – EXERCICE"),
    "test": told("TEST – TEST", "ESSAI – ESSAI"),
}

STATUS_SHORT: Final[Mapping[str, Words]] = {
    "actual": told("ACTUAL", "RÉEL"),
    "exercise": told("EXERCISE", "EXERCICE"),
    "test": told("TEST", "ESSAI"),
}
DISK_LOW: Final = told(
    "little room is left on the node's disk", "il reste peu de place sur le disque du nœud"
)

OUR_STATES: Final[Mapping[str, Words]] = {
    "queued": told("not here yet", "pas encore ici"),
    "delivered": told("not shown yet", "pas affiché"),
    "shown": told("shown here", "affiché ici"),
    "acknowledged": told("acknowledged", "acte pris"),
    "answered": told("answered", "répondu"),
}
"""States of a message to us, in few words."""

THEIR_STATES: Final[Mapping[str, Words]] = {
    "queued": told("queued here", "en attente ici"),
    "delivered": told("on their disk", "sur leur disque"),
    "shown": told("shown there", "affiché là-bas"),
    "acknowledged": told("acknowledged", "acte pris"),
    "answered": told("answered", "répondu"),
}
"""States of a message of ours, in few words."""

STEPS: Final = ("queued", "delivered", "shown", "acknowledged", "answered")

LINK_SYMBOLS: Final[Mapping[str, str]] = {
    "up": "=",
    "late": "~",
    "starting": "?",
    "down-here": "x",
    "down-there": "x",
    "peer-silent": "!",
}

BOX_WORDS: Final[Mapping[str, Words]] = {
    "all": told("all messages", "tous les messages"),
    "in": told("to us", "reçus"),
    "out": told("by us", "envoyés"),
    "room": told("in rooms", "dans les salles"),
    "waiting": told("waiting for an officer", "en attente d’un officier"),
}

COLUMNS: Final[Mapping[str, Words]] = {
    "way": told("Way", "Sens"),
    "time": told("UTC", "UTC"),
    "urgency": told("Urgency", "Urgence"),
    "what": told("What", "Quoi"),
    "state": told("State", "État"),
    "left": told("Left", "Reste"),
}

KEYS: Final[Mapping[str, Words]] = {
    "enter": told("open", "ouvrir"),
    "c": told("compose", "rédiger"),
    "a": told("acknowledge", "prendre acte"),
    "r": told("reply", "répondre"),
    "k": told("correct", "corriger"),
    "x": told("cancel it", "annuler"),
    "t": told("test call", "appel d’essai"),
    "d": told("save files", "fichiers"),
    "s": told("status", "statut"),
    "f": told("filter", "filtre"),
    "m": told("quiet", "silence"),
    "f1": told("help", "aide"),
    "f2": told("français", "English"),
    "q": told("quit", "quitter"),
    "esc": told("back", "retour"),
    "ctrl+s": told("preview", "aperçu"),
    "ctrl+s sign": told("sign", "signer"),
    "ctrl+s answer": told("answer", "répondre"),
    "n": told("make a call", "appeler"),
    "y": told("send", "envoyer"),
    "prove": told("prove it", "prouver"),
    "choose": told("choose", "choisir"),
    "tab": told("next field", "champ suivant"),
}

UNSEEN_TEXT: Final = told(
    "Go down to read the rest: it is not reported as shown before.",
    "Descendez pour lire la suite : il n’est pas signalé comme affiché avant.",
)
NOTHING_HERE: Final = told("No message. s: exercise, test.", "Aucun message. s : exercice, essai.")
NOTHING_LISTED: Final = told(
    "No message. Exercises and tests have lists of their own: --status.",
    "Aucun message. Exercices et essais ont leurs propres listes : --status.",
)
QUIET: Final = told(
    "the bell is quiet until there is something new", "sonnerie coupée jusqu’à la prochaine alarme"
)

READ_BACK_TITLE: Final = told(
    "Read back what the message says; then it is signed.",
    "Collationnez ce que dit le message ; il est ensuite signé.",
)
NO_READ_BACK_NEEDED: Final = told(
    "Nothing of this message has to be read back.", "Rien n’est à collationner dans ce message."
)
READ_BACK_WRONG: Final = told(
    "NOT SIGNED. What was read back differs from the message:",
    "NON SIGNÉ. Le collationnement diffère du message :",
)
REMARK: Final = told("Remark (optional)", "Remarque (facultative)")
REMARK_HINT: Final = told("goes with the acknowledgement", "accompagne la prise d’acte")
NOT_TO_US: Final = told(
    "Only a message to us can be acknowledged.",
    "Seul un message reçu peut faire l’objet d’un acte.",
)
ALREADY: Final = told("It is acknowledged already.", "Il en a déjà été pris acte.")
BLIND_NO_ACTION: Final = told(
    "The node does not answer: nothing can be sent or signed now.",
    "Le nœud ne répond pas : rien ne peut être envoyé ni signé.",
)
SENT: Final = told(
    "Sent: queued here until the other side has it.",
    "Envoyé : en attente ici jusqu’à réception par l’autre partie.",
)
SIGNED: Final = told("Acknowledged and signed.", "Acte pris et signé.")
ANSWERED_TEST: Final = told("The test call is answered.", "L’appel d’essai a reçu sa réponse.")
TEST_STARTED: Final = told(
    "The test call is on its way; answer it yourself as well.",
    "L’appel d’essai est parti ; répondez-y aussi vous-même.",
)

CHOOSE_FORM: Final = told("Which message?", "Quel message ?")
TO: Final = told("To", "À")
ROOM: Final = told("room", "salle")
IN_ROOM: Final = told("in room", "dans la salle")
CHOOSE_FILE: Final = told("Which file shall be saved?", "Quel fichier enregistrer ?")
NO_FILES: Final = told("There is no file with it.", "Aucun fichier joint.")
FILE_SAVED: Final = told("Saved, not opened: {path}", "Enregistré sans être ouvert : {path}")
ROOM_LEFT: Final = told(
    "Nobody hears us in its room now.", "Personne ne nous entend plus dans sa salle."
)
TOO_MANY_FILES: Final = told("No more than 20 files.", "Pas plus de 20 fichiers.")
FILES_HINT: Final = told(
    "paths, a ; between two: sketch.geojson; photo.png",
    "chemins, un ; entre deux : croquis.geojson; photo.png",
)

OUTAGES: Final = told("Outages of the last {days} days", "Coupures des {days} derniers jours")
NO_OUTAGES: Final = told("No outage is stated.", "Aucune coupure n’est déclarée.")
LASTS: Final = told("LASTS", "EN COURS")
SAYS_SAW: Final = told("states that it saw", "déclare avoir constaté")
SAYS_AWAY: Final = told(
    "states that its own node was away", "déclare que son propre nœud était absent"
)
SAYS_NOTHING: Final = told("has stated nothing", "n’a rien déclaré")
NOT_RECORDED: Final = told("not recorded yet", "pas encore enregistré")
OUTAGE_FAULT: Final = told(
    "{party} has stated something that tells of no outage of ours (entry {entry}): {what}",
    "{party} a déclaré ce qui n’est pas une coupure chez nous (écriture {entry}) : {what}",
)
MORE_OUTAGES: Final = told(
    "There are more than are shown here.", "Il y en a davantage que ce qui est montré ici."
)
URGENCY: Final = told("Urgency", "Urgence")
STATUS: Final = told("Status", "Statut")
OPTIONAL: Final = told("optional", "facultatif")
CHOOSE: Final = told("choose", "choisir")
PREVIEW: Final = told("PREVIEW – not sent yet", "APERÇU – pas encore envoyé")
ANSWERS: Final = told("answers", "répond à")
CORRECTS: Final = told("corrects", "corrige")
FAULTS: Final = told("Not ready:", "Incomplet :")

PROOF_TITLE: Final = told(
    "The node asks you to prove who you are.", "Le nœud vous demande de prouver qui vous êtes."
)
PROOF_AGAIN: Final = told(
    "That was not right. Once more:", "Ce n’était pas juste. Encore une fois :"
)
PROOF_HOW: Final = told(
    "Password, or the six digits of your device",
    "Mot de passe, ou les six chiffres de votre appareil",
)

TEST_SAY: Final = told("Write these words:", "Écrivez ces mots :")
TEST_NONE: Final = told("No test call waits for us.", "Aucun appel d’essai ne nous attend.")
TEST_NEXT: Final = told("Next:", "Prochain :")
TEST_STATS: Final = told(
    "{calls} calls: {answered} answered in time, {missed} missed, {waiting} waiting",
    "{calls} appels : {answered} répondus à temps, {missed} manqués, {waiting} en attente",
)
TEST_NO_MEDIAN: Final = told(
    "{party}: no answer yet, {unanswered} not answered",
    "{party} : pas encore de réponse, {unanswered} sans réponse",
)
TEST_MEDIAN: Final = told(
    "{party}: half of the answers within {time}, {unanswered} not answered",
    "{party} : la moitié des réponses en moins de {time}, {unanswered} sans réponse",
)

LINE: Final = told("Line", "Ligne")
HEARD: Final = told("heard", "entendu")
NEVER_HEARD: Final = told("never heard since the start", "jamais entendu depuis le démarrage")
CLOCK: Final = told("clock", "horloge")
TO_SEND: Final = told("to send", "à envoyer")
STANDS_STILL: Final = told("STANDS STILL", "BLOQUÉ")
NO_PEERS: Final = told("no other party", "aucune autre partie")

SENT_BY: Final = told("by", "par")
NODE_ITSELF: Final = told("the node itself", "le nœud lui-même")
OVERDUE: Final = told("OVERDUE", "EN RETARD")
LEFT: Final = told("left", "restant")
SUPERSEDED: Final = told("replaced by a correction", "remplacé par une correction")
SUPERSEDED_SHORT: Final = told("replaced", "remplacé")
RECEIVED: Final = told("on its node's disk", "sur le disque de son nœud")
SHOWN_TO: Final = told("shown to", "affiché devant")
UNREADABLE: Final = told(
    "This version does not know the form; what it says as data:",
    "Cette version ne connaît pas le formulaire ; son contenu brut :",
)
FILES: Final = told("Files", "Fichiers")
DOES_NOT_COUNT: Final = told("DOES NOT COUNT", "NE COMPTE PAS")
CALLED: Final = told("called", "appelé")
STEP: Final = told("step", "étape")

ALARM: Final = told("ALARM", "ALARME")
ALARM_NEW: Final = told("{urgency} from {peer}: {what}", "{urgency} de {peer} : {what}")
ALARM_OVERDUE_IN: Final = told(
    "{what} from {peer} waits for our acknowledgement, {time} too late",
    "{what} de {peer} attend notre prise d’acte, {time} de retard",
)
ALARM_OVERDUE_OUT: Final = told(
    "{peer} has not acknowledged {what}, {time} too late",
    "{peer} n’a pas pris acte de : {what}, {time} de retard",
)
ALARM_LINK: Final = told(
    "line to {peer}: {state} since {time}", "ligne vers {peer} : {state} depuis {time}"
)
ALARM_TEST: Final = told(
    "test call missed: no answer of {peer}", "appel d’essai manqué : sans réponse de {peer}"
)
ALARM_NODE: Final = told("the node records nothing: {why}", "le nœud n’enregistre rien : {why}")
MORE: Final = told("{count} more", "encore {count}")

HELP: Final = told(
    """The line between the parties

The list holds messages of one status only: ACTUAL, EXERCISE or TEST. s changes it; the top line
says which one it is, and how many messages wait in the others.

Five states, each proven by a signed entry:
  ●○○○○ queued here            nobody else has it yet
  ●●○○○ on their disk          their node has given a receipt
  ●●●○○ shown                  it was on an officer's screen
  ●●●●○ acknowledged           an officer has signed
  ●●●●● answered               another message answers it

Left: time until an officer must have acknowledged it; with a minus, since when it is overdue.
The line to a peer: = up, ~ late, x down, ! its node is silent, ? starting.

  Enter  open a message      c  write one            a  acknowledge (and read back)
  r      reply               k  correct one of ours  x  cancel one of ours
  t      test calls          f  filter the list      m  silence the bell
  s      status              o  outages              d  save files of an open message
  F2     français            q  quit

Rooms: their messages have # before the room; f lists them alone. To write in one, choose it
under To.
Files: paths with a ; between two. What came is saved here under a name of its hash, never opened.

A message is reported to its sender as shown when all of its text was on this screen, and only then.
If the node does not answer, the top line says since when, and everything else is grey: it is what
was true then. Nothing can be sent or signed meanwhile.

How to write
  place     36.718031N 68.862211E   36°43'05"N 68°51'44"E   364305N0685144E
  area      circle 5 km 36.7N 68.8E = Name
            polygon 36N 68E; 36N 69E; 37N 68E      corridor 2 NM 36N 68E; 37N 69E
  levels    1000 ft MSL to 5000 ft MSL   FL 100 to FL 200   0 m AGL to 120 m AGL
  times     2027-01-01 06:00 to 08:00    (UTC)
  aircraft  2 helicopter RESCUE 7        frequencies   121.5 MHz Tower; 4125 kHz
  text      as you like; ru: …  says that it is in another language than yours
""",
    """La ligne entre les parties

La liste ne contient que des messages d’un seul statut : RÉEL, EXERCICE ou ESSAI. s en change ; la
ligne du haut dit lequel est affiché et combien de messages attendent dans les autres.

Cinq états, chacun prouvé par une écriture signée :
  ●○○○○ en attente ici         personne d’autre ne l’a encore
  ●●○○○ sur leur disque        leur nœud en a donné reçu
  ●●●○○ affiché                il a été à l’écran d’un officier
  ●●●●○ acte pris              un officier a signé
  ●●●●● répondu                un autre message y répond

Reste : le temps avant qu’un officier doive en avoir pris acte ; avec un moins, le retard.
La ligne vers un correspondant : = établie, ~ lente, x coupée, ! nœud muet, ? démarrage.

  Entrée ouvrir un message   c  rédiger              a  prendre acte (et collationner)
  r      répondre            k  corriger un des nôtres  x  annuler un des nôtres
  t      appels d’essai      f  filtrer la liste     m  couper la sonnerie
  s      statut              o  coupures             d  enregistrer les fichiers
  F2     English             q  quitter

Salles : leurs messages portent # devant la salle ; f les montre seuls. Pour y écrire, choisissez-la
sous À. Fichiers : chemins séparés par ; . Ce qui arrive est enregistré ici sous un nom tiré de son
empreinte, jamais ouvert.

Un message est signalé comme affiché à son expéditeur quand tout son texte a été à cet écran, et
seulement alors. Si le nœud ne répond pas, la ligne du haut dit depuis quand et tout le reste est
gris : c’était vrai à ce moment-là. Rien ne peut alors être envoyé ni signé.

Comment écrire
  lieu      36.718031N 68.862211E   36°43’05"N 68°51’44"E   364305N0685144E
  zone      cercle 5 km 36.7N 68.8E = Nom
            polygone 36N 68E ; 36N 69E ; 37N 68E   couloir 2 NM 36N 68E ; 37N 69E
  niveaux   1000 ft MSL à 5000 ft MSL   FL 100 à FL 200   0 m AGL à 120 m AGL
  heures    2027-01-01 06:00 à 08:00    (UTC)
  aéronefs  2 hélicoptère RESCUE 7      fréquences   121,5 MHz Tour ; 4125 kHz
  texte     librement ; en: …  dit qu’il est dans une autre langue que la vôtre
""",
)
QUIET_SHORT: Final = told("quiet", "silence")
KEY_NAMES: Final[Mapping[str, Words]] = {
    "Enter": told("Enter", "Entrée"),
    "Esc": told("Esc", "Échap"),
}
UNKNOWN_FATE: Final = told(
    "Whether it was recorded is not known: look at the list once the node answers again.",
    "On ignore si cela a été enregistré : regardez la liste quand le nœud répondra à nouveau.",
)
NOT_TO_US_REPLY: Final = told(
    "Only a message to us can be answered.", "On ne répond qu’à un message reçu."
)
NOT_OURS: Final = told(
    "Only a message of ours can be corrected or cancelled.",
    "Seul un de nos messages peut être corrigé ou annulé.",
)
