"""Blocking, muting and removing a follower on a profile, and the lists of both in the settings."""

from collections.abc import Callable

import pytest

from deploy.tests.journeys.person import Person
from deploy.tests.journeys.responses import answer

from .conftest import Opened
from .window import expect

pytestmark = pytest.mark.browser
WORDS = {
    "en": {
        "menu": "More about this person", "block": "Block", "blocked": "You have blocked this person.",
        "unblock": "Unblock Max Frisch", "mute": "Mute", "muted": "Your feed leaves out Max Frisch.",
        "unmute": "Unmute Max Frisch", "remove": "Remove follower", "removed": "Max Frisch follows you no longer.",
        "message": "Message", "nobody blocked": "You have blocked nobody", "nobody muted": "You have muted nobody",
    },
    "ko": {
        "menu": "이 사람에 대해 더 보기", "block": "차단", "blocked": "차단한 사용자입니다.",
        "unblock": "Max Frisch 님 차단 해제", "mute": "숨기기",
        "muted": "피드에 Max Frisch 님의 게시물이 나타나지 않습니다.",
        "unmute": "Max Frisch 님 숨기기 해제", "remove": "팔로워 삭제",
        "removed": "Max Frisch 님이 더 이상 팔로우하지 않습니다.",
        "message": "메시지", "nobody blocked": "차단한 사람이 없습니다", "nobody muted": "숨긴 사람이 없습니다",
    },
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "ko"])
def test_person_is_muted_removed_and_blocked_on_the_profile_and_back_in_the_settings(
    opened: Opened, newcomer: Callable[..., Person], language: str
) -> None:
    jo, max_, words = newcomer(), newcomer(name="Max Frisch"), WORDS[language]
    answer(max_.follow(jo.id))
    max_.posted("seen")
    window = opened(language=language)
    window.log_in(jo, f"/login?next=/@{max_.nickname}")
    expect(window.heading("Max Frisch")).to_be_visible()
    window.menu(words["menu"], words["mute"])
    window.says(words["muted"])
    window.menu(words["menu"], words["remove"])
    window.says(words["removed"])
    window.menu(words["menu"], words["block"])
    window.confirm(words["block"])
    expect(window.page.get_by_text(words["blocked"])).to_be_visible()
    expect(window.button(words["message"])).to_have_count(0)
    relation = answer(jo.send("GET", f"/relations?user_ids={max_.id}"))["items"][0]
    assert (relation["blocking"], relation["muting"], relation["followed_by"]) == (True, True, False)

    window.open("/settings/blocks")
    window.button(words["unblock"]).click()
    expect(window.heading(words["nobody blocked"])).to_be_visible()
    window.open("/settings/mutes")
    window.button(words["unmute"]).click()
    expect(window.heading(words["nobody muted"])).to_be_visible()
    window.open(f"/@{max_.nickname}")
    expect(window.button(words["message"])).to_be_visible()
