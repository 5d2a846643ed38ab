"""The messages to the owner of an account, in Korean and English, as plain text and as HTML.

No message quotes a name that somebody chose: anybody can sign up with the address of somebody else.
"""

from dataclasses import dataclass
from html import escape
from typing import Any

from shared.mail.message import Mail

LANGUAGES = ("ko", "en")
DEFAULT_LANGUAGE = "en"

CONFIRMATION, RESET, NEW_LOGIN = "email_confirmation", "password_reset_link", "new_login"

_HTML = """<!doctype html>
<html lang="{language}">
<head><meta charset="utf-8"><title>{subject}</title></head>
<body style="margin:0;padding:24px;font-family:sans-serif;font-size:16px;line-height:1.5;color:#1c1c1e">
<div style="max-width:32em;margin:0 auto">
{paragraphs}
</div>
</body>
</html>
"""
_PARAGRAPH = "<p>{text}</p>"
_LINK = '<p><a href="{url}" style="color:#0a58ca;overflow-wrap:anywhere">{url}</a></p>'
_CODE = '<p style="font-size:28px;letter-spacing:4px"><strong>{code}</strong></p>'


@dataclass(frozen=True, slots=True)
class _Template:
    subject: str
    before: str = ""
    after: str = ""


_TEXTS: dict[str, dict[str, _Template]] = {
    "en": {
        CONFIRMATION: _Template(
            "Confirm your email address",
            "Please confirm that this address is yours. Open this link, which is valid for 24 hours:",
            "Or enter this code in the settings of Shutter:\n\n{code}\n\n"
            "If you have not signed up at Shutter, ignore this message.",
        ),
        RESET: _Template(
            "Set a new password",
            "Somebody asked for a new password of your account at Shutter. "
            "Open this link to set one. It is valid for 30 minutes and works once:",
            "If it was not you, ignore this message: your password stays as it is.",
        ),
        "password_changed": _Template(
            "Your password was changed", "The password of your account at Shutter was changed.{origin}"
        ),
        "password_reset": _Template(
            "Your password was changed",
            "A new password was set with a link that was sent to this address. All sessions were ended.{origin}",
        ),
        "second_factor_added": _Template(
            "Two-step login was turned on", "Two-step login was turned on for your account at Shutter.{origin}"
        ),
        "second_factor_removed": _Template(
            "Two-step login was turned off", "Two-step login was turned off for your account at Shutter.{origin}"
        ),
        "passkey_added": _Template("Passkey added", "A passkey was added to your account at Shutter.{origin}"),
        "passkey_removed": _Template("Passkey removed", "A passkey was removed from your account at Shutter.{origin}"),
        "identity_linked": _Template(
            "Sign-in provider connected", "Your account at Shutter can now be entered with another provider.{origin}"
        ),
        "identity_unlinked": _Template(
            "Sign-in provider disconnected",
            "Your account at Shutter can no longer be entered with a provider that was connected.{origin}",
        ),
        NEW_LOGIN: _Template(
            "New login to your account", "Somebody logged in to your account at Shutter on a new device.{origin}"
        ),
        "origin": _Template("", "\n\nTime: {time}\nAddress: {ip}{device}"),
        "device": _Template("", "\nDevice: {device}"),
        "warning": _Template(
            "", "If it was not you, set a new password now, and look at the sessions in the settings:"
        ),
    },
    "ko": {
        CONFIRMATION: _Template(
            "이메일 주소를 확인해 주세요",
            "이 주소가 본인의 주소인지 확인해 주세요. 아래 링크를 열면 됩니다. 링크는 24시간 동안 유효합니다:",
            "또는 Shutter 설정에서 이 코드를 입력하세요:\n\n{code}\n\n"
            "Shutter에 가입한 적이 없다면 이 메일을 무시하세요.",
        ),
        RESET: _Template(
            "새 비밀번호 설정",
            "Shutter 계정의 새 비밀번호를 설정해 달라는 요청을 받았습니다. "
            "아래 링크에서 설정하세요. 링크는 30분 동안 유효하며 한 번만 쓸 수 있습니다:",
            "요청한 적이 없다면 이 메일을 무시하세요. 비밀번호는 그대로입니다.",
        ),
        "password_changed": _Template("비밀번호가 변경되었습니다", "Shutter 계정의 비밀번호가 변경되었습니다.{origin}"),
        "password_reset": _Template(
            "비밀번호가 변경되었습니다",
            "이 주소로 보낸 링크를 통해 새 비밀번호가 설정되었습니다. 모든 기기에서 로그아웃되었습니다.{origin}",
        ),
        "second_factor_added": _Template(
            "2단계 로그인이 켜졌습니다", "Shutter 계정의 2단계 로그인이 켜졌습니다.{origin}"
        ),
        "second_factor_removed": _Template(
            "2단계 로그인이 꺼졌습니다", "Shutter 계정의 2단계 로그인이 꺼졌습니다.{origin}"
        ),
        "passkey_added": _Template("패스키가 추가되었습니다", "Shutter 계정에 패스키가 추가되었습니다.{origin}"),
        "passkey_removed": _Template("패스키가 제거되었습니다", "Shutter 계정에서 패스키가 제거되었습니다.{origin}"),
        "identity_linked": _Template(
            "외부 계정이 연결되었습니다", "이제 외부 계정으로 Shutter 계정에 로그인할 수 있습니다.{origin}"
        ),
        "identity_unlinked": _Template(
            "외부 계정 연결이 해제되었습니다", "연결을 해제한 외부 계정으로는 더 이상 로그인할 수 없습니다.{origin}"
        ),
        NEW_LOGIN: _Template("새 기기에서 로그인했습니다", "새 기기에서 Shutter 계정에 로그인했습니다.{origin}"),
        "origin": _Template("", "\n\n시각: {time}\n주소: {ip}{device}"),
        "device": _Template("", "\n기기: {device}"),
        "warning": _Template("", "본인이 아니라면 지금 새 비밀번호를 설정하고, 설정에서 로그인된 기기를 확인하세요:"),
    },
}
_DECISIONS: dict[str, dict[str, _Template]] = {
    "en": {
        "suspended": _Template(
            "Your account was suspended",
            "Your account at Shutter was suspended. Nobody can see it or log in to it. Nothing was deleted.",
        ),
        "reinstated": _Template(
            "Your account is open again", "The suspension of your account at Shutter was lifted. You can log in again."
        ),
        "approved": _Template("Your account is open", "Your account at Shutter was approved. You can log in now."),
        "content_removed": _Template(
            "{kind} of yours was removed", "{kind} of yours of {made_on} (UTC) was removed from Shutter."
        ),
        "reason": _Template("", "Reason: {reason}"),
        "post": _Template("A post"),
        "comment": _Template("A comment"),
        "message": _Template("A message"),
        "spam": _Template("spam"),
        "harassment": _Template("harassment"),
        "nudity": _Template("nudity"),
        "violence": _Template("violence"),
        "illegal": _Template("against the law"),
        "other": _Template("against the rules"),
    },
    "ko": {
        "suspended": _Template(
            "계정이 정지되었습니다",
            "Shutter 계정이 정지되었습니다. 계정은 다른 사람에게 보이지 않고 로그인할 수 없습니다. "
            "삭제된 것은 없습니다.",
        ),
        "reinstated": _Template(
            "계정 정지가 해제되었습니다", "Shutter 계정의 정지가 해제되었습니다. 다시 로그인할 수 있습니다."
        ),
        "approved": _Template("가입이 승인되었습니다", "Shutter 가입이 승인되었습니다. 이제 로그인할 수 있습니다."),
        "content_removed": _Template("{kind} 삭제되었습니다", "Shutter에 {made_on}(UTC)에 올린 {kind} 삭제되었습니다."),
        "reason": _Template("", "사유: {reason}"),
        "post": _Template("게시물이"),
        "comment": _Template("댓글이"),
        "message": _Template("메시지가"),
        "spam": _Template("스팸"),
        "harassment": _Template("괴롭힘"),
        "nudity": _Template("노출"),
        "violence": _Template("폭력"),
        "illegal": _Template("불법"),
        "other": _Template("규칙 위반"),
    },
}
DECISIONS = frozenset({"suspended", "reinstated", "approved", "content_removed"})
"""The messages about what a moderator has decided, by the actions of the log of moderation."""
NOTICES = frozenset(_TEXTS["en"]) - {CONFIRMATION, RESET, "origin", "device", "warning"}
"""The messages about something that was done with an account."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a moderator has decided: about something of this kind and date, and why."""

    kind: str
    made_on: str
    category: str | None
    reason: str | None


def decision(recipient: str, language: str, action: str, about: Decision) -> Mail:
    """What was decided about the account or something that it has made."""
    texts = _DECISIONS[language]
    values = {"kind": texts[about.kind].subject if about.kind in texts else "", "made_on": about.made_on}
    paragraphs = [texts[action].before.format(**values)]
    if about.category:
        paragraphs.append(texts["reason"].before.format(reason=texts[about.category].subject))
    if about.reason:
        # In one line: a paragraph of digits or of a link would look like a code or a link of ours.
        told = " ".join(about.reason.split())
        paragraphs.append(f"“{told}”" if about.category else texts["reason"].before.format(reason=told))
    return _written(recipient, language, texts[action].subject.format(**values), paragraphs)


def confirmation(recipient: str, language: str, url: str, code: str) -> Mail:
    """The link and the code that confirm an address."""
    return _mail(recipient, language, CONFIRMATION, url, code=code)


def reset(recipient: str, language: str, url: str) -> Mail:
    """The link that sets a new password."""
    return _mail(recipient, language, RESET, url)


def notice(recipient: str, language: str, kind: str, url: str, **origin: str | None) -> Mail:
    """What was done; `origin` is its time, and if they are known the address and the device."""
    texts = _TEXTS[language]
    device = origin["device"]
    told = texts["device"].before.format(device=device) if device else ""
    where = texts["origin"].before.format(time=origin["time"], ip=origin["ip"] or "–", device=told)
    template = texts[kind]
    parts = [*template.before.format(origin=where).split("\n\n"), texts["warning"].before, url]
    return _written(recipient, language, template.subject, parts)


def _mail(recipient: str, language: str, kind: str, url: str, **values: Any) -> Mail:
    template = _TEXTS[language][kind]
    return _written(recipient, language, template.subject, [template.before, url, *_paragraphs(template.after, values)])


def _paragraphs(text: str, values: dict[str, Any]) -> list[str]:
    return text.format(**values).split("\n\n")


def _written(recipient: str, language: str, subject: str, paragraphs: list[str]) -> Mail:
    html = "\n".join(_as_html(each) for each in paragraphs)
    return Mail(
        recipient=recipient,
        language=language,
        subject=f"[Shutter] {subject}",
        text="\n\n".join(paragraphs) + "\n",
        html=_HTML.format(language=language, subject=escape(subject), paragraphs=html),
    )


def _as_html(paragraph: str) -> str:
    if paragraph.isdecimal():
        return _CODE.format(code=paragraph)
    if paragraph.startswith(("http://", "https://")):
        return _LINK.format(url=escape(paragraph))
    return _PARAGRAPH.format(text=escape(paragraph).replace("\n", "<br>"))
