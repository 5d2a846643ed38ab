"""A message to one recipient, and its form on the wire (RFC 5322)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from shared import clock, ids


@dataclass(frozen=True, slots=True)
class Mail:
    """What a recipient reads: plain text, and the same as HTML."""

    recipient: str
    """An address; its domain in ASCII unless the part before the @ needs SMTPUTF8 (RFC 6531)."""
    language: str
    """Of the texts (RFC 5646)."""
    subject: str
    text: str
    html: str


def wire_form(mail: Mail, sender: str, mail_id: int, created_at: int) -> bytes:
    """The message with both parts.

    A repetition has the same Message-ID and Date: mail servers recognise it as the same message.
    """
    message = EmailMessage(policy=SMTP if mail.recipient.isascii() else SMTPUTF8)
    message["From"] = sender
    message["To"] = mail.recipient
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(datetime.fromtimestamp(created_at // clock.SECOND, UTC))
    message["Message-ID"] = f"<{ids.encode(mail_id)}@{domain_of(sender)}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nothing answers it automatically
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    message["Content-Language"] = mail.language  # last: setting the content removes such headers
    return message.as_bytes()


def domain_of(sender: str) -> str:
    """The domain of an address, which may have a display name before it."""
    return sender.rpartition("@")[2].rstrip("> ")
