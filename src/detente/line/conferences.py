"""What a party may state next in a conference, as far as it knows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from detente.record import Draft, Reference

from .conference_contents import (
    KIND_OF,
    AgendaItem,
    Attendance,
    Closing,
    Content,
    Convocation,
    Dissent,
    Fate,
    Minutes,
    MinutesDocument,
    MinutesSignature,
    Person,
    Proposal,
    ProposalFate,
    ProposalName,
    Text,
    Title,
)
from .conference_statements import (
    body_of,
    check_content,
    conference_channel,
)
from .known_conferences import ConferenceRefused, KnownConference
from .minutes import draft_minutes


@dataclass(frozen=True, slots=True)
class Conference(KnownConference):
    """A conference as one party knows it, and what that party may state in it next."""

    def revise(
        self,
        *,
        begins: str | None = None,
        ends: str | None = None,
        title: Title | None = None,
        purpose: Text | None = None,
        dial_in: str | None = None,
        agenda: Sequence[AgendaItem] | None = None,
    ) -> Convocation:
        """We host it, and change what is given; the rest stays.

        Raises:
            ConferenceRefused: we do not host it, or it is closed.
        """
        self._check_host()
        now = self.convocation
        return Convocation(
            conference=self.id,
            number=now.number + 1 + self.erased,
            room=now.room,
            title=title or now.title,
            purpose=purpose or now.purpose,
            begins=begins or now.begins,
            ends=ends or (now.ends if begins is None else None),
            dial_in=dial_in or now.dial_in,
            agenda=now.agenda if agenda is None else list(agenda),
            parties=now.parties,
        )

    def attend(self, people: Sequence[Person], text: Text | None = None) -> Attendance:
        """These of our own people take part, from now on.

        Raises:
            ConferenceRefused: we have declined.
        """
        self._check_taking_part(attending=False)
        if not people:
            raise ConferenceRefused("Name at least one of our people.", where="people")
        return Attendance(
            conference=self.id,
            number=self._next(Attendance),
            state="attending",
            people=list(people),
            text=text,
        )

    def decline(self, text: Text | None = None) -> Attendance:
        """We do not take part, and shall be told nothing more of it.

        Raises:
            ConferenceRefused: we host it, or have attended or declined.
        """
        self._check_taking_part(attending=False)
        if self.me == self.host or self.attendance[self.me].state == "attending":
            raise ConferenceRefused(
                "Who attends or hosts a conference cannot decline it.",
                where=self.id,
                advice="The host closes it; whoever attended says so in the minutes, or dissents.",
            )
        return Attendance(
            conference=self.id, number=self._next(Attendance), state="declined", text=text
        )

    def propose(self, title: Title, text: Text, item: str | None = None) -> Proposal:
        """We propose something.

        Raises:
            ConferenceRefused: we do not attend, it is closed, or there is no such item.
        """
        self._check_taking_part()
        self._check_open()
        if item is not None and item not in {each.item for each in self.convocation.agenda}:
            raise ConferenceRefused("The agenda has no such item.", where=item[:40])
        return Proposal(
            conference=self.id, number=self._next(Proposal), item=item, title=title, text=text
        )

    def judge(
        self, label: str, fate: Fate, text: Text | None = None, until: str | None = None
    ) -> ProposalFate:
        """We say what becomes of a proposal, as far as we are concerned.

        Raises:
            ConferenceRefused: we do not attend, or it is not ours to say that.
            NoSuchConference: there is no such proposal.
        """
        self._check_taking_part()
        about = self.proposal(label)
        if (fate == "withdrawn") != (about.by.party == self.me):
            raise ConferenceRefused(
                "A party withdraws its own proposals, and judges those of others.", where=label
            )
        if until is not None and fate != "deferred":
            raise ConferenceRefused("Only what is deferred is deferred until a time.", where=label)
        own = about.stances.get(self.me)
        return ProposalFate(
            conference=self.id,
            number=(0 if own is None else own.content.number) + 1 + self.erased,
            proposal=about.name,
            fate=fate,
            text=text,
            until=until,
        )

    def draft_minutes(
        self,
        *,
        texts: Mapping[str, Text] | None = None,
        decisions: Sequence[Text] = (),
        remarks: Text | None = None,
        replaces: str | None = None,
    ) -> MinutesDocument:
        """The minutes as the record has the conference, with what was said to each item.

        Raises:
            ConferenceRefused: nobody has stated that he attends, or there is no such item.
            NoSuchConference: there are no minutes that they could replace.
        """
        if not self.attending:
            raise ConferenceRefused("Nobody has attended.", where=self.id)
        unknown = set(texts or ()) - {each.item for each in self.convocation.agenda}
        if unknown:
            raise ConferenceRefused("The agenda has no such item.", where=min(unknown)[:40])
        return draft_minutes(
            self.convocation,
            self.host,
            self.status,
            self.people,
            self.proposals,
            self.closing,
            texts=texts,
            decisions=decisions,
            remarks=remarks,
            replaces=None if replaces is None else self.minutes_of(replaces).sha256,
        )

    def put_forward(self, document: MinutesDocument) -> Minutes:
        """We put a text of the minutes forward.

        Raises:
            ConferenceRefused: we do not attend, or it is of another conference or status.
        """
        self._check_taking_part()
        if (document.conference, document.host, document.status) != (
            self.id,
            self.host,
            self.status,
        ):
            raise ConferenceRefused("They are of another conference.", where=document.conference)
        return Minutes(conference=self.id, number=self._next(Minutes), document=document)

    def sign(self, sha256: str) -> tuple[MinutesSignature, Reference]:
        """We sign the minutes of this hash; by an officer's key. Also gives what it refers to.

        Raises:
            ConferenceRefused: we do not attend, or have signed them.
            NoSuchConference: there are none of this hash.
        """
        self._check_taking_part()
        minutes = self.minutes_of(sha256)
        for line in minutes.lines:
            if line.party == self.me and line.by is not None:
                raise ConferenceRefused(
                    f"{line.officer} has signed them for us.", where=minutes.sha256
                )
        put = minutes.put_forward[0]
        return (
            MinutesSignature(conference=self.id, document=minutes.sha256),
            Reference(put.id, "minutes", bytes.fromhex(put.sha256)),
        )

    def dissent(
        self, text: Text, *, minutes: str | None = None, proposal: str | None = None
    ) -> Dissent:
        """We note what we do not agree with; by an officer's key.

        Raises:
            ConferenceRefused: we do not attend.
            NoSuchConference: there are no such minutes, or no such proposal.
        """
        self._check_taking_part()
        name: ProposalName | None = None if proposal is None else self.proposal(proposal).name
        return Dissent(
            conference=self.id,
            number=self._next(Dissent),
            text=text,
            document=None if minutes is None else self.minutes_of(minutes).sha256,
            proposal=name,
        )

    def close(self, ended: str, text: Text | None = None) -> Closing:
        """We host it, and it has ended.

        Raises:
            ConferenceRefused: we do not host it, or it is closed.
        """
        self._check_host()
        return Closing(conference=self.id, ended=ended, text=text)

    def draft(self, content: Content, *refs: Reference) -> Draft:
        """The entry that states it, addressed to all who take part.

        Raises:
            ConferenceRefused: everybody else has declined.
            StatementMalformed: it is not what such an entry may say.
        """
        check_content(content, self.me)
        if not self.audience:
            raise ConferenceRefused("Every other party has declined.", where=self.id)
        return Draft(
            KIND_OF[type(content)],
            conference_channel(self.id, {self.me, *self.audience}),
            self.audience,
            body_of(content),
            refs,
            status=self.status,
        )

    def _next(self, form: type[Content]) -> int:
        own = (
            each.number
            for each in (*self.statements, *self.ignored)
            if each.by.party == self.me and isinstance(each.content, form)
        )
        return max(own, default=0) + 1 + self.erased

    def _check_host(self) -> None:
        if self.me != self.host:
            raise ConferenceRefused(f"Only {self.host} hosts it.", where=self.id)
        self._check_open()

    def _check_open(self) -> None:
        if self.closing is not None:
            raise ConferenceRefused("This conference has been closed.", where=self.id)

    def _check_taking_part(self, *, attending: bool = True) -> None:
        mine = self.attendance.get(self.me)
        if mine is None or mine.state == "declined":
            raise ConferenceRefused("We do not take part in it.", where=self.id)
        if attending and mine.state != "attending":
            raise ConferenceRefused(
                "We have not stated who of our people attends.",
                where=self.id,
                advice="State our attendance first.",
            )
