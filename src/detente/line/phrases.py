"""The phrasebook's words: fields, choices, units, languages, and the words of test calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from detente.words import Words

FIELDS: Final[Mapping[str, Words]] = {
    "activity": Words("Activity", "Activité"),
    "danger": Words("Danger", "Danger"),
    "asks_for": Words("Asks for", "Objet de la demande"),
    "answer": Words("Answer", "Réponse"),
    "situation": Words("Situation", "Situation"),
    "incident": Words("What happened", "Ce qui s’est passé"),
    "purpose": Words("Purpose", "But"),
    "movement": Words("Movement", "Mouvement"),
    "reason": Words("Reason", "Raison"),
    "area": Words("Area", "Zone"),
    "levels": Words("Levels", "Niveaux"),
    "times": Words("Times", "Heures"),
    "at": Words("At", "À"),
    "answer_by": Words("Answer wanted by", "Réponse souhaitée avant"),
    "aircraft": Words("Aircraft", "Aéronefs"),
    "frequencies": Words("Frequencies", "Fréquences"),
    "crosses": Words("Crosses the border", "Franchit la frontière"),
    "nearest": Words("Nearest approach", "Distance minimale"),
    "organisation": Words("Organisation", "Organisation"),
    "vehicles": Words("Vehicles", "Véhicules"),
    "persons": Words("People", "Personnes"),
    "marking": Words("Marking", "Marquage"),
    "contact": Words("Contact", "Contact"),
    "remarks": Words("Remarks", "Remarques"),
    "advice": Words("What to do", "Conduite à tenir"),
    "text": Words("Text", "Texte"),
    "phrase": Words("Words", "Mots"),
}
"""What fields are called, by their name in messages."""

CHOICES: Final[Mapping[str, Mapping[str, Words]]] = {
    "activity": {
        "flights": Words("flights", "vols"),
        "unmanned-flights": Words("flights of unmanned aircraft", "vols d’aéronefs sans équipage"),
        "exercise": Words("an exercise in the air", "exercice aérien"),
        "parachuting": Words("parachuting", "parachutage de personnes"),
        "air-drop": Words("dropping of supplies", "largage de vivres ou de matériel"),
        "balloons": Words("balloons", "ballons"),
        "survey": Words("a survey", "levé aérien"),
        "danger-area": Words("a danger area is in use", "zone dangereuse active"),
        "other": Words("another one (see remarks)", "autre (voir remarques)"),
    },
    "danger": {
        "traffic": Words("other traffic", "autre trafic"),
        "area-closed": Words("the area is closed", "zone fermée"),
        "unknown-aircraft": Words("an unknown aircraft", "aéronef inconnu"),
        "loss-of-control": Words("an aircraft out of control", "aéronef hors de contrôle"),
        "debris": Words("falling debris", "chute de débris"),
        "navigation-disturbed": Words("satellite navigation disturbed", "navigation perturbée"),
        "communication-disturbed": Words("radio disturbed", "radio perturbée"),
        "weather": Words("weather", "conditions météorologiques"),
        "volcanic-ash": Words("volcanic ash", "cendres volcaniques"),
        "people-on-the-ground": Words("people on the ground", "personnes au sol"),
        "other": Words("another one (see what to do)", "autre (voir conduite à tenir)"),
    },
    "asks_for": {
        "information": Words("information", "renseignement"),
        "clarification": Words("clarification", "éclaircissement"),
        "call-back": Words("a call back", "rappel"),
        "keep-clear": Words("keeping clear of an area", "maintien à l’écart d’une zone"),
        "change-of-plan": Words("a change of plan", "changement de plan"),
        "assistance": Words("assistance", "assistance"),
        "search-and-rescue": Words("search and rescue", "recherche et sauvetage"),
        "meeting": Words("a meeting", "réunion"),
        "other": Words("something else (see text)", "autre (voir texte)"),
    },
    "answer": {
        "yes": Words("yes", "oui"),
        "no": Words("no", "non"),
        "in-part": Words("in part", "en partie"),
        "unable": Words("unable", "impossible"),
        "later": Words("an answer will follow", "une réponse suivra"),
        "as-follows": Words("as follows", "comme suit"),
    },
    "situation": {
        "collision-risk": Words("risk of collision", "risque d’abordage"),
        "aircraft-in-distress": Words("aircraft in distress", "aéronef en détresse"),
        "communication-lost": Words("radio contact lost", "contact radio perdu"),
        "control-link-lost": Words(
            "control of an unmanned aircraft lost", "liaison de commande perdue"
        ),
        "strayed": Words("aircraft strayed", "aéronef égaré"),
        "emergency-landing": Words("emergency landing", "atterrissage d’urgence"),
        "aircraft-missing": Words("aircraft missing", "aéronef disparu"),
        "other": Words("another one (see text)", "autre (voir texte)"),
    },
    "incident": {
        "near-miss": Words("aircraft passed too close", "passage trop rapproché d’aéronefs"),
        "border-crossed": Words("a border was crossed", "franchissement d’une frontière"),
        "area-entered": Words("an area was entered", "pénétration dans une zone"),
        "unsafe-manoeuvre": Words("unsafe manoeuvre", "manœuvre dangereuse"),
        "dazzling": Words("dazzling light", "éblouissement"),
        "interference": Words("radio or navigation disturbed", "brouillage"),
        "no-answer-on-the-line": Words("no answer on the line", "absence de réponse sur la ligne"),
        "damage": Words("damage", "dommages matériels"),
        "people-harmed": Words("people were harmed", "atteinte à des personnes"),
        "other": Words("something else (see text)", "autre (voir texte)"),
    },
    "purpose": {
        "survey": Words("survey", "levé"),
        "supply": Words("supply", "ravitaillement"),
        "mercy": Words("mercy flight", "vol humanitaire"),
        "rescue": Words("rescue", "sauvetage"),
        "medical-evacuation": Words("medical evacuation", "évacuation sanitaire"),
        "fire-fighting": Words("fire-fighting", "lutte contre le feu"),
        "weather": Words("weather observation", "observation météorologique"),
        "farming": Words("farming", "travail agricole"),
        "transport": Words("transport", "transport"),
        "patrol": Words("patrol", "patrouille"),
        "other": Words("another one (see remarks)", "autre (voir remarques)"),
    },
    "movement": {
        "convoy": Words("convoy", "convoi"),
        "medical-evacuation": Words("medical evacuation", "évacuation sanitaire"),
        "relief-flight": Words("relief flight", "vol de secours"),
        "evacuation": Words("evacuation of people", "évacuation de personnes"),
        "site": Words("place where people are helped", "lieu où des personnes sont secourues"),
    },
    "reason": {
        "ended-early": Words("it ended early", "fin anticipée"),
        "does-not-take-place": Words("it does not take place", "n’a pas lieu"),
        "sent-by-mistake": Words("it was sent by mistake", "envoi par erreur"),
        "other": Words("another one (see text)", "autre (voir texte)"),
    },
}
"""What choices mean, by field and by their value in messages."""

AIRCRAFT: Final[Mapping[str, tuple[Words, Words]]] = {
    "aeroplane": (Words("aeroplane", "avion"), Words("aeroplanes", "avions")),
    "helicopter": (Words("helicopter", "hélicoptère"), Words("helicopters", "hélicoptères")),
    "unmanned": (
        Words("unmanned aircraft", "aéronef sans équipage"),
        Words("unmanned aircraft", "aéronefs sans équipage"),
    ),
    "balloon": (Words("balloon", "ballon"), Words("balloons", "ballons")),
    "airship": (Words("airship", "dirigeable"), Words("airships", "dirigeables")),
    "mixed": (
        Words("aircraft of several kinds", "aéronef de plusieurs types"),
        Words("aircraft of several kinds", "aéronefs de plusieurs types"),
    ),
}
"""One and many."""

REFERENCES: Final[Mapping[str, Words]] = {
    "W84": Words("above the WGS-84 ellipsoid", "au-dessus de l’ellipsoïde WGS-84"),
    "MSL": Words("above mean sea level", "au-dessus du niveau moyen de la mer"),
    "AGL": Words("above the ground", "au-dessus du sol"),
    "STD": Words("(1013.25 hPa)", "(1013,25 hPa)"),
}

LANGUAGES: Final[Mapping[str, Words]] = {
    "ar": Words("in Arabic", "en arabe"),
    "en": Words("in English", "en anglais"),
    "fa": Words("in Persian", "en persan"),
    "fr": Words("in French", "en français"),
    "he": Words("in Hebrew", "en hébreu"),
    "hi": Words("in Hindi", "en hindi"),
    "ko": Words("in Korean", "en coréen"),
    "ru": Words("in Russian", "en russe"),
    "tr": Words("in Turkish", "en turc"),
    "uk": Words("in Ukrainian", "en ukrainien"),
    "ur": Words("in Urdu", "en ourdou"),
    "zh": Words("in Chinese", "en chinois"),
}

URGENCIES: Final[Mapping[str, Words]] = {
    "distress": Words("DISTRESS", "DÉTRESSE"),
    "urgent": Words("URGENT", "URGENT"),
    "routine": Words("routine", "routine"),
}

STATUSES: Final[Mapping[str, Words]] = {
    "actual": Words("actual", "réel"),
    "exercise": Words("EXERCISE", "EXERCICE"),
    "test": Words("TEST", "ESSAI"),
}

YES: Final = Words("yes", "oui")
NO: Final = Words("no", "non")

_TEST_WORDS = """
anchor/ancre apple/pomme autumn/automne basket/panier bell/cloche bird/oiseau boat/bateau
book/livre bottle/bouteille bread/pain bridge/pont button/bouton candle/bougie castle/château
chair/chaise cheese/fromage cherry/cerise chimney/cheminée cloud/nuage coffee/café copper/cuivre
cotton/coton curtain/rideau desert/désert door/porte eagle/aigle feather/plume field/champ
flower/fleur forest/forêt fountain/fontaine garden/jardin glass/verre hammer/marteau harbour/port
hat/chapeau honey/miel horse/cheval island/île jacket/veste key/clé ladder/échelle lake/lac
lamp/lampe leaf/feuille lemon/citron market/marché meadow/prairie milk/lait mirror/miroir moon/lune
mountain/montagne needle/aiguille orchard/verger pencil/crayon pillow/oreiller pocket/poche
rain/pluie river/rivière salt/sel shoe/chaussure spring/printemps table/table window/fenêtre
"""
TEST_WORDS: Final[Mapping[str, Words]] = {
    english: Words(english, french)
    for english, french in (pair.split("/") for pair in _TEST_WORDS.split())
}
"""Words of test calls: plain, in both languages, and none that could be taken for news."""
